"""What the pages of one application work with: handed in when it is made, found again through the request."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from sqlalchemy import select

from engine.clock import Clock, SystemClock
from engine.database import Database
from engine.ids import Ids, TimeOrderedIds
from processes.organisation.models import Person
from processes.organisation.passwords import Passwords
from processes.wiring import Areas
from web.settings import Settings

_KEY = "eiso"


@dataclass(frozen=True)
class DemoLogin:
    """A log-in that the login page of the demo offers; never on a database that is used in earnest."""

    name: str
    login: str
    title: str
    does: str


@dataclass(frozen=True)
class Demo:
    """What the login page of the demo shows."""

    password: str
    logins: tuple[DemoLogin, ...]


@dataclass(frozen=True)
class Services:
    """The parts that an application was made of."""

    settings: Settings
    database: Database
    areas: Areas | None = None
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=TimeOrderedIds)
    passwords: Passwords = field(default_factory=Passwords)
    demo: Demo | None = None

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.zone

    def name_of(self, person_id: int) -> str | None:
        """The name of a person, for sentences such as "{by} đã nhận việc này"."""
        with self.database.reading() as connection:
            name: str | None = connection.scalar(select(Person.full_name).where(Person.id == person_id))
            return name


def install(app: Flask, made_of: Services) -> None:
    app.extensions[_KEY] = made_of


def services() -> Services:
    """The parts of the application that answers this request."""
    found: Services = current_app.extensions[_KEY]
    return found

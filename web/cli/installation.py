"""The installation that a command works on: its settings, its database, who acts, and what is asked of the person at the keyboard."""

import getpass
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine.actor import Actor
from engine.clock import Clock, SystemClock
from engine.database import Database
from engine.errors import UnavailableError
from engine.ids import Ids, TimeOrderedIds
from web.settings import Settings, read_settings


@dataclass(frozen=True, slots=True)
class Installation:
    """What the environment of this command names."""

    settings: Settings
    database: Database
    clock: Clock
    ids: Ids
    actor: Actor


@contextmanager
def installation(*, migrated: bool = True) -> Iterator[Installation]:
    """Open the installation that the environment names, and close its database afterwards.

    Raises: UnavailableError (database_not_ready) when it should be migrated and is not; InvalidError for settings that cannot be used.
    """
    from web.schema import is_current  # alembic takes a while to load: only here

    settings = read_settings()
    database = Database(settings.database_url)
    if database.dialect == "sqlite" and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        if migrated and not is_current(database):
            raise UnavailableError("The database is not prepared for this version; run `eiso init` first.", code="database_not_ready")
        yield Installation(settings, database, SystemClock(), TimeOrderedIds(), command_line_actor())
    finally:
        database.dispose()


def command_line_actor() -> Actor:
    """Whoever runs commands on the machine itself may do anything; the trace names their account."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, in a container
        account = "unknown"
    return Actor(person_id=None, label=f"cli:{account}", is_system=True)


def ask_password(login: str) -> str:
    """A password typed twice without being shown; from a pipe, the first line of standard input."""
    if sys.stdin.isatty():
        typed: str = click.prompt(f"Password for {login}", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    line = sys.stdin.readline()
    if not line:
        raise click.UsageError("The password is read from standard input, which is empty.")
    return line.rstrip("\r\n")


def print_result(result: Mapping[str, Any], sentence: str, *, as_json: bool) -> None:
    """One line for people, or the facts for programs."""
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else sentence)

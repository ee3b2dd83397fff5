"""The processes that are killed: schedulers that sweep and number the trace, officers who do whatever officers may do.

Each leaves behind, outside the database, what it was doing when it died (a number in shared memory) and what it had been told was
committed (a line in a journal, written the moment after).
"""

import os
import random
import re
import time
import traceback
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

import engine.sweep
from engine.catchingup import CaughtUp, catch_up
from engine.database import Database
from engine.errors import EngineError
from engine.ids import TimeOrderedIds
from engine.loading import OPEN
from engine.sweep import sweep
from engine.tables import instances, steps
from engine.trace.sequencing import sequence
from processes import wiring
from tests.commune import Commune
from tests.integration.lives import Lives
from tests.office import Office
from tests.resilience.racingclock import RacingClock

IDLE, BEAT, RECORDING = "between", "heartbeat", "sweep"
DOING = (
    IDLE,
    BEAT,
    RECORDING,
    "sequence",
    "accept",
    "work",
    "ask",
    "receive",
    "refuse",
    "withdraw",
    "return_result",
    "change_calendar",
    "close_nonconformities",
)
MOST_OPEN = 40  # dossiers; the doctor reads everything after every kill
THINKS = 0.02  # seconds at most, for the same reason
TROUBLE = "TROUBLE "


@dataclass(frozen=True)
class Site:
    """Where all workers work."""

    url: str
    commune: Commune
    people: dict[int, list[int]]
    codes: tuple[str, ...]
    clock: RacingClock


class Watched(Database):
    """Shows what its process is doing for as long as a writing transaction is open, its commit included."""

    def __init__(self, url: str, cells: MutableSequence[int], index: int) -> None:
        super().__init__(url)
        self.doing = IDLE
        self._cells, self._index = cells, index

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self.show(self.doing)
        try:
            with super().writing() as connection:
                yield connection
        finally:
            self.show(IDLE)

    def show(self, doing: str) -> None:
        self._cells[self._index] = DOING.index(doing)


class Journal:
    """Lines that outlive the process; each is written at once."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def tell(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())

    def trouble(self) -> None:
        """What may not happen to a worker, on one line."""
        self.tell(TROUBLE + traceback.format_exc().replace("\n", " | "))


class Officer(Lives):
    """Does random work; what it tells goes to the journal."""

    journal: Journal
    sick: frozenset[str] = frozenset()

    def tell(self, what: str) -> None:
        self.journal.tell(what)

    def accept(self) -> None:
        with self.office.database.reading() as connection:
            mine = instances.c.agency_id == self.office.commune.agency_id
            running = connection.execute(select(func.count()).where(mine, instances.c.status == "running")).scalar_one()
        if running < MOST_OPEN:
            super().accept()

    def _pick_step(self) -> dict[str, Any] | None:
        with self.office.database.reading() as connection:
            query = select(steps).where(steps.c.status.in_(OPEN), steps.c.agency_id.in_(list(self.people)))
            found = [dict(row) for row in connection.execute(query.order_by(steps.c.id)).mappings()]
        return self.dice.choice(found) if found else None


def officer(site: Site, index: int, seed: int, cells: MutableSequence[int], journal: Path) -> None:
    """Work for ever; an exception that is no refusal is told as trouble."""
    database, parent = Watched(site.url, cells, index), os.getppid()
    office = _office(site, database)
    self = Officer(office, random.Random(seed), site.codes, people=site.people)
    self.journal = Journal(journal)
    weights = {
        "accept": 10,
        "work": 50,
        "ask": 3,
        "receive": 6,
        "refuse": 0.5,
        "withdraw": 0.5,
        "return_result": 6,
        "change_calendar": 0.3 if index % 2 else 0,
        "close_nonconformities": 2,
    }
    while os.getppid() == parent and cells[-1] == 0:
        time.sleep(self.dice.uniform(0, THINKS))
        database.doing = self.dice.choices(list(weights), list(weights.values()))[0]
        try:
            getattr(self, database.doing)()
        except EngineError:
            pass  # refused; that changes nothing, as the doctor finds
        except IntegrityError as error:
            _collided(office, self.journal, error)
        except Exception:  # noqa: BLE001  # told to the one who watches
            self.journal.trouble()
    database.dispose()


def scheduler(site: Site, index: int, seed: int, cells: MutableSequence[int], journal: Path) -> None:
    """Sweep and number for ever, as web.scheduler does, without its pauses."""
    database, parent, told = Watched(site.url, cells, index), os.getppid(), Journal(journal)
    office = _office(site, database)
    _tell_recording_from_beating(database)
    while os.getppid() == parent and cells[-1] == 0:
        try:
            database.doing = BEAT
            for error in sweep(database, office.areas.engine).errors:
                told.tell(f"{TROUBLE}parked {error}")
            database.doing = "sequence"
            with database.writing() as connection:
                sequence(connection)
        except Exception:  # noqa: BLE001  # told to the one who watches
            told.trouble()
    database.dispose()


def _tell_recording_from_beating(database: Watched) -> None:
    """Most transactions of a sweep that comes so often only say that there was nothing; those that record something are shown as such."""

    def recording(*arguments: Any, **named: Any) -> CaughtUp:
        database.show(RECORDING)
        return catch_up(*arguments, **named)

    engine.sweep.catch_up = recording  # type: ignore[attr-defined]  # in this process alone


def _office(site: Site, database: Database) -> Office:
    """The commune, told the time by the fast clock, with ids of this process."""
    ids = TimeOrderedIds()
    commune = replace(site.commune, clock=site.clock, ids=ids)  # type: ignore[arg-type]  # it asks its clock for the time alone
    return Office(database, commune, wiring.build(clock=site.clock, ids=ids))


def _collided(office: Office, journal: Journal, error: IntegrityError) -> None:
    """Two processes drew the same node for their ids: the accepted cost of engine.ids. Anything else is trouble."""
    if re.search(r'"pk_|failed: \w+\.id\b', str(error.orig)):
        office.commune.ids.redraw()
        journal.tell("collided")
    else:
        journal.trouble()

"""Operations that stop where they are told: each in a thread and connection of its own, let go point by point in a chosen order.

Points: before anything, once it has its lock, when everything is decided and about to be written, when all is written and about to be
committed. Whoever waits in the database for a lock is found waiting there, and the order goes on with the others.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, text

import engine.catchingup
import engine.operations
import engine.recounting
import processes.dossiers.operations
from engine.database import Database

LOCKED, WRITING, COMMITTING = "locked", "writing", "committing"
SEGMENTS = 4  # from the beginning to the lock, to the writing, to the commit, to the end
PATIENCE = 30.0  # seconds; PostgreSQL itself finds a deadlock after one

Act = Callable[[Database], Any]


@dataclass(eq=False)
class Part:
    """One operation, and how far it has come."""

    name: str
    act: Act
    result: Any = None
    error: Exception | None = None
    is_done: bool = False
    backend: int | None = None
    reached: list[str] = field(default_factory=list)
    waited: bool = False  # for a lock, at least once
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, database: Database) -> None:
        _here.part = self
        self._stop()
        try:
            self.result = self.act(database)
        except Exception as error:  # noqa: BLE001  # judged by the one who let it run
            self.error = error
        self.is_done = True
        self._stopped.set()

    def reach(self, point: str) -> None:
        """Stop here, the first time that this point is reached."""
        if point not in self.reached:
            self.reached.append(point)
            self._stop()

    def _stop(self) -> None:
        self._stopped.set()
        self._go.acquire()

    def let_go(self) -> None:
        """To its next point."""
        if not self.is_done and self._stopped.is_set():
            self._stopped.clear()
            self._go.release()

    def has_stopped(self, seconds: float) -> bool:
        return self._stopped.wait(seconds)


_here = threading.local()


class PausingDatabase(Database):
    """Tells which backend an operation has, and stops it before its commit."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            part: Part | None = getattr(_here, "part", None)
            if part is not None:
                part.backend = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
            yield connection
            _pause(COMMITTING)


def _pause(point: str) -> None:
    part: Part | None = getattr(_here, "part", None)
    if part is not None:
        part.reach(point)


def _before(point: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def pausing(*arguments: Any, **named: Any) -> Any:
        _pause(point)
        return function(*arguments, **named)

    return pausing


def _after(point: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def pausing(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        _pause(point)
        return result

    return pausing


@contextmanager
def pauses() -> Iterator[None]:
    """Put the points into the engine. Threads that play no part pass through them."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, wrap, point in (
            (engine.operations, "take", _after, LOCKED),
            (engine.operations, "locked", _after, LOCKED),
            (engine.operations, "lock_instance", _after, LOCKED),
            (engine.operations, "save", _before, WRITING),
            (engine.catchingup, "open_steps", _before, LOCKED),
            (engine.catchingup, "save", _before, WRITING),
            (engine.recounting, "open_steps", _before, LOCKED),
            (engine.recounting, "save", _before, WRITING),
            (processes.dossiers.operations, "take_numbers", _after, LOCKED),  # what an acceptance locks first
        ):
            patch.setattr(module, name, wrap(point, getattr(module, name)))
        yield


def play(database: Database, parts: Sequence[Part], order: Sequence[int]) -> None:
    """Run all parts; the order names which of them goes on to its next point."""
    threads = [threading.Thread(target=part.run, args=(database,), daemon=True) for part in parts]
    for thread, part in zip(threads, parts, strict=True):
        thread.start()
        part.has_stopped(PATIENCE)
    with database.sql.connect().execution_options(isolation_level="AUTOCOMMIT") as monitor:
        for index in order:
            if not _is_waiting(monitor, parts[index]):
                parts[index].let_go()
                _await(monitor, parts[index])
    until = time.monotonic() + PATIENCE
    while not all(part.is_done for part in parts):
        for part in parts:
            part.let_go()
        time.sleep(0.001)
        if time.monotonic() > until:
            raise TimeoutError(f"{[(part.name, part.reached) for part in parts if not part.is_done]} did not come to an end")
    for thread in threads:
        thread.join()


def _await(monitor: Connection, part: Part) -> None:
    """Until it stops at a point, comes to its end, or waits for a lock."""
    until = time.monotonic() + PATIENCE
    while not part.has_stopped(0.003) and time.monotonic() < until:
        if _is_waiting(monitor, part):
            part.waited = True
            return


def _is_waiting(monitor: Connection, part: Part) -> bool:
    if part.has_stopped(0) or part.backend is None:
        return False
    query = text("select wait_event_type from pg_stat_activity where pid = :pid")
    return monitor.execute(query, {"pid": part.backend}).scalar() == "Lock"

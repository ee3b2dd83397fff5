"""The scheduler: deadlines are watched by themselves, and no failure stops that."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.database import Database
from engine.queries import last_sweep
from engine.tables import trace_entries, trace_leaves
from tests.office import Office, open_office
from web import scheduler as module
from web.scheduler import Scheduler


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at("2026-11-20T08:00")


def wait_for(what: Callable[[], Any]) -> bool:
    """Whether it comes true within ten seconds; mostly at once."""
    for _ in range(200):
        if what():
            return True
        time.sleep(0.05)
    return False


class TestScheduler:
    def test_sweeps_and_numbers_the_trace_as_soon_as_it_starts(self, office: Office) -> None:
        office.accept()
        office.at("2026-11-20T10:01")
        scheduler = Scheduler(office.database, office.areas)
        scheduler.start()
        try:
            assert wait_for(office.nonconformities)
            assert wait_for(lambda: self.leaves(office) > 0)
        finally:
            scheduler.stop()
        assert len(office.nonconformities()) == 1

    def test_goes_on_after_a_failure_and_says_so(
        self, office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        calls: list[int] = []

        def sweep(*_: Any) -> Any:
            calls.append(1)
            raise RuntimeError("mất điện")

        monkeypatch.setattr(module, "sweep", sweep)
        scheduler = Scheduler(office.database, office.areas, sweep_every=timedelta(seconds=0.1))
        with caplog.at_level(logging.ERROR, logger="eiso.scheduler"):
            scheduler.start()
            try:
                assert wait_for(lambda: len(calls) > 2)
            finally:
                scheduler.stop()
        assert "sweep failed and is tried again" in caplog.text
        assert "mất điện" in caplog.text

    def test_stands_still_once_stopped(self, office: Office) -> None:
        scheduler = Scheduler(office.database, office.areas, sweep_every=timedelta(seconds=0.1))
        scheduler.start()
        assert wait_for(lambda: self.beat(office))
        scheduler.stop()
        before = self.beat(office)
        time.sleep(0.3)
        assert self.beat(office) == before
        scheduler.stop()  # twice does no harm

    def test_numbers_more_entries_than_fit_in_one_batch(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "BATCH", 3)
        monkeypatch.setattr(module, "sequence", lambda connection: sequence_three(connection))
        from engine.trace.sequencing import sequence

        def sequence_three(connection: Any) -> int:
            return sequence(connection, 3)

        for _ in range(3):
            office.accept()
        Scheduler(office.database, office.areas).sequence()
        with office.database.reading() as connection:
            assert self.leaves(office) == connection.scalar(select(func.count()).select_from(trace_entries))

    @staticmethod
    def leaves(office: Office) -> int:
        with office.database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(trace_leaves)) or 0

    @staticmethod
    def beat(office: Office) -> Any:
        with office.database.reading() as connection:
            found = last_sweep(connection)
            return found["recorded_at"] if found is not None else None

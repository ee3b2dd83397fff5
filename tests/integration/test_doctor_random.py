"""Whatever officers do, in whatever order: the doctor, who knows the ledgers and not the code that wrote them, finds nothing."""

from pathlib import Path

import pytest
from sqlalchemy import event

from engine.database import Database
from engine.trace.verification import verify
from processes.quality.models import nonconformities
from tests.integration.lives import Lives, examined, faults, random_office


class TestRandomLives:
    @pytest.mark.parametrize("seed", [31, 100, 104, 115, 121, 140, 1006, 1025])
    def test_leave_nothing_to_find(self, seed: int, sqlite_url: str, tmp_path: Path) -> None:
        database = Database(sqlite_url)
        event.listen(database.sql, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
        live_and_examine(database, tmp_path, seed, 250)
        database.dispose()

    def test_leave_nothing_to_find_on_either_database(self, database: Database, tmp_path: Path) -> None:
        lives = live_and_examine(database, tmp_path, 7, 150)
        with database.reading() as connection:
            assert verify(connection).ok
            assert connection.execute(nonconformities.select().limit(1)).first() is not None, lives.done


def live_and_examine(database: Database, folder: Path, seed: int, operations: int) -> Lives:
    """Halfway, and at the end after a sweep: the doctor must be content at any moment."""
    lives = random_office(database, folder, seed)
    for part in (operations // 2, operations - operations // 2):
        lives.live(part)
        assert faults(examined(lives.office)) == {}, "\n".join(lives.told[-60:])
    lives.office.sweep()
    assert faults(examined(lives.office)) == {}, "\n".join(lives.told[-60:])
    return lives

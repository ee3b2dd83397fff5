import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from engine.database import Database
from engine.ids import TimeOrderedIds
from engine.tables import trace_entries, trace_leaves
from engine.trace.records import EMPTY, Record
from engine.trace.sequencing import sequence
from engine.trace.writing import append, build
from tests.integration.traced import AT, NANG, Traced


@pytest.fixture
def traced(database: Database) -> Traced:
    return Traced(database)


def leaves(database: Database) -> list[tuple[int, int]]:
    with database.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(select(trace_leaves).order_by(trace_leaves.c.leaf_index))]


class TestSequence:
    def test_numbers_entries_from_zero_in_the_order_of_their_ids(self, traced: Traced, database: Database) -> None:
        first = traced.loose()
        second, third = traced.happen(traced.instance(), times=2)
        assert traced.number() == 3
        assert leaves(database) == [(0, first), (1, second), (2, third)]
        with database.reading() as connection:
            hashes = select(trace_entries.c.id).join_from(trace_leaves, trace_entries, trace_leaves.c.entry_id == trace_entries.c.id)
            assert len(connection.execute(hashes.where(trace_leaves.c.hash == trace_entries.c.hash)).all()) == 3

    def test_goes_on_where_it_stopped_and_stops_when_all_have_a_number(self, traced: Traced, database: Database) -> None:
        assert traced.number() == 0
        traced.loose()
        assert traced.number() == 1
        assert traced.number() == 0
        traced.loose()
        assert traced.number() == 1
        assert [index for index, _ in leaves(database)] == [0, 1]

    def test_takes_no_more_than_a_batch(self, traced: Traced, database: Database) -> None:
        made = [traced.loose() for _ in range(5)]
        for expected in (2, 2, 1, 0):
            with database.writing() as connection:
                assert sequence(connection, batch=2) == expected
        assert [entry for _, entry in leaves(database)] == made

    def test_gives_back_its_numbers_when_its_transaction_fails(self, traced: Traced, database: Database) -> None:
        traced.loose()
        with pytest.raises(RuntimeError), database.writing() as connection:
            sequence(connection)
            raise RuntimeError
        assert traced.number() == 1
        assert leaves(database)[0][0] == 0

    @pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer at a time: nobody commits late
    def test_finds_an_entry_that_was_committed_late_with_a_smaller_id(self, traced: Traced, database: Database) -> None:
        """Two writers: the one that drew its id first commits last. A high-water mark on ids would lose its entry."""
        early = build([Record("dossier.note.added")], EMPTY, NANG, AT, AT, traced.ids)
        with database.writing() as slow:
            append(slow, early)
            late = traced.loose()
            assert traced.number() == 1
            assert traced.verify().counted.unnumbered == 0
        assert early.entries[0]["id"] < late
        assert traced.verify().counted.unnumbered == 1
        assert traced.number() == 1
        assert leaves(database) == [(0, late), (1, early.entries[0]["id"])]
        assert traced.verify().ok

    def test_works_alone(self, traced: Traced, database: Database) -> None:
        """A second sequencer waits for the first, then goes on from what it committed."""
        traced.loose()
        done: list[int] = []
        with database.writing() as first:
            assert sequence(first) == 1
            second = threading.Thread(target=lambda: done.append(traced.number()))
            second.start()
            time.sleep(0.3)
            assert done == []
        second.join(30)
        assert done == [0]
        assert [index for index, _ in leaves(database)] == [0]

    def test_never_gives_a_number_twice_while_writers_and_sequencers_meet(self, traced: Traced, database: Database) -> None:

        def work(turn: int) -> None:
            ids = TimeOrderedIds()
            for _ in range(15):
                with database.writing() as connection:
                    append(connection, build([Record("dossier.note.added")], EMPTY, NANG, AT, AT, ids))
                    if turn % 2:
                        sequence(connection, batch=7)

        with ThreadPoolExecutor(4) as workers:
            assert list(workers.map(work, range(4))) == [None] * 4
        traced.number()
        assert [index for index, _ in leaves(database)] == list(range(60))
        assert traced.verify().ok

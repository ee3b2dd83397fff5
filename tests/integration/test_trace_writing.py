from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from engine.database import Database
from engine.errors import InvalidError, NotFoundError
from engine.ids import TimeOrderedIds
from engine.tables import instances, steps, trace_entries, trace_leaves, trace_values
from engine.trace import heads
from engine.trace.canonical import personal_hash
from engine.trace.heads import head_location, register_chain
from engine.trace.records import EMPTY, Chain, Head, Record
from engine.trace.writing import append, append_loose, build, record_on
from tests.integration.traced import AT, NANG, Traced


@pytest.fixture
def traced(database: Database) -> Traced:
    return Traced(database)


class TestRecordOn:
    def test_adds_to_the_chain_and_moves_the_head(self, traced: Traced, database: Database) -> None:
        chain = traced.instance()
        traced.happen(chain, times=2)
        traced.happen(chain, times=3)
        with database.reading() as connection:
            rows = connection.execute(select(trace_entries).order_by(trace_entries.c.chain_seq)).all()
            kept = connection.execute(select(instances.c.trace_seq, instances.c.trace_head)).one()
        assert [row.chain_seq for row in rows] == [1, 2, 3, 4, 5]
        assert (kept.trace_seq, bytes(kept.trace_head)) == (5, rows[-1].hash)
        assert rows[0].at == AT.replace(minute=21)
        assert traced.verify().ok

    def test_puts_records_without_a_chain_on_the_one_named(self, traced: Traced, database: Database) -> None:
        chain = traced.instance()
        with database.writing() as connection:
            head = record_on(connection, chain, [replace(traced.record(chain, {}), chain=None)], NANG, AT, AT, traced.ids)
        assert head.seq == 1
        assert len(traced.entries(chain)) == 1

    def test_refuses_a_record_of_another_chain(self, traced: Traced, database: Database) -> None:
        here, there = traced.instance(), traced.instance()
        with pytest.raises(ValueError, match="cannot be added"), database.writing() as connection:
            record_on(connection, here, [traced.record(there, {})], NANG, AT, AT, traced.ids)

    @pytest.mark.parametrize("chain", [Chain("instance", 4), Chain("picnic", 4)])
    def test_refuses_a_chain_whose_head_lies_nowhere(self, traced: Traced, database: Database, chain: Chain) -> None:
        with pytest.raises(NotFoundError) as refusal, database.writing() as connection:
            record_on(connection, chain, [traced.record(chain, {})], NANG, AT, AT, traced.ids)
        assert refusal.value.code == "trace_chain_unknown"
        assert traced.entries() == []

    def test_leaves_nothing_behind_when_the_change_fails(self, traced: Traced, database: Database) -> None:
        chain = traced.instance()
        with pytest.raises(InvalidError), database.writing() as connection:
            record_on(connection, chain, [traced.record(chain, {"owner": "Vui"})], NANG, AT, AT, traced.ids)
            record_on(connection, chain, [Record("dossier.fee.paid", {"amount": 0.5})], NANG, AT, AT, traced.ids)
        with database.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(trace_entries)) == 0
            assert connection.scalar(select(func.count()).select_from(trace_values)) == 0
            assert connection.scalar(select(instances.c.trace_seq)) == 0

    def test_never_forks_a_chain_however_many_write_at_once(self, traced: Traced, database: Database) -> None:
        chain, other = traced.instance(), traced.instance()

        def write(_turn: int) -> None:
            ids = TimeOrderedIds()
            for _ in range(10):
                with database.writing() as connection:
                    record_on(connection, chain, [traced.record(chain, {})], NANG, AT, AT, ids)
                    record_on(connection, other, [traced.record(other, {})], NANG, AT, AT, ids)

        with ThreadPoolExecutor(4) as writers:
            assert list(writers.map(write, range(4))) == [None] * 4
        report = traced.verify()
        assert report.ok, report.first_fault
        assert (report.counted.entries, report.counted.chains) == (80, 2)


class TestAppend:
    def test_keeps_salt_and_value_beside_the_entry(self, traced: Traced, database: Database) -> None:
        chain = traced.instance()
        (entry_id,) = traced.happen(chain, {"owner": "Nguyễn Văn Vui"})
        with database.reading() as connection:
            value = connection.execute(select(trace_values)).one()
            body = connection.scalar(select(trace_entries.c.body))
        assert (value.entry_id, value.name, value.value) == (entry_id, "owner", "Nguyễn Văn Vui")
        assert body is not None
        assert personal_hash(bytes(value.salt), value.value) in body.decode()

    def test_takes_what_was_built_for_many_chains_at_once(self, traced: Traced, database: Database) -> None:
        chains = [traced.instance() for _ in range(3)]
        made = [build([traced.record(chain, {"owner": "Vui"})], EMPTY, NANG, AT, AT, traced.ids) for chain in chains]
        with database.writing() as connection:
            append(connection, *made)
            append(connection)
        assert len(traced.entries()) == 3

    def test_adds_loose_entries_without_a_chain(self, traced: Traced, database: Database) -> None:
        entry_id = traced.loose(login="nang.hoang")
        with database.reading() as connection:
            row = connection.execute(select(trace_entries)).one()
        assert (row.id, row.chain_kind, row.chain_id, row.chain_seq) == (entry_id, None, None, None)
        assert traced.verify().ok

    def test_refuses_a_loose_entry_with_a_chain(self, traced: Traced, database: Database) -> None:
        with pytest.raises(ValueError, match="no chain"), database.writing() as connection:
            append_loose(connection, traced.record(Chain("instance", 1), {}), NANG, AT, AT, traced.ids)


class TestRegisterChain:
    def test_names_the_place_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(heads, "_locations", {})
        assert head_location("instance") is None
        location = register_chain("instance", instances)
        assert register_chain("instance", instances) == location == head_location("instance")
        assert [column.name for column in location.columns()] == ["id", "trace_seq", "trace_head"]

    def test_refuses_a_second_place_and_columns_that_are_not_there(self) -> None:
        with pytest.raises(ValueError, match="already"):
            register_chain("instance", trace_leaves, seq_column="leaf_index", head_column="hash", id_column="entry_id")
        with pytest.raises(KeyError):
            register_chain("picnic", steps)
        assert head_location("picnic") is None

    def test_starts_a_chain_from_an_empty_head(self) -> None:
        assert Head() == EMPTY

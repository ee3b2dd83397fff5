"""More ways to lie (see test_trace_verification): order, additions, heads, personal values, leaves."""

from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from engine.database import Database
from engine.tables import trace_entries, trace_leaves, trace_values
from engine.trace.records import EMPTY, Chain, Head
from engine.trace.writing import append, build
from tests.integration.forging import hash_of, head_of, only, put_head, relink
from tests.integration.traced import AT, NANG, Traced

ONLY_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
entries, leaves, values = trace_entries.c, trace_leaves.c, trace_values.c


@pytest.fixture
def traced(database: Database) -> Traced:
    return Traced(database)


@pytest.fixture
def chain(traced: Traced) -> Chain:
    """A chain of five entries, each with a personal value, between two other chains, among loose entries; nothing numbered."""
    traced.happen(traced.instance(), times=2)
    traced.loose()
    chain = traced.instance()
    traced.happen(chain, *({"owner": f"Nguyễn Văn Vui {turn}"} for turn in range(5)))
    traced.loose(login="nang.hoang")
    traced.happen(traced.instance(), times=2)
    assert traced.verify().ok
    return chain


class TestEntriesInAnotherOrder:
    def test_with_their_contents_swapped_are_named(self, traced: Traced, chain: Chain) -> None:
        one, two = traced.entries(chain)[1:3]
        with traced.forging() as connection:
            rows = {row.id: row for row in connection.execute(select(trace_entries).where(entries.id.in_([one, two])))}
            for entry_id, source in ((one, rows[two]), (two, rows[one])):
                connection.execute(
                    update(trace_entries).where(entries.id == entry_id).values(body=source.body, hash=source.hash, at=source.at)
                )
        report = traced.verify()
        assert {fault.entry_id for fault in report.faults if fault.check == "copy"} == {one, two}

    def test_with_their_numbers_swapped_are_named(self, traced: Traced, chain: Chain) -> None:
        one, two = traced.entries(chain)[1:3]
        with traced.forging() as connection:
            for entry_id, seq in ((one, 99), (two, 2), (one, 3)):
                connection.execute(update(trace_entries).where(entries.id == entry_id).values(chain_seq=seq))
        assert [fault.entry_id for fault in traced.verify().faults if fault.check == "copy"] == [one, two]

    def test_with_numbers_bodies_and_hashes_swapped_break_the_links(self, traced: Traced, chain: Chain) -> None:
        ids = traced.entries(chain)
        with traced.forging() as connection:
            for entry_id, seq in ((ids[1], 99), (ids[2], 2), (ids[1], 3)):
                relink(connection, entry_id, seq=seq)
                connection.execute(update(trace_entries).where(entries.id == entry_id).values(chain_seq=seq))
        report = traced.verify()
        assert {fault.check for fault in report.faults} == {"link"}
        assert {fault.entry_id for fault in report.faults} <= set(ids[:3])


class TestAnAddedEntry:
    def test_past_the_head_is_named(self, traced: Traced, chain: Chain) -> None:
        with traced.database.writing() as connection:
            made = build([traced.record(chain, {})], head_of(connection, chain), NANG, AT, AT, traced.ids)
            append(connection, made)
        fault = only(traced.verify(), "head")
        assert fault.entry_id == made.entries[0]["id"]
        assert "added past it" in fault.what

    def test_on_a_chain_of_nothing_is_named(self, traced: Traced, chain: Chain) -> None:
        nowhere = Chain("instance", 4)
        unheard = Chain("picnic", 4)
        with traced.database.writing() as connection:
            for one in (nowhere, unheard):
                append(connection, build([traced.record(one, {})], EMPTY, NANG, AT, AT, traced.ids))
        assert "no row keeps the head" in only(traced.verify(), "head", "head").what

    @ONLY_POSTGRESQL
    def test_beside_another_is_a_fork(self, traced: Traced, chain: Chain) -> None:
        third = traced.entries(chain)[2]
        with traced.forging() as connection:
            connection.execute(text("alter table trace_entries drop constraint uq_trace_entries_chain_kind_chain_id_chain_seq"))
            made = build([traced.record(chain, {})], Head(3, hash_of(connection, third)), NANG, AT, AT, traced.ids)
            append(connection, made)
        assert "fork" in {fault.check for fault in traced.verify().faults}


class TestAnEditedHead:
    @pytest.mark.parametrize("kept", [{"trace_head": b"\x00" * 32}, {"trace_head": None}, {"trace_seq": 4}, {"trace_seq": 6}])
    def test_does_not_fit_its_chain(self, traced: Traced, chain: Chain, kept: dict[str, Any]) -> None:
        with traced.forging() as connection:
            put_head(connection, chain, **kept)
        assert only(traced.verify(), "head").entry_id == traced.entries(chain)[-1]

    def test_of_a_chain_without_entries_is_seen(self, traced: Traced, chain: Chain) -> None:
        bare = traced.instance()
        with traced.forging() as connection:
            put_head(connection, bare, trace_seq=1, trace_head=b"\x00" * 32)
        assert only(traced.verify(), "head").entry_id is None


class TestAPersonalValue:
    @pytest.mark.parametrize("change", [{"value": "Nguyễn Văn Buồn"}, {"salt": b"\x00" * 16}])
    def test_that_was_changed_is_named_by_its_entry(self, traced: Traced, chain: Chain, change: dict[str, Any]) -> None:
        third = traced.entries(chain)[2]
        with traced.forging() as connection:
            connection.execute(update(trace_values).where(values.entry_id == third).values(change))
        fault = only(traced.verify(), "value")
        assert fault.entry_id == third
        assert "owner" in fault.what

    def test_that_was_deleted_is_missed(self, traced: Traced, chain: Chain) -> None:
        third = traced.entries(chain)[2]
        with traced.forging() as connection:
            connection.execute(delete(trace_values).where(values.entry_id == third))
        fault = only(traced.verify(), "value")
        assert (fault.entry_id, fault.what) == (third, "its personal value owner is missing")

    def test_that_no_entry_speaks_of_is_named(self, traced: Traced, chain: Chain) -> None:
        loose = traced.loose()
        with traced.database.writing() as connection:
            connection.execute(insert(trace_values).values(entry_id=loose, name="owner", salt=b"\x00" * 16, value="Trần Thị Lạ"))
        assert only(traced.verify(), "value").entry_id == loose

    def test_cannot_be_passed_from_one_name_to_another(self, traced: Traced, chain: Chain) -> None:
        third = traced.entries(chain)[2]
        with traced.forging() as connection:
            connection.execute(update(trace_values).where(values.entry_id == third).values(name="filer"))
        assert {fault.entry_id for fault in traced.verify().faults} == {third}
        assert traced.verify().fault_count == 2


class TestALeaf:
    @pytest.fixture(autouse=True)
    def _numbered(self, traced: Traced, chain: Chain) -> None:
        traced.number()

    def test_with_another_hash_is_named_by_its_entry(self, traced: Traced) -> None:
        with traced.forging() as connection:
            connection.execute(update(trace_leaves).where(leaves.leaf_index == 3).values(hash=b"\x00" * 32))
        assert only(traced.verify(), "leaf").entry_id == traced.entries()[3]

    @pytest.mark.parametrize("place", [0, 3])
    def test_that_was_deleted_leaves_a_hole(self, traced: Traced, place: int) -> None:
        with traced.forging() as connection:
            connection.execute(delete(trace_leaves).where(leaves.leaf_index == place))
        report = traced.verify()
        assert only(report, "leaf").what == f"leaf {place} is missing"
        assert report.counted.unnumbered == 1

    def test_that_changed_places_without_its_hash_is_named(self, traced: Traced) -> None:
        one, two = traced.entries()[3:5]
        with traced.forging() as connection:
            for place, entry_id in ((3, -1), (4, one), (3, two)):
                connection.execute(update(trace_leaves).where(leaves.leaf_index == place).values(entry_id=entry_id))
        assert {fault.entry_id for fault in traced.verify().faults} == {one, two}

    @ONLY_POSTGRESQL
    def test_of_an_entry_that_has_one_already_is_named(self, traced: Traced) -> None:
        with traced.forging() as connection:
            connection.execute(text("alter table trace_leaves drop constraint uq_trace_leaves_entry_id"))
            count = connection.execute(select(func.count()).select_from(trace_leaves)).scalar_one()
            again = select(text(str(count)), leaves.entry_id, leaves.hash).where(leaves.leaf_index == 3)
            connection.execute(insert(trace_leaves).from_select(["leaf_index", "entry_id", "hash"], again))
        report = traced.verify()
        assert only(report, "leaf").entry_id == traced.entries()[3]
        assert report.counted.unnumbered == 0

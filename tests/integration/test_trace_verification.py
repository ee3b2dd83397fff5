"""The forger has dropped the triggers and owns every table; each class is a way to lie, each test how it is seen."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update

from engine.database import Database
from engine.tables import instances, trace_entries, trace_leaves, trace_values
from engine.trace.canonical import decode, encode, leaf_hash
from engine.trace.entries import Fault
from engine.trace.records import EMPTY, Chain, Head
from engine.trace.report import KEPT_FAULTS, Report
from engine.trace.verification import verify
from engine.trace.writing import append, build
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


def only(report: Report, *checks: str) -> Fault:
    """The first fault of a report that has exactly these."""
    assert [fault.check for fault in report.faults] == list(checks), report.faults
    assert report.first_fault is not None
    return report.first_fault


def rewrite(connection: Connection, entry_id: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes a body, and its hash with it."""
    body = decode(bytes(connection.execute(select(entries.body).where(entries.id == entry_id)).scalar_one()))
    change(body)
    stored = encode(body)
    connection.execute(update(trace_entries).where(entries.id == entry_id).values(body=stored, hash=leaf_hash(stored)))


def approve(body: dict[str, Any]) -> None:
    body["facts"]["outcome"] = "approve"


def remove(connection: Connection, *entry_ids: int) -> None:
    """Takes entries away with everything that hangs on them but their leaves."""
    connection.execute(delete(trace_values).where(values.entry_id.in_(entry_ids)))
    connection.execute(delete(trace_entries).where(entries.id.in_(entry_ids)))


def head_of(connection: Connection, chain: Chain) -> Head:
    seq, head = connection.execute(select(instances.c.trace_seq, instances.c.trace_head).where(instances.c.id == chain.id)).one()
    return Head(seq, bytes(head))


def put_head(connection: Connection, chain: Chain, **kept: Any) -> None:
    connection.execute(update(instances).where(instances.c.id == chain.id).values(kept))


class TestVerify:
    def test_finds_nothing_in_an_empty_trace(self, traced: Traced) -> None:
        report = traced.verify()
        assert report.ok
        assert report.first_fault is None
        assert report.counted.entries == 0

    def test_counts_what_it_looked_at(self, traced: Traced, chain: Chain) -> None:
        traced.number()
        traced.loose()
        counted = traced.verify().counted
        assert (counted.entries, counted.loose, counted.chains, counted.values) == (12, 3, 3, 6)
        assert (counted.leaves, counted.unnumbered) == (11, 1)

    def test_tells_its_progress(self, traced: Traced, chain: Chain) -> None:
        told: list[int] = []
        with traced.database.reading() as connection:
            verify(connection, told.append)
        assert told[-1] == 11

    def test_goes_through_more_entries_and_chains_than_one_batch(self, traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("engine.trace.streaming.BATCH", 3)
        monkeypatch.setattr("engine.trace.verification._LOOKUP", 2)
        for _ in range(5):
            traced.happen(traced.instance(), *[{"owner": "Vui", "filer": "Vẻ"}] * 4)
        report = traced.verify()
        assert report.ok, report.first_fault
        assert (report.counted.entries, report.counted.chains, report.counted.values) == (20, 5, 40)

    @ONLY_POSTGRESQL
    def test_sees_one_moment_while_others_go_on_writing(self, traced: Traced, chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("engine.trace.streaming.BATCH", 1)
        with traced.database.reading() as connection:
            report = verify(connection, lambda done: traced.happen(chain) and None)
        assert report.ok, report.first_fault
        assert report.counted.entries == 11
        assert traced.verify().counted.entries > 11

    def test_keeps_the_oldest_first_and_not_more_than_a_page_of_faults(self, traced: Traced) -> None:
        ids = traced.happen(traced.instance(), times=KEPT_FAULTS + 20)
        with traced.forging() as connection:
            connection.execute(update(trace_entries).values(kind="dossier.nothing.happened"))
        report = traced.verify()
        assert (report.fault_count, len(report.faults)) == (KEPT_FAULTS + 20, KEPT_FAULTS)
        assert report.first_fault is not None
        assert report.first_fault.entry_id == ids[0]


class TestAnEditedEntry:
    def test_with_one_byte_changed_is_named(self, traced: Traced, chain: Chain) -> None:
        third = traced.entries(chain)[2]
        with traced.forging() as connection:
            body = connection.execute(select(entries.body).where(entries.id == third)).scalar_one()
            connection.execute(update(trace_entries).where(entries.id == third).values(body=bytes(body).replace(b"B1", b"B2")))
        fault = only(traced.verify(), "hash")
        assert (fault.entry_id, fault.kind) == (third, "dossier.step.completed")
        assert fault.subject_code == f"H99.018-{chain.id % 1000}"

    @pytest.mark.parametrize("place", range(4))
    def test_with_its_hash_recomputed_is_named_by_the_one_after_it(self, traced: Traced, chain: Chain, place: int) -> None:
        edited = traced.entries(chain)[place]
        with traced.forging() as connection:
            rewrite(connection, edited, approve)
        assert only(traced.verify(), "link").entry_id == edited

    def test_with_its_hash_recomputed_is_named_by_its_leaf_as_well(self, traced: Traced, chain: Chain) -> None:
        traced.number()
        edited = traced.entries(chain)[2]
        with traced.forging() as connection:
            rewrite(connection, edited, approve)
        report = traced.verify()
        assert {fault.entry_id for fault in report.faults} == {edited}
        assert {fault.check for fault in report.faults} == {"link", "leaf"}

    def test_at_the_end_of_its_chain_is_named_by_the_head(self, traced: Traced, chain: Chain) -> None:
        edited = traced.entries(chain)[-1]
        with traced.forging() as connection:
            rewrite(connection, edited, approve)
        assert only(traced.verify(), "head").entry_id == edited

    def test_is_named_by_its_leaf_when_chain_and_head_were_rebuilt_after_it(self, traced: Traced, chain: Chain) -> None:
        traced.number()
        edited, *after = traced.entries(chain)[2:]
        with traced.forging() as connection:
            rewrite(connection, edited, approve)
            before = edited
            for entry_id in after:
                prev = connection.execute(select(entries.hash).where(entries.id == before)).scalar_one()
                rewrite(connection, entry_id, lambda body, prev=bytes(prev).hex(): body["chain"].update(prev=prev))  # type: ignore[misc]
                before = entry_id
            put_head(connection, chain, trace_head=connection.execute(select(entries.hash).where(entries.id == before)).scalar_one())
        assert only(traced.verify(), "leaf", "leaf", "leaf").entry_id == edited

    def test_that_points_to_another_before_it_is_named_itself_when_its_neighbours_leaf_stands(self, traced: Traced, chain: Chain) -> None:
        before, edited = traced.entries(chain)[3:]
        with traced.forging() as connection:
            rewrite(connection, edited, lambda body: body["chain"].update(prev="00" * 32))
            put_head(connection, chain, trace_head=connection.execute(select(entries.hash).where(entries.id == edited)).scalar_one())
            digest = connection.execute(select(entries.hash).where(entries.id == before)).scalar_one()
            connection.execute(insert(trace_leaves).values(leaf_index=0, entry_id=before, hash=digest))
        assert only(traced.verify(), "link").entry_id == edited

    def test_on_no_chain_is_named_by_its_leaf(self, traced: Traced, chain: Chain) -> None:
        loose = traced.loose()
        traced.number()
        with traced.forging() as connection:
            rewrite(connection, loose, lambda body: body["facts"].update({"from": "10.0.0.8"}))
        assert only(traced.verify(), "leaf").entry_id == loose

    @pytest.mark.parametrize(
        "copy",
        [
            {"agency_id": 2},
            {"kind": "dossier.step.claimed"},
            {"subject_code": None},
            {"actor_id": 8},
            {"on_behalf_of_id": 8},
            {"at": AT},
            {"recorded_at": AT.replace(hour=1)},
        ],
    )
    def test_with_an_indexed_copy_changed_is_named(self, traced: Traced, chain: Chain, copy: dict[str, Any]) -> None:
        third = traced.entries(chain)[2]
        with traced.forging() as connection:
            connection.execute(update(trace_entries).where(entries.id == third).values(copy))
        fault = only(traced.verify(), "copy")
        assert fault.entry_id == third
        assert next(iter(copy)) in fault.what

    def test_taken_off_its_chain_is_named(self, traced: Traced, chain: Chain) -> None:
        last = traced.entries(chain)[-1]
        with traced.forging() as connection:
            connection.execute(update(trace_entries).where(entries.id == last).values(chain_kind=None))
        assert {fault.entry_id for fault in traced.verify().faults if fault.check == "copy"} == {last}

    def test_with_nonsense_for_a_body_is_named(self, traced: Traced, chain: Chain) -> None:
        third = traced.entries(chain)[2]
        for nonsense in (b"", b"\xff\xfe", b"[" * 100_000, b"null", b'{"facts":1.0}'):
            with traced.forging() as connection:
                hashed = leaf_hash(nonsense)
                connection.execute(update(trace_entries).where(entries.id == third).values(body=nonsense, hash=hashed))
            assert traced.verify().faults[0].entry_id == third


class TestAMissingEntry:
    def test_at_the_end_is_missed_by_the_head(self, traced: Traced, chain: Chain) -> None:
        kept, *gone = traced.entries(chain)[2:]
        with traced.forging() as connection:
            remove(connection, *gone)
        fault = only(traced.verify(), "head")
        assert fault.entry_id == kept
        assert "go on to entry 5" in fault.what

    def test_at_the_end_is_missed_by_its_leaf_when_the_head_was_put_back(self, traced: Traced, chain: Chain) -> None:
        traced.number()
        before, gone = traced.entries(chain)[3:]
        with traced.forging() as connection:
            remove(connection, gone)
            put_head(
                connection, chain, trace_seq=4, trace_head=connection.execute(select(entries.hash).where(entries.id == before)).scalar_one()
            )
        assert only(traced.verify(), "leaf").entry_id == gone

    def test_in_the_middle_leaves_a_gap(self, traced: Traced, chain: Chain) -> None:
        first, _, _, fourth, _ = ids = traced.entries(chain)
        with traced.forging() as connection:
            remove(connection, *ids[1:3])
        fault = only(traced.verify(), "gap")
        assert fault.entry_id == fourth
        assert "entries 2 to 3" in fault.what
        assert first in traced.entries(chain)

    def test_at_the_beginning_leaves_a_gap(self, traced: Traced, chain: Chain) -> None:
        first, second = traced.entries(chain)[:2]
        with traced.forging() as connection:
            remove(connection, first)
        assert only(traced.verify(), "gap").entry_id == second

    def test_in_the_middle_is_seen_when_those_after_it_were_renumbered(self, traced: Traced, chain: Chain) -> None:
        second, third, *after = traced.entries(chain)[1:]
        with traced.forging() as connection:
            remove(connection, third)
            for place, entry_id in enumerate(after, start=3):
                rewrite(connection, entry_id, lambda body, place=place: body["chain"].update(seq=place))  # type: ignore[misc]
                connection.execute(update(trace_entries).where(entries.id == entry_id).values(chain_seq=place))
            put_head(connection, chain, trace_seq=4)
        assert "link" in {fault.check for fault in traced.verify().faults}
        assert traced.verify().faults[0].entry_id in (second, after[0])

    def test_is_missed_with_its_whole_chain(self, traced: Traced, chain: Chain) -> None:
        with traced.forging() as connection:
            remove(connection, *traced.entries(chain))
        fault = only(traced.verify(), "head")
        assert fault.entry_id is None
        assert f"instance {chain.id} should have 5 entries" in fault.what

    def test_on_no_chain_is_missed_by_its_leaf(self, traced: Traced, chain: Chain) -> None:
        loose = traced.loose()
        traced.number()
        with traced.forging() as connection:
            remove(connection, loose)
        report = traced.verify()
        assert only(report, "leaf").entry_id == loose
        assert report.counted.unnumbered == 0


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
                rewrite(connection, entry_id, lambda body, seq=seq: body["chain"].update(seq=seq))  # type: ignore[misc]
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
            hashed = connection.execute(select(entries.hash).where(entries.id == third)).scalar_one()
            made = build([traced.record(chain, {})], Head(3, bytes(hashed)), NANG, AT, AT, traced.ids)
            append(connection, made)
        assert "fork" in {fault.check for fault in traced.verify().faults}


class TestAnEditedHead:
    @pytest.mark.parametrize("kept", [{"trace_head": b"\x00" * 32}, {"trace_head": None}, {"trace_seq": 4}, {"trace_seq": 6}])
    def test_does_not_fit_its_chain(self, traced: Traced, chain: Chain, kept: dict[str, Any]) -> None:
        with traced.forging() as connection:
            put_head(connection, chain, **kept)
        assert only(traced.verify(), "head").entry_id == traced.entries(chain)[-1]

    def test_of_a_chain_without_entries_is_seen(self, traced: Traced, chain: Chain) -> None:
        with traced.forging() as connection:
            put_head(connection, traced.instance(), trace_seq=1, trace_head=b"\x00" * 32)
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

"""The forger has dropped the triggers and owns every table; each class is a way to lie, each test how it is seen."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from engine.database import Database
from engine.tables import trace_entries, trace_leaves, trace_values
from engine.trace.canonical import leaf_hash
from engine.trace.records import Chain
from engine.trace.report import KEPT_FAULTS
from engine.trace.verification import verify
from tests.integration.forging import approve, hash_of, only, put_head, relink, remove, rewrite
from tests.integration.traced import AT, Traced

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
        happened: list[int] = []
        with traced.database.reading() as connection:
            report = verify(connection, lambda done: happened.extend(traced.happen(chain)))
        assert report.ok, report.first_fault
        assert report.counted.entries == 11
        assert traced.verify().counted.entries == 11 + len(happened) > 11

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
                relink(connection, entry_id, prev=hash_of(connection, before).hex())
                before = entry_id
            put_head(connection, chain, trace_head=hash_of(connection, before))
        assert only(traced.verify(), "leaf", "leaf", "leaf").entry_id == edited

    def test_that_points_to_another_before_it_is_named_itself_when_its_neighbours_leaf_stands(self, traced: Traced, chain: Chain) -> None:
        before, edited = traced.entries(chain)[3:]
        with traced.forging() as connection:
            relink(connection, edited, prev="00" * 32)
            put_head(connection, chain, trace_head=hash_of(connection, edited))
            connection.execute(insert(trace_leaves).values(leaf_index=0, entry_id=before, hash=hash_of(connection, before)))
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
            put_head(connection, chain, trace_seq=4, trace_head=hash_of(connection, before))
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
                relink(connection, entry_id, seq=place)
                connection.execute(update(trace_entries).where(entries.id == entry_id).values(chain_seq=place))
            put_head(connection, chain, trace_seq=4)
        assert "link" in {fault.check for fault in traced.verify().faults}
        assert traced.verify().faults[0].entry_id in (second, after[0])

    def test_is_missed_with_its_whole_chain(self, traced: Traced, chain: Chain) -> None:
        gone = traced.entries(chain)
        with traced.forging() as connection:
            remove(connection, *gone)
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

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.actor import Actor
from engine.trace.canonical import decode, encode, leaf_hash, moment
from engine.trace.entries import EntryRow, Fault, read_entry
from engine.trace.records import EMPTY, Chain, Record
from engine.trace.writing import build

AT = datetime(2026, 11, 20, 7, 20, tzinfo=UTC)
COLUMNS = (
    "id",
    "agency_id",
    "kind",
    "chain_kind",
    "chain_id",
    "chain_seq",
    "subject_code",
    "actor_id",
    "on_behalf_of_id",
    "at",
    "recorded_at",
    "hash",
    "body",
)


class Always1001:
    def next(self) -> int:
        return 1001


def row(**changed: Any) -> EntryRow:
    """An entry as the database would give it, with columns changed afterwards; a new body gets its own hash."""
    record = Record(
        "dossier.step.completed",
        {"step": "B3", "note": 'có dấu " và "facts": giả'},
        {"owner": "Nguyễn Văn Vui"},
        subject_code="H99.018-261120-0007",
        agency_id=1,
        chain=Chain("instance", 42),
    )
    actor = Actor(person_id=7, label='nang "label": hoang')
    values = build([record], EMPTY, actor, AT, AT, Always1001()).entries[0]
    values |= {"at": moment(AT), "recorded_at": moment(AT)} | changed
    if "body" in changed and "hash" not in changed:
        values["hash"] = leaf_hash(values["body"])
    return tuple(values[column] for column in COLUMNS)


def fault(**changed: Any) -> Fault:
    found = read_entry(row(**changed))
    assert isinstance(found, Fault)
    return found


def edited(change: Callable[[dict[str, Any]], None]) -> bytes:
    body = decode(row()[12])
    change(body)
    return encode(body)


class TestReadEntry:
    def test_gives_the_link_and_the_personal_hashes_of_an_entry_that_holds(self) -> None:
        read = read_entry(row())
        assert isinstance(read, tuple)
        assert read[0] is None
        assert list(read[1]) == ["owner"]

    def test_names_entry_kind_and_subject(self) -> None:
        found = fault(hash=b"\x00" * 32)
        assert (found.check, found.kind, found.subject_code) == ("hash", "dossier.step.completed", "H99.018-261120-0007")

    def test_sees_every_single_byte_changed(self) -> None:
        stored = row()[12]
        hashed = leaf_hash(stored)
        for position in range(len(stored)):
            changed = bytearray(stored)
            changed[position] ^= 1
            assert fault(body=bytes(changed), hash=hashed).check == "hash"

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("id", 1),
            ("agency_id", None),
            ("agency_id", 2),
            ("kind", "dossier.step.claimed"),
            ("chain_kind", "dossier"),
            ("chain_kind", None),
            ("chain_id", 43),
            ("chain_id", None),
            ("chain_seq", 2),
            ("chain_seq", None),
            ("subject_code", None),
            ("subject_code", "H99.018-261120-0008"),
            ("actor_id", None),
            ("actor_id", 8),
            ("on_behalf_of_id", 8),
            ("at", "2026-11-20T07:20:00.000001Z"),
            ("recorded_at", "2026-11-20T07:19:00.000000Z"),
        ],
    )
    def test_compares_each_indexed_copy(self, column: str, value: Any) -> None:
        found = fault(**{column: value})
        assert found.check == "copy"
        assert column in found.what

    def test_refuses_half_a_chain_on_a_loose_entry(self) -> None:
        body = edited(lambda body: body.update(chain=None))
        assert fault(body=body, chain_kind=None, chain_id=None).check == "copy"

    @pytest.mark.parametrize(
        "body",
        [
            row()[12] + b" ",
            row()[12].replace(b',"v":1', b', "v":1'),
            row()[12].replace(b'"v":1', b'"v":1,"v":1'),
            row()[12].replace(b'"step":"B3"', b'"step":"B2","step":"B3"'),
            row()[12].replace(b'"step":"B3"', b'"step":"\\u0042\\u0033"'),
            row()[12].replace(b'"step":"B3"', b'"step":3.0'),
            b"{}",
            b"[]",
            b"",
            b"\xff",
            b'{"actor":' * 50_000,
        ],
    )
    def test_refuses_bodies_that_are_not_canonical_even_when_their_hash_is_right(self, body: bytes) -> None:
        assert fault(body=body).check in ("body", "copy")

    @pytest.mark.parametrize(
        "change",
        [
            lambda body: body.update(v=2),
            lambda body: body.update(extra="thêm"),
            lambda body: body.pop("on_behalf_of"),
            lambda body: body["actor"].update(extra="thêm"),
            lambda body: body["actor"].update(label=None),
            lambda body: body["chain"].update(extra="thêm"),
            lambda body: body["chain"].update(prev=7),
            lambda body: body.update(facts=[]),
            lambda body: body.update(personal=[]),
        ],
    )
    def test_refuses_canonical_bodies_that_are_not_of_version_1(self, change: Callable[[dict[str, Any]], None]) -> None:
        assert fault(body=edited(change)).check == "body"

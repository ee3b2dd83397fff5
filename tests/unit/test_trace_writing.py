import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any

import pytest

from engine.actor import Actor
from engine.errors import InvalidError
from engine.trace.records import EMPTY, Chain, Head, Record
from engine.trace.writing import Built, build

AT = datetime(2026, 11, 20, 7, 20, tzinfo=UTC)
RECORDED_AT = datetime(2026, 11, 20, 7, 20, 3, 141592, tzinfo=UTC)
NANG = Actor(person_id=7, label="nang.hoang", agency_id=1, on_behalf_of_id=8)
CHAIN = Chain("instance", 42)
FACTS = {"step": "B3", "name": "Thẩm định hồ sơ", "outcome": "approve", "pass": 1, "is_late": False, "due_at": None}


class Numbers:
    """Ids from 1001."""

    def __init__(self) -> None:
        self._numbers = count(1001)

    def next(self) -> int:
        return next(self._numbers)


def built(*records: Record, head: Head = EMPTY) -> Built:
    salts = count(1)
    return build(records, head, NANG, AT, RECORDED_AT, Numbers(), salts=lambda size: bytes([next(salts)]) * size)


def completed(**more: Any) -> Record:
    return Record("dossier.step.completed", FACTS, subject_code="H99.018-261120-0007", agency_id=1, **{"chain": CHAIN, **more})


class TestBuild:
    def test_writes_the_bytes_that_the_readme_promises(self) -> None:
        row = built(completed(personal={"owner": "Nguyễn Văn Vui"})).entries[0]
        hashed = hmac.new(b"\x01" * 16, "Nguyễn Văn Vui".encode(), "sha256").hexdigest()
        assert (
            row["body"]
            == (
                '{"actor":{"id":7,"label":"nang.hoang"},"agency":1,"at":"2026-11-20T07:20:00.000000Z",'
                '"chain":{"id":42,"kind":"instance","prev":null,"seq":1},'
                '"facts":{"due_at":null,"is_late":false,"name":"Thẩm định hồ sơ","outcome":"approve","pass":1,"step":"B3"},'
                '"id":1001,"kind":"dossier.step.completed","on_behalf_of":8,"personal":{"owner":"' + hashed + '"},'
                '"recorded_at":"2026-11-20T07:20:03.141592Z","subject":"H99.018-261120-0007","v":1}'
            ).encode()
        )
        assert row["hash"] == sha256(b"\x00" + row["body"]).digest()

    def test_copies_the_body_into_columns(self) -> None:
        row = built(completed()).entries[0]
        assert {name: value for name, value in row.items() if name not in ("hash", "body")} == {
            "id": 1001,
            "agency_id": 1,
            "kind": "dossier.step.completed",
            "chain_kind": "instance",
            "chain_id": 42,
            "chain_seq": 1,
            "subject_code": "H99.018-261120-0007",
            "actor_id": 7,
            "on_behalf_of_id": 8,
            "at": AT,
            "recorded_at": RECORDED_AT,
        }

    def test_links_several_entries_of_one_transaction_to_each_other_and_to_the_head(self) -> None:
        start = Head(3, b"\xaa" * 32)
        made = built(completed(), completed(), head=start)
        first, second = (json.loads(row["body"])["chain"] for row in made.entries)
        assert (first["seq"], first["prev"]) == (4, "aa" * 32)
        assert (second["seq"], second["prev"]) == (5, made.entries[0]["hash"].hex())
        assert made.head == Head(5, made.entries[1]["hash"])

    def test_lets_loose_records_pass_by_the_head(self) -> None:
        made = built(completed(), Record("person.session.opened"), completed())
        assert [row["chain_seq"] for row in made.entries] == [1, None, 2]
        assert json.loads(made.entries[1]["body"])["chain"] is None
        assert made.entries[1]["chain_kind"] is None
        assert made.head.seq == 2

    def test_changes_nothing_without_records(self) -> None:
        assert built(head=Head(3, b"x")) == Built([], [], Head(3, b"x"))

    def test_refuses_two_chains_after_one_head(self) -> None:
        with pytest.raises(ValueError, match="two chains"):
            built(completed(), completed(chain=Chain("instance", 43)))

    def test_refuses_moments_without_a_zone(self) -> None:
        with pytest.raises(TypeError):
            build([completed()], EMPTY, NANG, AT.replace(tzinfo=None), RECORDED_AT, Numbers())

    def test_refuses_a_float_among_the_facts(self) -> None:
        with pytest.raises(InvalidError):
            built(Record("dossier.fee.paid", {"amount": 8000.0}))


class TestPersonalValues:
    def test_stay_out_of_the_body(self) -> None:
        made = built(completed(personal={"owner": "Nguyễn Văn Vui", "phone": "0900 000 000"}))
        stored = made.entries[0]["body"].decode()
        assert "Vui" not in stored
        assert "0900" not in stored
        assert [(row["entry_id"], row["name"], row["value"]) for row in made.values] == [
            (1001, "owner", "Nguyễn Văn Vui"),
            (1001, "phone", "0900 000 000"),
        ]

    def test_have_a_salt_each_so_that_equal_ones_cannot_be_told(self) -> None:
        made = build(
            [completed(personal={"owner": "Vui", "filer": "Vui"}), completed(personal={"owner": "Vui"})], EMPTY, NANG, AT, AT, Numbers()
        )
        salts = {row["salt"] for row in made.values}
        hashes = {value for row in made.entries for value in json.loads(row["body"])["personal"].values()}
        assert len(salts) == len(hashes) == 3
        assert {len(salt) for salt in salts} == {16}

    @pytest.mark.parametrize("value", ["Vui\x00", "\udc80"])
    def test_are_refused_when_no_database_can_keep_them(self, value: str) -> None:
        with pytest.raises(InvalidError) as refusal:
            built(completed(personal={"owner": value}))
        assert refusal.value.code == "trace_value_invalid"

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.trace.canonical import decode, encode, leaf_hash, moment, personal_hash, render, render_chain, to_json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=6)
ids = st.integers(0, 2**63 - 1)
moments = st.datetimes(timezones=st.just(UTC))
chains = st.tuples(texts, ids, ids, st.sampled_from(["ab" * 32, None]))


class Weather(StrEnum):
    SUNNY = "nắng"


class Floor(IntEnum):
    GROUND = 1


class TestMoment:
    def test_is_utc_with_six_decimals_however_it_came(self) -> None:
        at = datetime(2026, 11, 20, 14, 20, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
        assert moment(at) == "2026-11-20T07:20:00.000000Z"
        assert moment(at.astimezone(UTC).replace(microsecond=7)) == "2026-11-20T07:20:00.000007Z"

    def test_needs_a_time_zone(self) -> None:
        with pytest.raises(TypeError):
            moment(datetime(2026, 11, 20, 14, 20))  # noqa: DTZ001  # the point of the test

    @given(moments, moments)
    def test_sorts_as_time_does(self, first: datetime, second: datetime) -> None:
        assert (moment(first) < moment(second)) == (first < second)


class TestEncode:
    def test_sorts_names_and_leaves_vietnamese_letters_as_they_are(self) -> None:
        assert encode({"tên": "Nắng", "b": [1, None, True], "a": {"z": -5, "y": ""}}) == (
            '{"a":{"y":"","z":-5},"b":[1,null,true],"tên":"Nắng"}'.encode()
        )

    def test_escapes_only_what_json_demands(self) -> None:
        assert encode({"x": '"\\/\b\t\n\f\r\x01\x7f\u2028😀'}) == '{"x":"\\"\\\\/\\b\\t\\n\\f\\r\\u0001\x7f\u2028😀"}'.encode()

    def test_writes_enumerations_tuples_and_frozen_mappings_as_what_they_stand_for(self) -> None:
        assert (
            encode(MappingProxyType({"w": Weather.SUNNY, "f": Floor.GROUND, "t": (1, "hai")}))
            == '{"f":1,"t":[1,"hai"],"w":"nắng"}'.encode()
        )

    @pytest.mark.parametrize("refused", [1.0, float("nan"), Decimal(1), datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), b"x", {"a"}])
    def test_refuses_what_has_no_single_text(self, refused: Any) -> None:
        for body in ({"facts": refused}, {"facts": {"deep": [{"deeper": refused}]}}):
            with pytest.raises(InvalidError) as refusal:
                encode(body)
            assert refusal.value.code == "trace_value_invalid"
            assert refusal.value.facts["where"].startswith(".facts")

    @pytest.mark.parametrize("name", [1, None, True, Weather.SUNNY, 1.5])
    def test_refuses_names_that_are_not_strings(self, name: Any) -> None:
        with pytest.raises(InvalidError):
            encode({"facts": {name: "x"}})

    def test_refuses_half_a_surrogate_pair(self) -> None:
        with pytest.raises(InvalidError):
            encode({"x": "\ud83d"})

    @given(objects)
    def test_gives_one_text_for_one_value(self, body: dict[str, Any]) -> None:
        stored = encode(body)
        assert decode(stored) == body
        assert encode(decode(stored)) == stored
        assert encode(dict(reversed(body.items()))) == stored

    @given(objects)
    def test_gives_what_a_stranger_gets_from_the_standard_library_alone(self, body: dict[str, Any]) -> None:
        assert encode(body) == json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class TestDecode:
    @pytest.mark.parametrize(
        "stored",
        [
            b'{"a":1.5}',
            b'{"a":1e3}',
            b'{"a":NaN}',
            b'{"a":-Infinity}',
            b'{"a":1} ',
            b'{"a":1}{"b":2}',
            b"[1]",
            b"",
            b"\xff\xfe{}",
            '{"a":1}'.encode("utf-16"),
            b'{"a":' * 100_000,
            b'{"a":' + b"9" * 5000 + b"}",
        ],
    )
    def test_refuses_what_no_body_can_be(self, stored: bytes) -> None:
        with pytest.raises(InvalidError) as refusal:
            decode(stored)
        assert refusal.value.code == "trace_body_unreadable"


class TestLeafHash:
    def test_is_that_of_rfc_9162(self) -> None:
        """The leaf hash of an empty entry, as published with the reference implementations of certificate transparency."""
        assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


class TestPersonalHash:
    def test_is_hmac_sha256_keyed_with_the_salt(self) -> None:
        """RFC 4231, test case 2."""
        expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        assert personal_hash(b"Jefe", "what do ya want for nothing?") == expected


class TestRender:
    @given(
        ids,
        texts,
        moments,
        ids | st.none(),
        texts,
        ids | st.none(),
        texts | st.none(),
        chains | st.none(),
        objects,
        st.lists(texts, max_size=3),
    )
    def test_gives_what_encode_gives(
        self,
        entry_id: int,
        kind: str,
        at: datetime,
        person: int | None,
        label: str,
        agency: int | None,
        subject: str | None,
        chain: tuple[str, int, int, str | None] | None,
        facts: dict[str, Any],
        names: list[str],
    ) -> None:
        personal = dict.fromkeys(names, "cd" * 32)
        body = {
            "v": 1,
            "id": entry_id,
            "kind": kind,
            "at": moment(at),
            "recorded_at": moment(at),
            "actor": {"id": person, "label": label},
            "on_behalf_of": person,
            "agency": agency,
            "subject": subject,
            "chain": dict(zip(("kind", "id", "seq", "prev"), chain, strict=True)) if chain else None,
            "facts": facts,
            "personal": personal,
        }
        rendered = render(
            entry_id=entry_id,
            kind=kind,
            at=moment(at),
            recorded_at=moment(at),
            actor_id=person,
            actor_label=label,
            on_behalf_of=person,
            agency=agency,
            subject=subject,
            chain=render_chain(*chain) if chain else "null",
            facts=to_json(facts),
            personal=to_json(personal),
        )
        assert rendered.encode() == encode(body)

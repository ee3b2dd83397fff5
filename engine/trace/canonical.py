"""The bytes of an entry, version 1. They are a promise (README.md): whoever changes them writes version 2 and keeps reading version 1."""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, NoReturn

from engine.errors import InvalidError

VERSION = 1

_PLAIN = frozenset({str, int, bool, type(None)})
_MARK = b"\x00"  # of a leaf, as against an inner node of the tree

# Canonical JSON text of what decode() has read, which can hold nothing to be refused.
write_again = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False).encode


def moment(at: datetime) -> str:
    """A moment as it stands in an entry: UTC, always six decimals, `2026-11-20T07:20:00.000000Z`."""
    if at.tzinfo is None:
        raise TypeError("a moment needs a time zone")
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def encode(body: Mapping[str, Any]) -> bytes:
    """Canonical bytes of any body: UTF-8 JSON, keys sorted by code point, no spaces, nothing escaped that need not be.

    Raises: InvalidError (code trace_value_invalid) for floats, moments, keys that are no strings, text that is no Unicode.
    """
    return to_utf8(to_json(body))


def to_json(value: Any) -> str:
    """Canonical JSON text of a part of a body.

    Raises: InvalidError (code trace_value_invalid) as encode does.
    """
    _refuse_other_types(value, "")
    return write_again(value if not isinstance(value, Mapping) or isinstance(value, dict) else dict(value))


def to_utf8(text: str) -> bytes:
    """The bytes of a text.

    Raises: InvalidError (code trace_value_invalid) for halves of surrogate pairs, which no UTF-8 can hold.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidError("A text in a trace record is not valid Unicode.", code="trace_value_invalid") from None


def leaf_hash(body: bytes) -> bytes:
    """The hash of an entry: SHA-256 of 0x00 and the body.

    Source: RFC 9162 section 2.1.1 (leaf hash).
    """
    return sha256(_MARK + body).digest()


def personal_hash(salt: bytes, value: str) -> str:
    """What an entry holds instead of a personal value: HMAC-SHA256 keyed with the salt, in hex."""
    return hmac.digest(salt, to_utf8(value), "sha256").hex()


def render_chain(kind: str, chain_id: int | None, seq: int | None, prev: str | None) -> str:
    """The member `chain` of a body, canonical."""
    link = "null" if prev is None else f'"{prev}"'
    return f'{{"id":{chain_id},"kind":{encode_basestring(kind)},"prev":{link},"seq":{seq}}}'


def render(
    *,
    entry_id: int,
    kind: str,
    at: str,
    recorded_at: str,
    actor_id: int | None,
    actor_label: str,
    on_behalf_of: int | None,
    agency: int | None,
    subject: str | None,
    chain: str,
    facts: str,
    personal: str,
) -> str:
    """The text of a whole body from its columns and its three nested members, which are already canonical.

    It gives what encode() gives, several times quicker; writing and verification both go through it, so that an entry
    whose columns say anything else than its body cannot pass.
    """
    return (
        f'{{"actor":{{"id":{"null" if actor_id is None else actor_id},"label":{encode_basestring(actor_label)}}},'
        f'"agency":{"null" if agency is None else agency},"at":"{at}","chain":{chain},"facts":{facts},"id":{entry_id},'
        f'"kind":{encode_basestring(kind)},"on_behalf_of":{"null" if on_behalf_of is None else on_behalf_of},'
        f'"personal":{personal},"recorded_at":"{recorded_at}",'
        f'"subject":{"null" if subject is None else encode_basestring(subject)},"v":{VERSION}}}'
    )


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number that an entry may hold")


_read = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).raw_decode


def decode(body: bytes) -> dict[str, Any]:
    """Reads a body back.

    Raises: InvalidError (code trace_body_unreadable) when the bytes are not UTF-8 or not JSON, hold a float, or are no object.
    """
    try:
        text = body.decode()
        value, end = _read(text)
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"The body of a trace entry cannot be read: {error}.", code="trace_body_unreadable") from None
    if not isinstance(value, dict) or end != len(text):
        raise InvalidError("The body of a trace entry is not one object and nothing else.", code="trace_body_unreadable")
    return value


def read_free_parts(text: str, chained: bool) -> tuple[str, str | None, Any, Any]:
    """The parts of a body that no column repeats: the actor's label, the hash before, the facts, the personal hashes.

    It jumps from one to the next, twice as quick as decode(), and looks at nothing between them: only when render() makes
    the same text from these parts and the columns is the body read. A quotation mark inside a string is escaped, so the
    names it looks for cannot stand in a value.

    Raises: ValueError when a part is not where version 1 has it.
    """
    label, end = _read(text, text.index('"label":') + 8)
    prev = None
    if chained:
        prev, end = _read(text, text.index('"prev":', end) + 7)
    facts, end = _read(text, text.index('"facts":', end) + 8)
    personal, _ = _read(text, text.index('"personal":', end) + 11)
    return label, prev, facts, personal


def _refuse_other_types(value: Any, where: str) -> None:
    if isinstance(value, Mapping):
        for name in value:
            if type(name) is not str:
                raise _refusal(f"{where}.{name}", "a name that is not a string")
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value)  # type: ignore[assignment]
    elif value is None or isinstance(value, str | int):  # members of str and int enumerations are written as their value
        return
    else:
        raise _refusal(where, type(value).__name__)
    for name, one in inner:
        if type(one) not in _PLAIN:
            _refuse_other_types(one, f"{where}.{name}")


def _refusal(where: str, found: str) -> InvalidError:
    place = where or "its root"
    return InvalidError(f"A trace record may not hold {found} at {place}.", code="trace_value_invalid", where=where, found=found)

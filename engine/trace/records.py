"""What is recorded: a record, the chain that it stands on, and the head of that chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Chain:
    """The entries of one subject, each holding the hash of the one before; (kind, id) names the row that keeps its head."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many entries it has and the hash of the last; no hash while it has none."""

    seq: int = 0
    hash: bytes | None = None


EMPTY = Head()


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened, before it becomes an entry.

    Facts are strings, ints, bools, None, lists and objects; moments go in as canonical.moment() text, floats are refused.
    Personal values (names, numbers of identity papers, addresses ...) belong in `personal` and nowhere else: the entry
    holds only their salted hash, so that they can be shredded later without breaking the trace.
    Without a chain it becomes a loose entry.
    """

    kind: str  # area.subject.verb
    facts: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    subject_code: str | None = None
    agency_id: int | None = None
    chain: Chain | None = None

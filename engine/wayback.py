"""The way on which a step was reached: what was done on it can be done again."""

from collections.abc import Iterable, Mapping
from typing import Any

SENT_BACK = "sent_back"  # the outcome of a step that was given up to have an earlier one done again

Row = Mapping[str, Any]


def way_to(rows: Iterable[Row], step: Row) -> list[Row]:
    """The steps that led to this one, each given by the one before, without the turns of loops: what was done again counts once.

    The way begins anew behind a timer, which nobody gives; at a join it is that of the branch that came last.
    """
    known = {row["id"]: row for row in rows}
    chain = [step]
    while (giver := known.get(chain[-1]["given_by_id"])) is not None:
        chain.append(giver)
    way: list[Row] = []
    for row in reversed(chain):
        codes = [earlier["code"] for earlier in way]
        if row["code"] in codes:
            del way[codes.index(row["code"]) :]
        way.append(row)
    return way


def done_before(rows: Iterable[Row], step: Row) -> list[Row]:
    """The completed steps on the way to this one, the first of them first; the latest pass of each."""
    return [row for row in way_to(rows, step) if row["status"] == "completed"]


def is_sent_back(step: Row) -> bool:
    """Whether a step was given up for an earlier one to be done again."""
    return bool(step["status"] == "cancelled" and step["outcome"] == SENT_BACK)

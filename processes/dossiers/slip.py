"""The tracking slip (phiếu kiểm soát quá trình): a projection of steps and clock ledger, never edited.

Each completed step is one handover: who gave, who received, when, and how the time of the step just ended was kept.
Source: facts 2.6; given = opened, received = claimed; the limit counts from given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.performers import Calendars
from engine.queries import ledger_of, steps_of
from engine.timelimit import Punctuality, is_late, punctuality
from engine.wayback import is_sent_back
from engine.worktime import WorkingCalendar
from processes.organisation.queries import names_of, unit_names


@dataclass(frozen=True, slots=True)
class Holder:
    """A unit and, once somebody took the step, a person."""

    unit: str
    person: str | None
    person_id: int | None


@dataclass(frozen=True, slots=True)
class EarlierHands:
    """Somebody who held the step before it was handed over or put back.

    Unit: minutes are working minutes in which the clock ran.
    """

    person: str | None
    since: datetime
    until: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class SlipLine:
    """One step as it stands on the slip.

    Unit: minutes are working minutes in which the clock ran. received_at: when the next step was taken; may be later than given.
    """

    step_id: int
    code: str
    name: str
    number: int  # the pass: 1, 2, ... when a step is done again
    status: str  # open | claimed | completed | cancelled
    giver: Holder  # who does, or did, this step
    receivers: tuple[Holder, ...]  # who got it next; empty while it is not done
    opened_at: datetime
    claimed_at: datetime | None
    done_at: datetime | None
    received_at: datetime | None
    limit_text: str
    limit_minutes: int | None
    used_minutes: int
    due_at: datetime | None
    remaining_minutes: int | None
    punctuality: Punctuality | None
    late_minutes: int
    breached_at: datetime | None
    outcome: str | None
    late_reason: str | None
    note: str | None
    stops_clock: bool
    reply_due_at: datetime | None
    earlier: tuple[EarlierHands, ...] = ()
    sent_back_to: str | None = None  # the step that is done again instead; the note says why


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the legal clock stood still."""

    reason: str
    reference: str | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Slip:
    """Everything that the slip of one dossier shows, in the order in which it happened."""

    lines: tuple[SlipLine, ...]
    pauses: tuple[Pause, ...]


def tracking_slip(connection: Connection, calendars: Calendars, instance_id: int, now: datetime) -> Slip:
    """The slip as it stands at a moment; four statements."""
    steps = steps_of(connection, [instance_id])
    pauses = pauses_of(ledger_of(connection, [instance_id]))
    people = names_of(connection, [person for step in steps for person in _hands(step)])
    units = unit_names(connection, [step["unit_id"] for step in steps])
    holders = {step["id"]: _holder(step, people, units) for step in steps}
    given: dict[int, list[Mapping[str, Any]]] = {}
    for step in steps:
        given.setdefault(step["given_by_id"] or 0, []).append(step)
    lines = [
        replace(
            _line(connection, calendars, step, holders, given.get(step["id"], []), pauses, now),
            earlier=_earlier(calendars.by_id(connection, step["calendar_version_id"]), step, people, pauses),
            sent_back_to=_sent_back_to(step, given),
        )
        for step in steps
    ]
    return Slip(tuple(lines), pauses)


def pauses_of(ledger: Sequence[Mapping[str, Any]]) -> tuple[Pause, ...]:
    """The times in which the clock stood still, from its ledger; overlapping holds are one pause."""
    pauses: list[Pause] = []
    holds, since, first = 0, None, None
    for entry in ledger:
        if entry["kind"] == "stop":
            holds += 1
            if holds == 1:
                since, first = entry["at"], entry
        elif entry["kind"] in ("resume", "finish", "close") and holds:
            holds = holds - 1 if entry["kind"] == "resume" else 0
            if holds == 0 and since is not None and first is not None:
                pauses.append(Pause(first["reason"], first["reference"], since, entry["at"]))
                since = None
    if holds and since is not None and first is not None:
        pauses.append(Pause(first["reason"], first["reference"], since, None))
    return tuple(pauses)


def running_minutes(calendar: WorkingCalendar, start: datetime, end: datetime, pauses: Sequence[Pause]) -> int:
    """Working minutes between two moments in which the clock ran."""
    if end <= start:
        return 0
    still = 0
    for pause in pauses:
        since, until = max(start, pause.since), min(end, pause.until or end)
        if since < until:
            still += calendar.between(since, until)
    return max(0, calendar.between(start, end) - still)


def _hands(step: Mapping[str, Any]) -> list[int | None]:
    return [step["handler_id"], step["done_by_id"], *(int(person) for person, _, _ in step["holders"])]


def _holder(step: Mapping[str, Any], people: Mapping[int, str], units: Mapping[int, str]) -> Holder:
    person_id = step["done_by_id"] or step["handler_id"]
    unit = step["external"] or units.get(step["unit_id"] or 0, "")
    return Holder(unit, people.get(person_id) if person_id is not None else None, person_id)


def _earlier(
    calendar: WorkingCalendar, step: Mapping[str, Any], people: Mapping[int, str], pauses: Sequence[Pause]
) -> tuple[EarlierHands, ...]:
    past = [(int(person), datetime.fromisoformat(since), datetime.fromisoformat(until)) for person, since, until in step["holders"]]
    own_pauses = () if step["stops_clock"] else pauses
    return tuple(
        EarlierHands(people.get(person), since, until, running_minutes(calendar, since, until, own_pauses)) for person, since, until in past
    )


def _sent_back_to(step: Mapping[str, Any], given: Mapping[int, Sequence[Mapping[str, Any]]]) -> str | None:
    return next((str(one["code"]) for one in given.get(step["id"], ())), None) if is_sent_back(step) else None


def _line(
    connection: Connection,
    calendars: Calendars,
    step: Mapping[str, Any],
    holders: Mapping[int, Holder],
    next_steps: Sequence[Mapping[str, Any]],
    pauses: Sequence[Pause],
    now: datetime,
) -> SlipLine:
    calendar = calendars.by_id(connection, step["calendar_version_id"])
    until = step["done_at"] or now
    judged_by = step["breached_at"] or step["due_at"]
    is_done = step["status"] == "completed"
    late = is_late(judged_by, until) and (step["status"] != "cancelled" or is_sent_back(step))
    received = [one["claimed_at"] for one in next_steps if one["claimed_at"] is not None]
    own_pauses = () if step["stops_clock"] else pauses
    return SlipLine(
        step_id=step["id"],
        code=step["code"],
        name=step["name"],
        number=step["pass"],
        status=step["status"],
        giver=holders[step["id"]],
        receivers=tuple(holders[one["id"]] for one in next_steps),
        opened_at=step["opened_at"],
        claimed_at=step["claimed_at"],
        done_at=step["done_at"],
        received_at=min(received) if received else None,
        limit_text=step["limit_text"],
        limit_minutes=step["limit_minutes"],
        used_minutes=running_minutes(calendar, step["opened_at"], until, own_pauses),
        due_at=step["due_at"],
        remaining_minutes=step["remaining_minutes"],
        punctuality=punctuality(judged_by, step["done_at"], calendar.zone) if is_done else (Punctuality.OVERDUE if late else None),
        late_minutes=running_minutes(calendar, judged_by, until, own_pauses) if late and judged_by is not None else 0,
        breached_at=step["breached_at"],
        outcome=step["outcome"],
        late_reason=step["late_reason"],
        note=step["note"],
        stops_clock=step["stops_clock"],
        reply_due_at=step["reply_due_at"],
    )

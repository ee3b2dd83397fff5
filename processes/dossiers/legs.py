"""The slip's lines as form 06 prints them: one handover each, with those who gave, those who received and what is to be noted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.performers import Calendars
from engine.queries import steps_of
from engine.timelimit import LimitKind, Punctuality, TimeLimit
from engine.worktime import WorkingCalendar
from processes.dossiers import rules
from processes.dossiers.slip import Pause, SlipLine, tracking_slip
from processes.forms.definitions import definition_on
from processes.forms.tracking_slip import ClockPause, EarlierHand, Hand, Leg
from processes.organisation.models import Agency, Person
from processes.organisation.queries import unit_names
from processes.organisation.rules import ROLE_TITLES, local_day

_PAUSES = {
    "supplement": "chờ công dân bổ sung",
    "financial_duty": "chờ thực hiện nghĩa vụ tài chính",
    "drawn_wait": "chờ kết quả của nơi được hỏi",
}
_PAUSE_FORMS = {"supplement": "supplement_request"}


def handovers(
    connection: Connection,
    calendars: Calendars,
    instance: Mapping[str, Any],
    now: datetime,
    late_reasons: Mapping[str, str],
) -> tuple[Leg, ...]:
    """One for each step but the last, in which the citizen gets the result: that is signed for in the register."""
    slip = tracking_slip(connection, calendars, instance["id"], now)
    rows = steps_of(connection, [instance["id"]])
    hands = _hands(connection, instance["agency_id"], rows)
    receivers = _receivers(rows)
    counts_days = TimeLimit.parse(instance["limit_text"]).kind is LimitKind.CALENDAR_DAYS
    calendar = calendars.by_id(connection, instance["calendar_version_id"])
    pauses = [(pause, _clock_pause(pause, None if counts_days else calendar)) for pause in slip.pauses]
    to_citizen = {row["id"] for row in rows if row["status_on_completion"] == rules.RETURNED}
    lines = [line for line in slip.lines if line.step_id not in to_citizen]
    return tuple(
        _leg(
            line,
            replace(hands[line.step_id], at=line.done_at),
            tuple(replace(hands[row["id"]], at=row["claimed_at"]) for row in receivers.get(line.step_id, ())),
            tuple(told for pause, told in pauses if _falls_within(pause, line)),
            late_reasons,
        )
        for line in sorted(lines, key=lambda line: (line.done_at is None, line.done_at or line.opened_at, line.step_id))
    )


def _leg(line: SlipLine, giver: Hand, receivers: tuple[Hand, ...], pauses: tuple[ClockPause, ...], late_reasons: Mapping[str, str]) -> Leg:
    was_cancelled_late = line.status == "cancelled" and line.breached_at is not None
    return Leg(
        step_code=line.code,
        number=line.number,
        status=line.status,
        giver=giver,
        receivers=receivers,
        result=Punctuality.OVERDUE if was_cancelled_late else line.punctuality,
        used_minutes=line.used_minutes,
        limit_minutes=line.limit_minutes,
        limit=TimeLimit.parse(line.limit_text).in_vietnamese(),
        due_at=line.due_at,
        late_minutes=line.late_minutes,
        late_reason=late_reasons.get(line.late_reason, line.late_reason) if line.late_reason else None,
        note=line.note,
        pauses=pauses,
        earlier=tuple(EarlierHand(one.person or "", one.until, one.minutes) for one in line.earlier),
        sent_back_to=line.sent_back_to,
    )


def _receivers(rows: Sequence[Mapping[str, Any]]) -> Mapping[int, list[Mapping[str, Any]]]:
    """Who got each step's work next; after a timer, in which nobody gave, it comes from the last who gave to nobody."""
    receivers: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        giver_id = row["given_by_id"]
        if giver_id is None:
            waiting = [
                one for one in rows if one["status"] == "completed" and one["id"] not in receivers and one["done_at"] <= row["opened_at"]
            ]
            giver_id = max(waiting, key=lambda one: one["done_at"])["id"] if waiting else None
        if giver_id is not None:
            receivers.setdefault(giver_id, []).append(row)
    return receivers


def _hands(connection: Connection, agency_id: int, rows: Sequence[Mapping[str, Any]]) -> Mapping[int, Hand]:
    """Who has, or had, each step."""
    people = people_by_id(connection, [row["done_by_id"] or row["handler_id"] for row in rows])
    units = unit_names(connection, [row["unit_id"] for row in rows])
    others = agency_names(connection, {row["agency_id"] for row in rows} - {agency_id})
    hands = {}
    for row in rows:
        unit = row["external"] or others.get(row["agency_id"]) or units.get(row["unit_id"]) or ROLE_TITLES[row["role"]]
        name, login = people.get(row["done_by_id"] or row["handler_id"], (None, None))
        hands[row["id"]] = Hand(unit, name, login)
    return hands


def _clock_pause(pause: Pause, calendar: WorkingCalendar | None) -> ClockPause:
    form = ""
    if pause.reason in _PAUSE_FORMS:
        form = definition_on(_PAUSE_FORMS[pause.reason], local_day(pause.since)).short
        form += f", số {pause.reference}" if pause.reference else ""
    minutes = calendar.between(pause.since, pause.until) if calendar is not None and pause.until is not None else None
    return ClockPause(_PAUSES.get(pause.reason, "tạm dừng"), form, pause.since, pause.until, minutes)


def _falls_within(pause: Pause, line: SlipLine) -> bool:
    return line.opened_at <= pause.since and (line.done_at is None or pause.since < line.done_at)


def people_by_id(connection: Connection, ids: Iterable[int | None]) -> Mapping[int | None, tuple[str, str]]:
    """Full name and account by person."""
    wanted = {one for one in ids if one is not None}
    query = select(Person.id, Person.full_name, Person.login).where(Person.id.in_(wanted))
    return {row.id: (row.full_name, row.login) for row in connection.execute(query)} if wanted else {}


def agency_names(connection: Connection, ids: Iterable[int]) -> Mapping[int, str]:
    wanted = set(ids)
    query = select(Agency.id, Agency.name).where(Agency.id.in_(wanted))
    return {row.id: row.name for row in connection.execute(query)} if wanted else {}

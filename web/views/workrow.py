"""One line of the worklist: whose dossier, which step, how much time, and what can be done with it from here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from engine.actor import Actor
from engine.queries import WorkItem
from engine.timelimit import is_late
from engine.worktime import WorkingCalendar
from processes.dossiers import rules
from processes.dossiers.worklists import WorkFacts
from processes.organisation.rights import may, may_view_personal
from web import timephrases, wording
from web.timephrases import TimeLeft


@dataclass(frozen=True)
class Action:
    """Something that can be done from a line: sent to an address of its own, or done on another page."""

    label: str
    icon: str
    action: str | None = None
    href: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Row:
    """A line as the worklist shows it."""

    id: int
    code: str
    href: str
    owner: str
    phone: str
    procedure_name: str
    procedure_code: str
    step_code: str
    step_name: str
    step_line: str
    state: str
    word: str | None
    time: TimeLeft
    due_at: datetime | None
    main: Action
    other: Action | None
    hand_over_href: str | None = None  # of a step that one holds: where it is given to a colleague


def work_row(
    item: WorkItem,
    facts: WorkFacts | None,
    actor: Actor,
    now: datetime,
    calendar: WorkingCalendar,
    *,
    asks_outcome: bool,
    asked: dict[str, Any],
) -> Row:
    """asks_outcome: the step has named results to choose from; asked: the list that the actions come back to."""
    late = is_late(item.due_at, now)
    held = item.handler_id is not None and item.handler_id == actor.person_id
    time, state, word = _time(item, now, calendar)
    in_clear = may_view_personal(actor, agency_id=item.owner_agency_id, handler_ids=(item.handler_id,))
    phone = facts.phone if facts is not None else ""
    return Row(
        id=item.step_id,
        code=item.subject_code,
        href=url_for("dossier.dossier", code=item.subject_code),
        owner=item.subject_party,
        phone=(wording.phone if in_clear else wording.masked)(phone) if phone else "",
        procedure_name=item.subject_title,
        procedure_code=facts.procedure_code if facts is not None else "",
        step_code=item.step_code,
        step_name=item.step_name,
        step_line=_step_line(item, facts, actor, now, calendar, late=late),
        state=state,
        word=word,
        time=time,
        due_at=item.due_at,
        main=_main(item, actor, held=held, to_page=late or asks_outcome, asked=asked),
        other=Action("Trả việc", "undo", action=url_for("desk.release", step_id=item.step_id, **asked), key="t") if held else None,
        hand_over_href=url_for("dossier.dossier", code=item.subject_code, _anchor="others") if held else None,
    )


def _time(item: WorkItem, now: datetime, calendar: WorkingCalendar) -> tuple[TimeLeft, str, str | None]:
    """How the step stands, the key of its state, and the word when it is not the usual one."""
    if is_late(item.due_at, now):
        return timephrases.left(item.due_at, now, calendar), "overdue", None
    if item.stops_clock or (item.clock == "stopped" and item.due_at is None):
        since = item.opened_at if item.stops_clock else (item.stopped_at or item.opened_at)
        told = timephrases.paused(since, item.remaining_minutes, now, calendar)
        reply_due_at = item.reply_due_at or item.subject_reply_due_at
        if reply_due_at is not None:
            told = TimeLeft(told.length, f"trả lời đến {timephrases.moment(reply_due_at, now, calendar.zone)}", told.exact, "paused", "")
        return told, "paused", None
    if item.status_on_completion == rules.RETURNED:
        return timephrases.left(item.due_at, now, calendar), "done", "Có kết quả"
    left = timephrases.left(item.due_at, now, calendar)
    return left, left.state, None


def _step_line(item: WorkItem, facts: WorkFacts | None, actor: Actor, now: datetime, calendar: WorkingCalendar, *, late: bool) -> str:
    told = []
    if item.handler_id is not None and item.handler_id != actor.person_id and facts is not None and facts.holder_name:
        told.append(f"{facts.holder_name} đang giữ")
    elif item.handler_id is None and item.offered_to_id is not None and item.offered_to_id == actor.person_id:
        told.append("giao đích danh cho bạn")
    if item.step_pass > 1:
        told.append(f"làm lại lần {item.step_pass}")
    if late and item.subject_due_at is not None:
        told.append(f"hẹn trả {timephrases.moment(item.subject_due_at, now, calendar.zone)}")
    return ", ".join(told)


def _main(item: WorkItem, actor: Actor, *, held: bool, to_page: bool, asked: dict[str, Any]) -> Action:
    """The one thing that is most likely done with this step now."""
    page = url_for("dossier.dossier", code=item.subject_code, _anchor="now")
    stopped = item.clock == "stopped" and not item.stops_clock
    if stopped and item.is_suspended and may(actor, "dossier.supplement", agency_id=item.owner_agency_id):
        return Action("Nhận bổ sung", "tick", href=page, key="h")
    if item.handler_id is not None and not held:
        return Action("Mở hồ sơ", "file", href=page)
    if not held:
        return Action("Nhận việc", "hand", action=url_for("desk.claim", step_id=item.step_id, **asked), key="h")
    if stopped:
        return Action("Mở hồ sơ", "file", href=page)
    if item.status_on_completion == rules.RETURNED:
        return Action("Trả kết quả", "tick", href=page, key="h")
    if to_page:
        return Action("Hoàn thành", "tick", href=page, key="h")
    return Action("Hoàn thành", "tick", action=url_for("desk.complete", step_id=item.step_id, **asked), key="h")

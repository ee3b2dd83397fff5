"""The figures of the monitor and the register, each defined once: its name, its meaning as the screen says it, its clause.

A list that a figure leads to uses the same clause as the figure, so that they never disagree. Clauses speak of
`dossiers` outer-joined with `instances`; "now" is cut to the minute as everywhere (rule 1.2).
Source: facts 8.1 (Biểu II.06: what is counted as received, resolved, being resolved).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from engine.actor import Actor
from engine.clock import minute
from engine.tables import instances, steps
from processes.dossiers import rules
from processes.dossiers.models import dossiers
from processes.organisation.rights import visible_instances
from processes.organisation.rules import OFFICE_ZONE, local_day
from processes.reporting.localtime import local_day_text

OPEN_STEP = ("open", "claimed")
LIVE = "live"
_BEFORE_ALL = date(2000, 1, 1)  # before the first dossier of any database


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure by the name that screens give it, and what exactly it counts."""

    name: str
    meaning: str


FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "ontime": Figure(
            "Đúng và trước hạn",
            "Số hồ sơ giải quyết xong trong kỳ mà không quá hạn, chia cho số hồ sơ giải quyết xong trong kỳ.",
        ),
        "overdue": Figure(
            "Đang quá hạn",
            "Hồ sơ đã tiếp nhận, chưa có kết quả, đã qua giờ hẹn trả; hồ sơ quá hạn rồi mới tạm dừng vẫn tính.",
        ),
        "today": Figure("Đến hạn hôm nay", "Hồ sơ chưa có kết quả, đồng hồ đang chạy, giờ hẹn trả còn lại trong ngày hôm nay."),
        "paused": Figure(
            "Tạm dừng", "Hồ sơ chưa có kết quả mà đồng hồ đang dừng: chờ bổ sung, chờ nghĩa vụ tài chính, chờ xác minh theo quy trình."
        ),
        "open": Figure(
            "Đang giải quyết", "Hồ sơ đã tiếp nhận, chưa có kết quả, chưa rút, chưa dừng, không bị từ chối; gồm cả hồ sơ tạm dừng."
        ),
        "resolved": Figure(
            "Đã giải quyết",
            "Hồ sơ có kết quả tại một cửa trong kỳ, cộng hồ sơ công dân rút hoặc dừng giải quyết trong kỳ; từ chối tiếp nhận không tính.",
        ),
        "late": Figure(
            "Giải quyết quá hạn", "Hồ sơ giải quyết xong trong kỳ mà hạn đã qua trước khi xong, theo giờ hẹn trả đang có hiệu lực lúc đó."
        ),
        "received": Figure("Tiếp nhận", "Hồ sơ tiếp nhận trong kỳ, cộng hồ sơ từ kỳ trước chuyển sang chưa giải quyết xong."),
        "open_then": Figure("Đang giải quyết cuối kỳ", "Hồ sơ tiếp nhận trước khi hết kỳ mà đến hết kỳ chưa giải quyết xong."),
        "step_overdue": Figure("Bước đang quá hạn", "Hồ sơ có ít nhất một bước đang mở đã qua hạn của bước."),
    }
)


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included."""

    since: date
    until: date

    @property
    def starts_at(self) -> datetime:
        return start_of(self.since)

    @property
    def ends_at(self) -> datetime:
        """The first moment that no longer belongs to it."""
        return start_of(self.until + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def before(self) -> "Period":
        """The period of the same length just before this one."""
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))


def start_of(day: date) -> datetime:
    """The first moment of a local day."""
    return datetime.combine(day, time(), OFFICE_ZONE)


def ever(now: datetime) -> Period:
    """Everything up to today."""
    return Period(_BEFORE_ALL, local_day(now))


def own_dossiers(actor: Actor) -> ColumnElement[bool]:
    """The dossiers in the books of the actor's agency, as far as the actor may see them."""
    return and_(dossiers.c.agency_id == actor.agency_id, or_(dossiers.c.instance_id.is_(None), visible_instances(actor)))


def live() -> ColumnElement[bool]:
    """What happened here and now; imported, simulated and retroactive dossiers stay out of live figures (rule 3.6)."""
    return dossiers.c.origin == LIVE


def resolved_at() -> ColumnElement[Any]:
    """When a dossier was resolved: its result came back to the counter, it was withdrawn or stopped; null while it is not."""
    return func.coalesce(dossiers.c.finished_at, dossiers.c.closed_at)


def is_counted() -> ColumnElement[bool]:
    """Accepted, and not refused afterwards."""
    return and_(dossiers.c.accepted_at.is_not(None), dossiers.c.status != rules.REFUSED)


def is_open() -> ColumnElement[bool]:
    return and_(dossiers.c.accepted_at.is_not(None), dossiers.c.finished_at.is_(None), dossiers.c.closed_at.is_(None))


def is_past_due(now: datetime) -> ColumnElement[bool]:
    """The appointment has passed: recorded as a breach, or not yet swept."""
    unswept = and_(instances.c.clock == "running", instances.c.due_at < minute(now))
    return or_(instances.c.breached_at.is_not(None), func.coalesce(unswept, False))


def is_overdue(now: datetime) -> ColumnElement[bool]:
    return and_(is_open(), is_past_due(now))


def is_due_today(now: datetime) -> ColumnElement[bool]:
    tomorrow = start_of(local_day(now) + timedelta(days=1))
    running = and_(instances.c.clock == "running", instances.c.breached_at.is_(None))
    return and_(is_open(), running, instances.c.due_at >= minute(now), instances.c.due_at < tomorrow)


def is_paused() -> ColumnElement[bool]:
    return and_(is_open(), instances.c.clock == "stopped")


def is_resolved(period: Period) -> ColumnElement[bool]:
    return and_(is_counted(), resolved_at() >= period.starts_at, resolved_at() < period.ends_at)


def is_received(period: Period) -> ColumnElement[bool]:
    """In the book of the period: accepted in it, or carried into it unresolved."""
    unresolved_before = or_(resolved_at().is_(None), resolved_at() >= period.starts_at)
    return and_(is_counted(), dossiers.c.accepted_at < period.ends_at, unresolved_before)


def is_unresolved_after(period: Period) -> ColumnElement[bool]:
    """Of what is in the book of the period: carried out of it."""
    return or_(resolved_at().is_(None), resolved_at() >= period.ends_at)


def was_late() -> ColumnElement[bool]:
    """Of a resolved dossier: its deadline in force had passed before."""
    return instances.c.breached_at.is_not(None)


def was_early() -> ColumnElement[bool]:
    """Of a resolved dossier that was not late: resolved on a date before the due date."""
    return and_(instances.c.breached_at.is_(None), local_day_text(resolved_at()) < local_day_text(instances.c.due_at))


def step_is_overdue(now: datetime) -> ColumnElement[bool]:
    """An open step whose deadline has passed."""
    return and_(
        steps.c.status.in_(OPEN_STEP),
        or_(steps.c.breached_at.is_not(None), and_(steps.c.due_at.is_not(None), steps.c.due_at < minute(now))),
    )


def has_overdue_step(
    now: datetime, *, unit_id: int | None = None, holder_id: int | None = None, step_code: str | None = None
) -> ColumnElement[bool]:
    """Dossiers with an overdue step, in this unit, in these hands (0: nobody's), or with this code."""
    where = [steps.c.instance_id == dossiers.c.instance_id, steps.c.agency_id == dossiers.c.agency_id, step_is_overdue(now)]
    if unit_id is not None:
        where.append(steps.c.unit_id == unit_id)
    if holder_id is not None:
        where.append(steps.c.handler_id == holder_id if holder_id else steps.c.handler_id.is_(None))
    if step_code is not None:
        where.append(steps.c.code == step_code)
    return exists(select(steps.c.id).where(*where).correlate(dossiers))


def state_clause(state: str, now: datetime, period: Period | None) -> ColumnElement[bool]:
    """The dossiers that a figure counts.

    Raises: KeyError for a figure that is none of ours.
    """
    whole = period or ever(now)
    clauses: Mapping[str, Callable[[], ColumnElement[bool]]] = {
        "open": is_open,
        "overdue": lambda: is_overdue(now),
        "today": lambda: is_due_today(now),
        "paused": is_paused,
        "resolved": lambda: is_resolved(whole),
        "ontime": lambda: and_(is_resolved(whole), not_(was_late())),
        "late": lambda: and_(is_resolved(whole), was_late()),
        "received": lambda: is_received(whole),
        "open_then": lambda: and_(is_received(whole), is_unresolved_after(whole)),
        "step_overdue": lambda: has_overdue_step(now),
    }
    return clauses[state]()

"""The monitor: figures in words, each with the address of the dossiers that it counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import Connection

from engine.queries import is_simulated, last_sweep
from engine.timelimit import LimitKind, TimeLimit
from engine.worktime import WorkingCalendar
from processes.organisation.rules import local_day
from processes.reporting import queries
from processes.reporting.figures import FIGURES, Period
from processes.reporting.queries import Book, OverdueDossier, Present, ProcedureFigures, Scope, Share, Stuck
from processes.reporting.register import RegisterFilter
from processes.reporting.steptimes import StepTimes, slowest_steps
from web import timephrases, wording
from web.services import services
from web.views.addresses import Asked, dossier_href, month_of, period_fields, read_period, told_period, usual_periods
from web.views.register import register_href
from web.views.trend import trend_of

WEEKS = 12
MOST_OVERDUE = 20
SWEEP_IS_LATE = timedelta(minutes=5)
_METER_LIMIT = 60  # where the limit stands on a meter, in percent of its width


def monitor_view(connection: Connection, scope: Scope, asked: Asked, simulated: bool) -> dict[str, Any]:
    """Everything that monitor.html shows; a fixed number of statements."""
    areas = services().areas
    assert areas is not None and scope.actor.agency_id is not None
    _, calendar = areas.calendars.current(connection, scope.actor.agency_id)
    now, links = scope.now, _Links(scope)
    present, book = queries.present(connection, scope), queries.book(connection, scope)
    this, before = queries.shares(connection, scope, [scope.period, scope.period.before()])
    weeks = queries.weeks(now, WEEKS)
    overdue_steps, in_dossiers = queries.count_overdue_steps(connection, scope)
    overdue = queries.overdue_dossiers(connection, scope, MOST_OVERDUE)
    return {
        "period": scope.period,
        "told_period": told_period(scope.period),
        "days": period_fields(asked, scope.period),
        "periods": _periods(scope, asked),
        "figures": _figures(present, this, before, links),
        "meanings": FIGURES,
        "trend": trend_of(weeks, queries.shares(connection, scope, weeks), local_day(now)),
        "book": _book(book, links),
        "stuck": _stuck(connection, scope, links),
        "stuck_line": f"{wording.number(overdue_steps)} bước đang quá hạn trong {wording.number(in_dossiers)} hồ sơ",
        "procedures": [_procedure(one, links) for one in queries.by_procedure(connection, scope)],
        "overdue": [_overdue(one, now, calendar) for one in overdue],
        "overdue_total": present.overdue,
        "overdue_href": links.state("overdue"),
        "slow": [_slow(one, calendar) for one in slowest_steps(connection, scope, calendar)],
        "sweep": _sweep(connection, now, calendar),
        "live_only": scope.live_only,
        "origin_href": None if simulated else url_for("monitor.monitor", **_asked(scope.period), origin="all" if scope.live_only else None),
    }


def read_scope(connection: Connection, actor: Any, asked: Asked, now: datetime) -> tuple[Scope, bool]:
    """The period that is asked for, else this month; and whether the database is simulated, where all origins are live figures (3.6)."""
    today, simulated = local_day(now), is_simulated(connection)
    period = read_period(asked, today) or month_of(today)
    return Scope(actor, period, now, live_only=not simulated and asked.get("origin") != "all"), simulated


class _Links:
    """Addresses of the register that show exactly what a figure counts."""

    def __init__(self, scope: Scope) -> None:
        self._base = RegisterFilter(live_only=scope.live_only)
        self._period = scope.period

    def state(self, state: str, **more: Any) -> str:
        """What stands so now."""
        return register_href(replace(self._base, state=state, **more))

    def resolved(self, state: str = "resolved", **more: Any) -> str:
        """What was resolved in the period."""
        return register_href(replace(self._base, state=state, period=self._period, by="resolved", **more))

    def book(self, state: str) -> str:
        """What the book of the period counts."""
        return register_href(replace(self._base, state=state, period=self._period, by="book"))

    def steps(self, **more: Any) -> str:
        """What has an overdue step."""
        return register_href(replace(self._base, state="step_overdue", **more))


def _asked(period: Period) -> dict[str, Any]:
    return {"since": period.since.isoformat(), "until": period.until.isoformat()}


def _periods(scope: Scope, asked: Asked) -> list[dict[str, Any]]:
    origin: dict[str, Any] = {"origin": "all"} if asked.get("origin") == "all" else {}
    usual = usual_periods(local_day(scope.now))
    pressed = next((name for name, period in usual if period == scope.period), None)  # in January the month is the year
    return [
        {"name": name, "href": url_for("monitor.monitor", **_asked(period), **origin), "pressed": name == pressed} for name, period in usual
    ]


def _figures(present: Present, this: Share, before: Share, links: _Links) -> list[dict[str, Any]]:
    waits = (("bổ sung", present.waiting_supplement), ("tài chính", present.waiting_duty), ("xác minh", present.waiting_drawn))
    why = ", ".join(f"{word} {wording.number(count)}" for word, count in waits if count)
    ontime = wording.percent(this.ontime) if this.ontime is not None else "–"
    return [
        _figure("ontime", "check", "ontime" if not this.late else "soon", ontime, _trend_line(this, before), links.resolved()),
        _figure("overdue", "alert", "overdue", present.overdue, "đã qua giờ hẹn trả", links.state("overdue")),
        _figure("today", "clock", "soon", present.today, "hẹn trả trong hôm nay", links.state("today")),
        _figure("paused", "pause", "paused", present.paused, why or "đồng hồ không dừng ở đâu", links.state("paused")),
        _figure("open", "desk", "", present.open, _open_line(present), links.state("open")),
    ]


def _figure(key: str, icon: str, tone: str, figure: int | str, line: str, href: str) -> dict[str, Any]:
    return {
        "name": FIGURES[key].name,
        "meaning": FIGURES[key].meaning,
        "icon": icon,
        "tone": tone if figure else "",
        "figure": wording.number(figure) if isinstance(figure, int) else figure,
        "line": line,
        "href": href,
    }


def _trend_line(this: Share, before: Share) -> str:
    if this.ontime is None:
        return "chưa hồ sơ nào giải quyết xong trong kỳ"
    told = f"{wording.number(this.resolved - this.late)} trên {wording.number(this.resolved)}"
    if before.ontime is None:
        return f"{told}; kỳ trước chưa có"
    change = round(100 * (this.ontime - before.ontime), 1)
    moved = "bằng" if not change else f"{'tăng' if change > 0 else 'giảm'} {wording.number(abs(change), 1)} điểm so với"
    return f"{told}; {moved} kỳ trước ({wording.percent(before.ontime)})"


def _open_line(present: Present) -> str:
    return f"{wording.number(present.open - present.overdue)} trong hạn, {wording.number(present.overdue)} quá hạn"


def _book(book: Book, links: _Links) -> dict[str, Any]:
    number = wording.number
    came = f"trực tuyến {number(book.online)}, trực tiếp và bưu chính {number(book.counter)}, kỳ trước {number(book.carried)}"
    done = f"trước hạn {number(book.early)}, đúng hạn {number(book.ontime)}, quá hạn {number(book.late)}"
    still = f"trong hạn {number(book.open_within)}, quá hạn {number(book.open_overdue)}"
    return {
        "rows": [
            {"name": "Tiếp nhận", "line": came, "figure": number(book.received), "href": links.book("received")},
            {"name": "Đã giải quyết", "line": done, "figure": number(book.resolved), "href": links.resolved()},
            {"name": "Đang giải quyết", "line": still, "figure": number(book.open), "href": links.book("open_then")},
        ],
        "sum": f"{number(book.received)} = {number(book.resolved)} + {number(book.open)}",
        "holds": book.received == book.resolved + book.open,
    }


def _stuck(connection: Connection, scope: Scope, links: _Links) -> list[dict[str, Any]]:
    steps, units, holders = (find(connection, scope) for find in (queries.stuck_steps, queries.stuck_units, queries.stuck_holders))
    return [
        {
            "title": "Bước",
            "rows": _bars(steps, [links.steps(step_code=str(one.key), procedure_code=one.procedure_code) for one in steps]),
        },
        {"title": "Đơn vị", "rows": _bars(units, [links.steps(unit_id=one.key) if one.key is not None else None for one in units])},
        {
            "title": "Người đang giữ",
            "rows": _bars(holders, [links.steps(holder_id=one.key) for one in holders], say_held=True),
        },
    ]


def _bars(rows: Sequence[Stuck], hrefs: Sequence[str | None], *, say_held: bool = False) -> list[dict[str, Any]]:
    most = max((one.overdue for one in rows), default=1)
    return [
        {
            "label": one.name,
            "detail": f"đang giữ {wording.number(one.held)} việc" if say_held and one.key else one.detail,
            "figure": wording.number(one.overdue),
            "width": max(2, round(100 * one.overdue / most)),
            "href": href,
        }
        for one, href in zip(rows, hrefs, strict=True)
    ]


def _procedure(one: ProcedureFigures, links: _Links) -> dict[str, Any]:
    share = one.share.ontime
    return {
        "name": one.name,
        "code": one.code,
        "open": one.open,
        "open_href": links.state("open", procedure_code=one.code),
        "overdue": one.overdue,
        "overdue_href": links.state("overdue", procedure_code=one.code),
        "resolved": one.share.resolved,
        "resolved_href": links.resolved(procedure_code=one.code),
        "late": one.share.late,
        "late_href": links.resolved("late", procedure_code=one.code),
        "share": wording.percent(share) if share is not None else "–",
    }


def _overdue(one: OverdueDossier, now: datetime, calendar: WorkingCalendar) -> dict[str, Any]:
    days = TimeLimit.parse(one.limit_text).kind is LimitKind.CALENDAR_DAYS
    return {
        "code": one.code,
        "href": dossier_href(one.code),
        "owner": one.owner,
        "procedure_name": one.procedure_name,
        "steps": [{"code": code, "name": name, "who": who} for code, name, who in one.steps],
        "time": timephrases.left(one.due_at, now, calendar, calendar_days=days),
        "is_paused": one.is_paused,
    }


def _slow(one: StepTimes, calendar: WorkingCalendar) -> dict[str, Any]:
    is_over = one.p90_permille > 1000
    return {
        "code": one.code,
        "name": one.name,
        "procedure_name": one.procedure_name,
        "procedure_code": one.procedure_code,
        "limit": _limit_words(TimeLimit.parse(one.limit_text), calendar),
        "median": timephrases.length(one.median_minutes, calendar.minutes_per_working_day),
        "p90": timephrases.length(one.p90_minutes, calendar.minutes_per_working_day),
        "share": wording.percent(one.p90_permille / 1000, 0),
        "is_over": is_over,
        "width": min(100, max(1, round(_METER_LIMIT * one.p90_permille / 1000))),
        "limit_at": _METER_LIMIT,
        "late": f"{wording.number(one.late)} trên {wording.number(one.passes)}",
        "late_share": wording.percent(one.late / one.passes),
    }


def _limit_words(limit: TimeLimit, calendar: WorkingCalendar) -> str:
    """A limit in the units of the lengths beside it: "30 phút", "3 ngày"."""
    minutes = limit.working_minutes(calendar.minutes_per_working_day)
    return timephrases.length(minutes, calendar.minutes_per_working_day) if minutes else limit.in_vietnamese().removesuffix(" làm việc")


def _sweep(connection: Connection, now: datetime, calendar: WorkingCalendar) -> dict[str, Any]:
    """Whether what is overdue is recorded by itself, as it should be every minute."""
    beat = last_sweep(connection)
    if beat is None:
        return {"is_late": True, "text": "Chưa lần nào rà hạn: quá hạn chưa được ghi nhận tự động. Báo quản trị."}
    told = timephrases.moment(beat["at"], now, calendar.zone)
    if now - beat["at"] > SWEEP_IS_LATE:
        told = f"Rà hạn đang chậm, lần cuối lúc {told}. Con số quá hạn vẫn đúng; phiếu không phù hợp lập muộn. Báo quản trị."
        return {"is_late": True, "text": told}
    return {"is_late": False, "text": f"Rà hạn lần cuối lúc {told}."}

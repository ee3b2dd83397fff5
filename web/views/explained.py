"""The arithmetic of a deadline in words: facts of engine.explanation as lines of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from engine.explanation import DayLine, ExplainLine
from engine.moving import Unit
from engine.timelimit import LimitKind, LimitRule, TimeLimit
from engine.worktime import WorkingCalendar
from web import timephrases, wording

_FEW_DAYS = 8  # more days than these are told in stretches


@dataclass(frozen=True)
class SumLine:
    """A line of the table; a cell is text, or several lines of it."""

    cells: tuple[str | list[str], ...]
    off: bool = False


@dataclass(frozen=True)
class Explained:
    """What macros.explain shows."""

    title: str
    caption: str
    lines: Sequence[SumLine]
    total: Sequence[str]
    columns: Sequence[str] | None = None
    note: str | None = None


# --- before there is a dossier: day by day --------------------------------------------------------------------------


def explained_days(lines: Sequence[ExplainLine], calendar: WorkingCalendar, limit: TimeLimit, rule: LimitRule) -> Explained | None:
    """How the deadline of something received now comes about, day by day; None without a deadline."""
    if not lines:
        return None
    due, days = lines[-1], [day for line in lines for day in line.days]
    in_minutes = due.unit is Unit.MINUTES
    total = _figure(due.counted_minutes if in_minutes else due.counted_days, due.unit)
    stretches = _stretches(days, due.unit, whole=len(days) > _FEW_DAYS)
    told = [SumLine(("Thời hạn", _limit_words(limit, calendar), total))]
    told += [_stretch(stretch, calendar, due.unit) for stretch in stretches]
    local = calendar.local(due.at)
    return Explained(
        title="Giải thích",
        caption="Cách tính giờ hẹn trả, từng ngày một",
        lines=told,
        total=(f"Đủ thời hạn lúc {local:%H:%M}, {local:%d/%m}", "", total),
        note=f"Lịch làm việc bản {calendar.version}. Cách tính: {_way_of_counting(limit, rule)}.",
    )


def _limit_words(limit: TimeLimit, calendar: WorkingCalendar) -> str:
    if limit.kind is LimitKind.WORKING_DAYS and limit.whole is not None:
        return f"{limit.whole} ngày × {calendar.minutes_per_working_day // 60} giờ"
    return limit.in_vietnamese()


def _way_of_counting(limit: TimeLimit, rule: LimitRule) -> str:
    if limit.kind is LimitKind.CALENDAR_DAYS:
        return "ngày liên tục, không tính ngày nhận, ngày cuối là ngày nghỉ thì lùi sang ngày làm việc"
    if limit.kind is LimitKind.SAME_DAY:
        return "trả trong ngày làm việc"
    if limit.kind is LimitKind.WORKING_DAYS and rule is LimitRule.END_OF_DAY:
        return "ngày làm việc trọn vẹn, không tính ngày nhận"
    return "giờ làm việc đã trôi qua"


def _kind(day: DayLine, unit: Unit, whole: bool) -> tuple[Any, ...]:
    """Days of one kind that follow one another are told in one line."""
    if day.day is not None and not (unit is Unit.CALENDAR_DAYS and day.days):
        return ("named", day.on)
    counts = bool(day.minutes) if unit is Unit.MINUTES else bool(day.days)
    if not counts:
        return ("weekend",) if not day.is_working_day else ("uncounted", day.on)
    if unit is not Unit.MINUTES:
        return ("counted",)
    ends = tuple((session.from_.time(), session.until.time()) for session in day.sessions)
    return ("counted", ends) if whole else ("counted", day.on)


def _stretches(days: Sequence[DayLine], unit: Unit, *, whole: bool) -> Iterator[list[DayLine]]:
    for _, stretch in groupby(days, key=lambda day: _kind(day, unit, whole)):
        yield list(stretch)


def _stretch(days: Sequence[DayLine], calendar: WorkingCalendar, unit: Unit) -> SumLine:
    first, when = days[0], _when(days)
    counted = sum(day.minutes for day in days) if unit is Unit.MINUTES else sum(day.days for day in days)
    if not counted:
        return SumLine((when, _why_not(first, unit), _figure(0, unit)), off=True)
    if unit is not Unit.MINUTES:
        return SumLine((when, "mỗi ngày tính một" if len(days) > 1 else "tính một ngày", _figure(counted, unit)))
    if len(days) > 1:
        return SumLine((when, f"{len(days)} ngày × {timephrases.hours(first.minutes)}", _figure(counted, unit)))
    sessions = [f"{calendar.local(one.from_):%H:%M}–{calendar.local(one.until):%H:%M}" for one in first.sessions]
    made_up = [first.day.name] if first.day is not None else []
    return SumLine((when, [*sessions, *made_up], [timephrases.ledger(one.minutes) for one in first.sessions]))


def _when(days: Sequence[DayLine]) -> list[str]:
    first, last = days[0].on, days[-1].on
    if first == last:
        name, on = timephrases.day(first).rsplit(" ", 1)
        return [wording.opening(name), on]
    return [f"{first:%d/%m}", f"đến {last:%d/%m}"]


def _why_not(day: DayLine, unit: Unit) -> str | list[str]:
    if day.day is not None and day.day.kind == "off":
        return [_off_words(day.day.name), day.day.source]
    if not day.is_working_day:
        return "Ngày nghỉ hằng tuần"
    return "Ngoài giờ làm việc" if unit is Unit.MINUTES else "Không tính ngày nhận"


def _figure(amount: int | None, unit: Unit) -> str:
    return timephrases.ledger(amount or 0) if unit is Unit.MINUTES else f"{amount or 0} ngày"


# --- a dossier: event by event ---------------------------------------------------------------------------------------

_STOPS = {
    "supplement": "yêu cầu bổ sung (Mẫu 02)",
    "financial_duty": "chờ thực hiện nghĩa vụ tài chính",
    "drawn_wait": "chờ theo quy trình",
}
_COLUMNS = ("Sự việc", "Lúc", "Đã tính", "Còn lại")


def explained_ledger(lines: Sequence[ExplainLine], calendar: WorkingCalendar) -> Explained | None:
    """The legal clock of a dossier, event by event, with the days off on the way; None without a deadline."""
    if not lines:
        return None
    has_due = lines[-1].kind == "due"
    told: list[SumLine] = []
    for line in lines:
        told += [_day_off(day) for day in line.days if day.day is not None and not (day.minutes or day.days)]
        if line.kind != "due":
            told.append(SumLine(_event_cells(line, calendar), off=line.kind == "stop"))
    return Explained(
        title="Giải thích giờ hẹn trả",
        caption="Sổ đồng hồ của hồ sơ",
        columns=_COLUMNS,
        lines=told,
        total=_event_cells(lines[-1], calendar) if has_due else ("Giờ hẹn tính lại khi đồng hồ chạy tiếp", "", "", ""),
        note=f"Lịch làm việc bản {calendar.version}.{_provisional(lines)}",
    )


def _day_off(day: DayLine) -> SumLine:
    assert day.day is not None
    return SumLine((f"{_off_words(day.day.name)} ({day.day.source})", timephrases.day(day.on), "", ""), off=True)


def _off_words(name: str) -> str:
    return name if name.lower().startswith("nghỉ") else f"Nghỉ {name}"


def _event_cells(line: ExplainLine, calendar: WorkingCalendar) -> tuple[str, str, str, str]:
    in_minutes = line.unit is Unit.MINUTES
    counted = line.counted_minutes if in_minutes else line.counted_days
    remaining = line.remaining_minutes if in_minutes else line.remaining_days
    return _event_words(line, calendar), _moment(line.at, calendar), _figure(counted, line.unit), _figure(remaining, line.unit)


def _moment(at: datetime, calendar: WorkingCalendar) -> str:
    local = calendar.local(at)
    return f"{local:%H:%M} {timephrases.day(local.date())}"


def _event_words(line: ExplainLine, calendar: WorkingCalendar) -> str:
    length = line.limit.in_vietnamese() if line.limit is not None else ""
    before = f" (trước đó: {_moment(line.due_before, calendar)})" if line.due_before is not None else ""
    words = {
        "start": f"Bắt đầu: tiếp nhận, thời hạn {length}",
        "stop": f"Dừng: {_STOPS.get(line.reason or '', 'chờ')}{_by(line.reference)}",
        "resume": f"Tính tiếp{_not_counted(line)}",
        "extend": f"Gia hạn thêm {length}",
        "calendar": f"Tính theo lịch làm việc bản {line.calendar_version}{_by(line.reference)}",
        "finish": f"Có kết quả, đồng hồ kết thúc{_late(line)}",
        "close": f"Kết thúc trước khi có kết quả{_late(line)}",
        "now": f"Bây giờ{_late(line)}",
        "due": f"Hẹn trả{before}",
    }
    return words[line.kind]


def _by(reference: str | None) -> str:
    return f", số {reference}" if reference and not reference.startswith("step:") else ""


def _not_counted(line: ExplainLine) -> str:
    if line.not_counted_days:
        return f", không tính {line.not_counted_days} ngày"
    return f", không tính {timephrases.hours(line.not_counted_minutes)}" if line.not_counted_minutes else ""


def _late(line: ExplainLine) -> str:
    return f", quá hạn {timephrases.hours(line.overdue_minutes)} làm việc" if line.overdue_minutes else ""


def _provisional(lines: Sequence[ExplainLine]) -> str:
    years = crossed_years(lines)
    return f" Lịch nghỉ năm {', '.join(map(str, years))} chưa có quyết định; giờ hẹn có thể đổi." if years else ""


def crossed_years(lines: Sequence[ExplainLine]) -> list[int]:
    """The years whose days off, crossed on the way, no document has decreed yet."""
    return sorted({day.on.year for line in lines for day in line.provisional_days})

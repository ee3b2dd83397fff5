"""Time in words, as wording.md section 6 has it: how long is left, until when, how long ago."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from engine.clock import minute
from engine.timelimit import Punctuality, is_late, punctuality
from engine.worktime import WorkingCalendar

WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
NEAR_DAYS = 14  # within these, a weekday says more than a year
STEP_SOON_MINUTES = 60
DAY_MINUTES = 480


@dataclass(frozen=True)
class TimeLeft:
    """How a deadline stands: the length, the moment beneath it, the exact moment for the title, the state key of wording.md section 2."""

    length: str
    moment: str
    exact: str
    state: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def length(minutes: int, minutes_per_day: int = DAY_MINUTES) -> str:
    """A length of working time in at most two units, rounded down: "1 ngày 2 giờ", "3 giờ 20 phút", "15 phút"."""
    days, rest = divmod(minutes, minutes_per_day)
    return _two_units((days, "ngày"), (rest // 60, "giờ"), (rest % 60, "phút"))


def hours(minutes: int) -> str:
    """A length as the slip counts it, never turned into days: "19 giờ 20 phút"."""
    return _two_units((minutes // 60, "giờ"), (minutes % 60, "phút"))


def ledger(minutes: int) -> str:
    """A length as the arithmetic shows it: "19:20"."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def _two_units(*units: tuple[int, str]) -> str:
    told = [f"{amount} {unit}" for amount, unit in units if amount][:2]
    return " ".join(told) or "0 phút"


def day(on: date) -> str:
    """A day by its name, for days that are near: "thứ Tư 25/11"."""
    return f"{WEEKDAYS[on.weekday()]} {on:%d/%m}"


def full_day(on: date) -> str:
    return f"{on:%d/%m/%Y}"


def clock_time(at: datetime | time, zone: ZoneInfo | None = None) -> str:
    """The hour on a screen: "16:10"."""
    if isinstance(at, datetime) and zone is not None:
        at = at.astimezone(zone)
    return f"{at:%H:%M}"


def moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment as near as it is: "13:05 hôm nay", "15:40 thứ Tư 25/11", "09:00 ngày 17/12/2026"."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M} hôm nay"
    if abs((local.date() - today).days) <= NEAR_DAYS:
        return f"{local:%H:%M} {day(local.date())}"
    return f"{local:%H:%M} ngày {full_day(local.date())}"


def exact(at: datetime, zone: ZoneInfo) -> str:
    """A moment in full, for titles: "09:20 thứ Sáu 20/11/2026"."""
    local = at.astimezone(zone)
    return f"{local:%H:%M} {WEEKDAYS[local.weekday()]} {full_day(local.date())}"


def on_form(at: datetime, zone: ZoneInfo) -> str:
    """A moment as the slip writes it: "15 giờ 05 phút, 19/11/2026"."""
    local = at.astimezone(zone)
    return f"{local:%H} giờ {local:%M} phút, {full_day(local.date())}"


def ago(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The past on lists: "vừa xong", "12 phút trước", "08:20 hôm nay", "16:48 thứ Năm 19/11", "07/09/2026"."""
    minutes = int((minute(now) - minute(at)).total_seconds() // 60)
    if minutes < 1:
        return "vừa xong"
    if minutes < 60:
        return f"{minutes} phút trước"
    local = at.astimezone(zone)
    if (now.astimezone(zone).date() - local.date()).days > NEAR_DAYS:
        return full_day(local.date())
    return moment(at, now, zone)


def left(
    due_at: datetime | None, now: datetime, calendar: WorkingCalendar, *, calendar_days: bool = False, soon_minutes: int = STEP_SOON_MINUTES
) -> TimeLeft:
    """How long is left until a deadline, or how long it has been over.

    Unit: soon_minutes are working minutes; for a dossier hand in one working day.
    """
    if due_at is None:
        return TimeLeft("không tính thời hạn", "", "", "running", "không tính thời hạn")
    if is_late(due_at, now):
        return _late(due_at, now, calendar, calendar_days)
    minutes = calendar.between(minute(now), due_at)
    told = f"còn {_distance(minutes, due_at, now, calendar, calendar_days)}"
    until = f"đến {moment(due_at, now, calendar.zone)}"
    state = "soon" if minutes <= soon_minutes else "running"
    return TimeLeft(told, until, exact(due_at, calendar.zone), state, f"{told}, {until}")


def _late(due_at: datetime, now: datetime, calendar: WorkingCalendar, calendar_days: bool) -> TimeLeft:
    minutes = calendar.between(due_at, minute(now))
    days = _days_between(due_at, now, calendar.zone)
    if calendar_days and days:
        told = whole = f"quá hạn {days} ngày"
    elif not minutes:
        told = whole = "vừa quá hạn"
    else:
        told = f"quá hạn {length(minutes, calendar.minutes_per_working_day)}"
        whole = f"{told} làm việc" if minutes >= calendar.minutes_per_working_day else told
    was_due = f"hạn {moment(due_at, now, calendar.zone)}"
    return TimeLeft(told, was_due, exact(due_at, calendar.zone), "overdue", f"{whole}, {was_due}")


def _distance(minutes: int, due_at: datetime, now: datetime, calendar: WorkingCalendar, calendar_days: bool) -> str:
    days_away = _days_between(now, due_at, calendar.zone)
    if calendar_days and days_away:
        return f"{days_away} ngày"
    working_days, rest = divmod(minutes, calendar.minutes_per_working_day)
    if working_days and (not rest or days_away > NEAR_DAYS):
        return f"{working_days} ngày làm việc"
    return length(minutes, calendar.minutes_per_working_day)


def _days_between(earlier: datetime, later: datetime, zone: ZoneInfo) -> int:
    return (later.astimezone(zone).date() - earlier.astimezone(zone).date()).days


def paused(stopped_at: datetime, remaining_minutes: int | None, now: datetime, calendar: WorkingCalendar) -> TimeLeft:
    """A stopped clock: since when, and what is left when it goes on."""
    since = f"dừng từ {moment(stopped_at, now, calendar.zone)}"
    rest = "" if remaining_minutes is None else f"còn {hours(remaining_minutes)} khi tính tiếp"
    return TimeLeft(since, rest, exact(stopped_at, calendar.zone), "paused", ", ".join(part for part in (since, rest) if part))


def resumed(at: datetime, skipped_minutes: int, now: datetime, zone: ZoneInfo) -> str:
    return f"tính tiếp từ {moment(at, now, zone)}, không tính {hours(skipped_minutes)}"


def finished(due_at: datetime | None, done_at: datetime, calendar: WorkingCalendar) -> TimeLeft:
    """How something that is done stood against its deadline: "trước hạn 1 ngày 2 giờ", "đúng hạn", "quá hạn 43 phút"."""
    result = punctuality(due_at, done_at, calendar.zone)
    if due_at is None or result is None:
        return TimeLeft("không tính thời hạn", "", "", "done", "không tính thời hạn")
    told, state = "đúng hạn", "ontime"
    if result is Punctuality.EARLY:
        told, state = f"trước hạn {length(calendar.between(minute(done_at), due_at), calendar.minutes_per_working_day)}", "early"
    elif result is Punctuality.OVERDUE:
        minutes = calendar.between(due_at, minute(done_at))
        told, state = (f"quá hạn {length(minutes, calendar.minutes_per_working_day)}" if minutes else "vừa quá hạn"), "overdue"
    return TimeLeft(told, f"hạn {on_form(due_at, calendar.zone)}", exact(due_at, calendar.zone), state, told)


def received_outside_hours(at: datetime, counted_from: datetime, now: datetime, zone: ZoneInfo) -> str:
    return f"nhận lúc {clock_time(at, zone)}, tính từ {moment(counted_from, now, zone)}"


def day_off(on: date, name: str) -> str:
    return f"{day(on)} nghỉ {name}, không tính"

"""`eiso calendar`: deadlines worked out and explained on the command line."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import click

from engine.clock import minute
from engine.errors import InvalidError
from engine.explanation import DayLine, ExplainLine, explain_limit
from engine.moving import Unit
from engine.timelimit import LimitRule, TimeLimit, deadline
from engine.worktime import WorkingCalendar, default_calendar
from web.cli.moments import local_text, offset_text, parse_moment
from web.settings import read_settings
from web.timephrases import day, ledger

_COLUMNS = ("start", "limit")
_WAYS = {
    Unit.MINUTES: "giờ làm việc đã trôi qua",
    Unit.WORKING_DAYS: "hết ngày làm việc cuối cùng, không tính ngày nhận",
    Unit.CALENDAR_DAYS: "ngày theo lịch, không tính ngày nhận; gặp ngày nghỉ thì đến hết ngày làm việc tiếp theo",
    Unit.WALL_CLOCK: "giờ đồng hồ, kể cả ngoài giờ làm việc",
}


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: the texts as they were given, and what they mean."""

    start_text: str
    limit_text: str
    start: datetime
    limit: TimeLimit


_Answer = tuple[_Question, datetime | None]


@dataclass(frozen=True, slots=True)
class _Answering:
    """How it is counted and shown."""

    calendar: WorkingCalendar
    rule: LimitRule
    zone: ZoneInfo

    def ask(self, start: str, limit: str) -> _Question:
        return _Question(start, limit, parse_moment(start.strip(), self.zone), TimeLimit.parse(limit))

    def due(self, question: _Question) -> datetime | None:
        return deadline(self.calendar, question.start, question.limit, self.rule)

    def explained(self, question: _Question) -> list[ExplainLine]:
        return explain_limit(self.calendar, question.start, question.limit, self.rule)


@click.group()
def calendar() -> None:
    """Working calendars and the deadlines that follow from them."""


@calendar.command()
@click.argument("start", required=False)
@click.argument("limit", required=False)
@click.option("--rule", type=click.Choice([rule.value for rule in LimitRule]), default=LimitRule.ELAPSED.value, show_default=True)
@click.option("--calendar", "code", metavar="CODE", help="A calendar of the database, its latest version (default: the packaged one).")
@click.option("--explain", "with_explanation", is_flag=True, help="Show day by day how it was counted.")
@click.option(
    "--csv", "file", type=click.File(encoding="utf-8-sig"), help="Read lines start,limit; print start,limit,due. - is standard input."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def due(
    start: str | None, limit: str | None, rule: str, code: str | None, with_explanation: bool, file: TextIO | None, as_json: bool
) -> None:
    """Print the deadline of something received at START under LIMIT (3d, 0.5d, 4h, 15cd, sameday@15:00, untimed)."""
    if (file is None) != (start is not None and limit is not None) or (file is not None and start is not None):
        raise click.UsageError("Give START and LIMIT, or --csv FILE.")
    if file is not None and with_explanation:
        raise click.UsageError("--explain goes with START and LIMIT.")
    answering = _Answering(load_calendar(code) if code else default_calendar(), LimitRule(rule), read_settings().zone)
    if file is not None:
        _answer_file(answering, file, as_json)
    elif start is not None and limit is not None:
        _answer(answering, answering.ask(start, limit), with_explanation, as_json)


def load_calendar(code: str) -> WorkingCalendar:
    """The latest version of a calendar in the database.

    Raises: NotFoundError (calendar_not_found); UnavailableError (database_not_ready).
    """
    from processes.organisation.calendars import load_calendar as load  # the database's libraries load only when it is asked
    from web.cli.installation import installation

    with installation() as here, here.database.reading() as connection:
        return load(connection, code)


def _answer(answering: _Answering, question: _Question, with_explanation: bool, as_json: bool) -> None:
    due_at = answering.due(question)
    lines = answering.explained(question) if with_explanation else []
    if as_json:
        click.echo(json.dumps(_as_facts(answering, question, due_at, lines), ensure_ascii=False))
        return
    click.echo(local_text(due_at, answering.zone) if due_at is not None else question.limit.text)
    for text in _as_table(answering, lines):
        click.echo(text)


def _answer_file(answering: _Answering, file: TextIO, as_json: bool) -> None:
    """All lines or none: a file with a fault prints the fault alone."""
    header, answers = _read(answering, file)
    if as_json:
        click.echo(json.dumps([_as_facts(answering, question, due_at, []) for question, due_at in answers], ensure_ascii=False))
        return
    out = csv.writer(sys.stdout, lineterminator="\n")
    if header:
        out.writerow((*_COLUMNS, "due"))
    for question, due_at in answers:
        out.writerow((question.start_text, question.limit_text, local_text(due_at, answering.zone) if due_at is not None else ""))


def _read(answering: _Answering, file: TextIO) -> tuple[bool, list[_Answer]]:
    """Whether the file begins with a line of column names, and what it asks, answered."""
    header, answers = False, []
    reader = csv.reader(file)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if reader.line_num == 1 and tuple(cells[:2]) == _COLUMNS:
                header = True
            elif any(cells):
                answers.append(_answered(answering, cells, reader.line_num))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidError(f"The file cannot be read as CSV in UTF-8: {error}.", code="csv_invalid") from None
    return header, answers


def _answered(answering: _Answering, cells: list[str], line: int) -> _Answer:
    if len(cells) < 2:
        raise InvalidError(f"Line {line}: write start,limit.", code="csv_invalid", line=line)
    try:
        question = answering.ask(cells[0], cells[1])
        return question, answering.due(question)
    except InvalidError as error:
        raise InvalidError(f"Line {line}: {error.message}", code=error.code, line=line) from None


def _as_facts(answering: _Answering, question: _Question, due_at: datetime | None, lines: list[ExplainLine]) -> dict[str, Any]:
    counted = answering.calendar
    facts: dict[str, Any] = {
        "start": offset_text(minute(question.start), answering.zone),
        "limit": question.limit.text,
        "rule": answering.rule.value,
        "calendar": {"code": counted.code, "version": counted.version},
        "due": offset_text(due_at, answering.zone) if due_at is not None else None,
        "provisional": [on.on.isoformat() for on in _provisional(answering, question, due_at)],
    }
    if lines:
        facts["explanation"] = [_line_facts(line, answering.zone) for line in lines]
    return facts


def _provisional(answering: _Answering, question: _Question, due_at: datetime | None) -> Iterable[Any]:
    if due_at is None:
        return ()
    counted = answering.calendar
    return counted.provisional_days(counted.local(question.start).date(), counted.local(due_at).date())


def _line_facts(line: ExplainLine, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "at": offset_text(line.at, zone),
        "unit": line.unit.value,
        "counted": line.counted_minutes if line.counted_minutes is not None else line.counted_days,
        "remaining": line.remaining_minutes if line.remaining_minutes is not None else line.remaining_days,
        "days": [_day_facts(one, zone) for one in line.days],
    }


def _day_facts(line: DayLine, zone: ZoneInfo) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "on": line.on.isoformat(),
        "sessions": [[local_text(part.from_, zone), local_text(part.until, zone), part.minutes] for part in line.sessions],
        "minutes": line.minutes,
        "days": line.days,
        "counted": line.counted,
        "is_working_day": line.is_working_day,
    }
    if line.day is not None:
        facts |= {"name": line.day.name, "source": line.day.source, "provisional": line.day.provisional}
    return facts


def _as_table(answering: _Answering, lines: list[ExplainLine]) -> Iterator[str]:
    """The table of the intake page, in plain text."""
    for line in lines:
        for one in line.days:
            yield _row(day(one.on), _told(one, line.unit, answering.zone), _amount(one.minutes, one.days, line.unit))
        if line.kind == "start" and line.limit is not None:
            yield _row("Thời hạn", line.limit.in_vietnamese(), _amount(line.remaining_minutes, line.remaining_days, line.unit))
        elif line.kind == "due":
            at = line.at.astimezone(answering.zone)
            yield _row("Đủ thời hạn", f"{at:%H:%M, %d/%m/%Y}", _amount(line.counted_minutes, line.counted_days, line.unit))
    if lines:
        counted = answering.calendar
        yield f"Lịch {counted.code}, bản {counted.version}. Cách tính: {_WAYS[lines[-1].unit]}."


def _told(one: DayLine, unit: Unit, zone: ZoneInfo) -> str:
    """What a day gave, or why it gave nothing."""
    parts = [f"{part.from_.astimezone(zone):%H:%M}–{part.until.astimezone(zone):%H:%M}" for part in one.sessions]
    if one.day is not None:
        document = f"{one.day.name} ({one.day.source}{'; tạm tính' if one.day.provisional else ''})"
        return "; ".join([*parts, document])
    if parts or one.is_working_day:
        return ", ".join(parts)
    return "Ngày nghỉ hằng tuần" if unit is not Unit.CALENDAR_DAYS or not one.days else ""


def _amount(minutes: int | None, days: int | None, unit: Unit) -> str:
    in_minutes = unit in (Unit.MINUTES, Unit.WALL_CLOCK)
    return ledger(minutes or 0) if in_minutes else str(days or 0)


def _row(first: str, second: str, amount: str) -> str:
    return f"{first:<16}{second:<64}{amount:>8}"

"""The worklist: its groups, rows, counters and filters."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from engine.actor import Actor
from engine.clock import minute
from engine.queries import LATER, OVERDUE, THIS_WEEK, TODAY, WAITING, WorkItem, work_group, worklist, worklist_heads
from engine.worktime import WorkingCalendar
from processes.dossiers import worklists
from processes.dossiers.worklists import WorkCount, count_work, waiting_filings, work_facts, work_of
from processes.organisation.rights import may
from web import timephrases, wording
from web.services import services
from web.views.filings import filing_row
from web.views.workrow import Row, work_row

PAGE_SIZE = 50
HEAD_SIZE = 15
KEYS = {OVERDUE: "overdue", TODAY: "today", THIS_WEEK: "week", WAITING: "citizen", LATER: "rest"}  # of the engine -> of wording.GROUPS
_GROUP_OF = {key: group for group, key in KEYS.items()}
SCOPES = {"mine": "Việc của tôi", "unclaimed": "Chưa ai nhận", "team": "Cả bộ phận"}
_HOLDERS = {
    "mine": {worklists.MINE, worklists.NOBODYS},
    "unclaimed": {worklists.NOBODYS},
    "team": {worklists.MINE, worklists.NOBODYS, worklists.ANOTHERS},
}


@dataclass(frozen=True)
class Choice:
    """What the address bar asks to see."""

    scope: str = "mine"
    group: str | None = None  # of wording.GROUPS
    field: str | None = None
    page: int = 1

    @staticmethod
    def read(asked: "MultiDict[str, str]") -> "Choice":
        """Anything that does not exist is the whole list: an old bookmark is no error."""
        scope, group = asked.get("scope", ""), asked.get("group", "")
        page = asked.get("page", "")
        return Choice(
            scope=scope if scope in SCOPES else "mine",
            group=group if group in wording.GROUPS else None,
            field=asked.get("field", "") or None,
            page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
        )

    @property
    def asked(self) -> dict[str, Any]:
        """The choice as parameters of an address; what is usual is left out."""
        values = {"scope": self.scope if self.scope != "mine" else None, "group": self.group, "field": self.field}
        return {name: value for name, value in values.items() if value} | ({"page": self.page} if self.page > 1 else {})

    def href(self, **changes: Any) -> str:
        """The address of another choice; the first page of it."""
        return url_for("desk.desk", **replace(self, **{"page": 1, **changes}).asked)


def desk_view(connection: Connection, actor: Actor, choice: Choice, now: datetime) -> dict[str, Any]:
    """Everything that desk.html and _worklist.html show; at most five statements, however much work there is."""
    areas = services().areas
    assert areas is not None and actor.agency_id is not None
    _, calendar = areas.calendars.current(connection, actor.agency_id)
    group = work_group(*_ends(now, calendar), minute(now))
    counts = count_work(connection, work_of(actor, "team"), group, actor.person_id)
    who = work_of(actor, choice.scope, choice.field)
    if choice.group is None:
        found = worklist_heads(connection, who, group, most=HEAD_SIZE)
    else:
        start = (choice.page - 1) * PAGE_SIZE
        found = worklist(connection, who, group, only=_GROUP_OF[choice.group], limit=PAGE_SIZE, offset=start)
    rows = _rows(connection, actor, found, choice, now)
    per_group = Counter({KEYS[one.group]: 0 for one in counts})
    for one in _counted(counts, choice.scope, choice.field):
        per_group[KEYS[one.group]] += one.count
    filings = waiting_filings(connection, actor) if may(actor, "dossier.accept") and choice.group is None else []
    shown = [key for key in wording.GROUPS if choice.group in (None, key)]
    total = sum(per_group[key] for key in shown)
    return {
        "title": SCOPES[choice.scope],
        "line": _line(now, calendar),
        "may_accept": may(actor, "dossier.accept"),
        "intake_href": url_for("intake.intake"),
        "groups": [_group(key, per_group[key], rows.get(key, []), choice, now, calendar) for key in shown],
        "counters": [_counter(key, per_group[key], rows.get(key, []), choice, now, calendar) for key in wording.GROUPS],
        "filters": [_filter(scope, counts, choice) for scope in SCOPES],
        "fields": _fields(counts, choice),
        "filings": [filing_row(filing, choice.asked, now, calendar) for filing in filings],
        "filings_total": filings[0].total if filings else 0,
        "shown": sum(len(rows.get(key, [])) for key in shown),
        "total": total,
        "refresh_href": url_for("desk.worklist", **choice.asked),
        "refreshed_at": f"{now.astimezone(calendar.zone):%H:%M:%S}",
        "nothing": _nothing(counts, choice) if not total else None,
        "page": _pages(choice, total) if choice.group is not None and total > PAGE_SIZE else None,
    }


def _ends(now: datetime, calendar: WorkingCalendar) -> tuple[datetime, datetime]:
    """The ends of the local day and of its week."""
    today = calendar.local(now).date()
    sunday = today + timedelta(days=6 - today.weekday())
    return tuple(calendar.to_utc(datetime.combine(day, time(23, 59, 59))) for day in (today, sunday))  # type: ignore[return-value]


def _rows(
    connection: Connection, actor: Actor, found: Sequence[tuple[str, WorkItem]], choice: Choice, now: datetime
) -> Mapping[str, list[Row]]:
    areas = services().areas
    assert areas is not None
    facts = work_facts(connection, [item.step_id for _, item in found])
    rows: dict[str, list[Row]] = {}
    for group, item in found:
        calendar = areas.calendars.by_id(connection, item.calendar_version_id)
        model = areas.engine.definitions.load(connection, item.definition_id).model
        asks = bool(model.steps[item.element_id].outcomes)
        row = work_row(item, facts.get(item.step_id), actor, now, calendar, asks_outcome=asks, asked=choice.asked)
        rows.setdefault(KEYS[group], []).append(row)
    return rows


def _counted(counts: Sequence[WorkCount], scope: str, field: str | None) -> list[WorkCount]:
    return [one for one in counts if one.holder in _HOLDERS[scope] and (field is None or one.field == field)]


def _line(now: datetime, calendar: WorkingCalendar) -> str:
    """The moment, and the day off that comes next within the week."""
    local = calendar.local(now)
    told = f"{local:%H:%M} {timephrases.WEEKDAYS[local.weekday()]}, {local:%d/%m/%Y}."
    for ahead in range(1, 6):
        on = local.date() + timedelta(days=ahead)
        if on > calendar.last_on:
            break
        day = calendar.day(on)
        if day is not None and day.kind == "off":
            when = "Ngày mai" if ahead == 1 else wording.opening(timephrases.day(on))
            return f"{told} {when}{f' {on:%d/%m}' if ahead == 1 else ''} nghỉ {day.name}, đồng hồ của mọi hồ sơ đứng yên."
    return told


def _group(key: str, count: int, rows: Sequence[Row], choice: Choice, now: datetime, calendar: WorkingCalendar) -> dict[str, Any]:
    return {
        "key": key,
        "group": wording.GROUPS[key],
        "line": _group_line(key, now, calendar),
        "count": count,
        "rows": rows,
        "more_href": choice.href(group=key) if choice.group is None and count > len(rows) else None,
    }


def _group_line(key: str, now: datetime, calendar: WorkingCalendar) -> str:
    today = calendar.local(now).date()
    if key == "today":
        close = calendar.close_of(today)
        return wording.GROUPS[key].line.format(close=timephrases.clock_time(close, calendar.zone)) if close is not None else "Hôm nay nghỉ"
    if key == "week":
        days = [today + timedelta(days=n) for n in range(1, 7 - today.weekday())]
        off = [on for on in days if on <= calendar.last_on and (day := calendar.day(on)) is not None and day.kind == "off"]
        return f"{wording.opening(', '.join(timephrases.day(on) for on in off))} nghỉ, không tính" if off else ""
    return wording.GROUPS[key].line


def _counter(key: str, count: int, rows: Sequence[Row], choice: Choice, now: datetime, calendar: WorkingCalendar) -> dict[str, Any]:
    pressed = choice.group == key
    return {
        "key": key,
        "group": wording.GROUPS[key],
        "count": count,
        "summary": _summary(key, count, rows, now, calendar),
        "href": choice.href(group=None if pressed else key),
        "pressed": pressed,
    }


def _summary(key: str, count: int, rows: Sequence[Row], now: datetime, calendar: WorkingCalendar) -> str:
    """What stands under a figure: the first deadline of the group in a few words."""
    if not count:
        return "không có việc"
    first = rows[0] if rows else None
    if key == "citizen":
        return "đồng hồ đang dừng"
    if key == "week":
        today = calendar.local(now).date()
        return f"đến hết {timephrases.day(today + timedelta(days=max(0, 4 - today.weekday())))}"
    if first is None or first.due_at is None:
        return "không tính thời hạn" if first is not None else "xem trong nhóm"
    if key == "overdue":
        return f"lâu nhất {first.time.length.removeprefix('quá hạn ')}"
    if key == "today":
        return f"gần nhất lúc {timephrases.clock_time(first.due_at, calendar.zone)}"
    return f"từ {timephrases.day(calendar.local(first.due_at).date())}"


def _filter(scope: str, counts: Sequence[WorkCount], choice: Choice) -> dict[str, Any]:
    count = sum(one.count for one in _counted(counts, scope, choice.field))
    return {"label": SCOPES[scope], "href": choice.href(scope=scope), "count": count, "pressed": choice.scope == scope}


def _fields(counts: Sequence[WorkCount], choice: Choice) -> dict[str, Any] | None:
    """The fields that the work lies in; None when there is nothing to choose."""
    names = sorted({one.field for one in counts if one.field} | ({choice.field} if choice.field else set()))
    if len(names) < 2 and choice.field is None:
        return None
    entries: list[dict[str, Any]] = [
        {"label": "Mọi lĩnh vực", "href": choice.href(field=None), "count": None, "pressed": choice.field is None}
    ]
    for name in names:
        count = sum(one.count for one in _counted(counts, choice.scope, name))
        entries.append({"label": name, "href": choice.href(field=name), "count": count, "pressed": choice.field == name})
    return {"label": choice.field or "Mọi lĩnh vực", "entries": entries}


def _nothing(counts: Sequence[WorkCount], choice: Choice) -> str | None:
    if choice.group is not None or choice.field is not None:
        return None
    unclaimed = sum(one.count for one in _counted(counts, "unclaimed", None))
    return f"Đã xong mọi việc được giao. Việc chưa ai nhận: {wording.number(unclaimed)}."


def _pages(choice: Choice, total: int) -> dict[str, Any]:
    first = (choice.page - 1) * PAGE_SIZE + 1
    last = min(total, first + PAGE_SIZE - 1)
    return {
        "first": first,
        "last": last,
        "total": total,
        "previous": choice.href(page=choice.page - 1) if choice.page > 1 else None,
        "next": choice.href(page=choice.page + 1) if last < total else None,
    }

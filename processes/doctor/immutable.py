"""What was published once has not changed: models against their hash, calendar versions against the entry of their publication."""

from typing import Any

from sqlalchemy import Connection, select

from engine.errors import EngineError
from engine.model.reading import read_model
from engine.tables import calendar_days, calendar_versions, definitions, trace_entries
from engine.trace.canonical import decode
from processes.doctor.report import Finding

_PUBLISHED = "organisation.calendar.published"
_TRACED = ("code", "version", "timezone", "sessions", "minutes_per_working_day", "source")


def models(connection: Connection, found: Finding) -> None:
    """The stored files of every published model have the hash that was stored with them, and can still be read."""
    ids = connection.execute(select(definitions.c.id).order_by(definitions.c.id)).scalars().all()
    for definition_id in ids:
        found.looked()
        row = connection.execute(select(definitions).where(definitions.c.id == definition_id)).one()
        where = f"model {row.key} version {row.version}"
        try:
            found.expect(where, "the hash of its files", read_model(_files(row.sources)).sha256, row.sha256)
        except EngineError as error:
            found.fault(where, error.message)


def _files(sources: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in sources.items()}


def calendars(connection: Connection, found: Finding) -> None:
    """Every version of a calendar has the sessions and the days that the trace says it was published with."""
    days: dict[str, set[str]] = {}
    published = _published(connection)
    for row in connection.execute(select(calendar_versions).order_by(calendar_versions.c.code, calendar_versions.c.version)):
        found.looked()
        where = f"calendar {row.code} version {row.version}"
        facts = published.get((row.code, row.version))
        if facts is None:
            found.fault(where, "the trace does not speak of its publication")
            continue
        for name in _TRACED:
            found.expect(where, name, getattr(row, name), facts[name])
        found.expect(where, "its span", [row.first_on.isoformat(), row.last_on.isoformat()], [facts["first_on"], facts["last_on"]])
        known = days.get(row.code, set()) - {_day(day) for day in facts["days_dropped"]} | {_day(day) for day in facts["days_added"]}
        days[row.code] = known
        stored = {_day({**day, "on": day["on"].isoformat()}) for day in _days(connection, row.id)}
        for day in sorted(stored ^ known):
            found.fault(where, f"the day {day} was {'added' if day in stored else 'changed or taken away'} after its publication")


def _published(connection: Connection) -> dict[tuple[str, int], dict[str, Any]]:
    """What each version was published with; there are few, so they are kept."""
    found = {}
    for body in connection.execute(select(trace_entries.c.body).where(trace_entries.c.kind == _PUBLISHED)).scalars():
        facts: dict[str, Any] = decode(bytes(body))["facts"]
        found[facts["code"], facts["version"]] = facts
    return found


def _days(connection: Connection, version_id: int) -> list[dict[str, Any]]:
    query = select(calendar_days).where(calendar_days.c.calendar_version_id == version_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _day(day: dict[str, Any]) -> str:
    return f"{day['on']} {day['kind']} {day['name']} ({day['source']}{', provisional' if day['provisional'] else ''})"

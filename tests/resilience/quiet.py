"""Instances that nobody works on: only sweeps touch them, so what becomes of them is known beforehand, whoever sweeps and dies.

A second commune starts them on the day before the run; their deadlines and timers then pass all through it. The same instances, started in
another database and swept once at the end, are what the rows are compared with.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.actor import SYSTEM
from engine.clock import Clock, VirtualClock
from engine.database import Database
from engine.definitions import Definitions
from engine.ids import TimeOrderedIds
from engine.operations import Subject
from engine.sweep import Swept, sweep
from engine.tables import clock_entries, instances, steps, timers, trace_entries
from engine.timelimit import LimitRule, TimeLimit
from processes import wiring
from processes.organisation.calendars import seed_default_calendar
from processes.organisation.commune import add_standard_units
from processes.organisation.operations import create_agency
from processes.quality.models import nonconformities
from tests.office import local
from tests.unit.model_drafts import Draft, pairs

STARTED = local("2026-11-20T08:00")  # a Friday
KIND = "quiet"
MINUTES = 480  # of a working day


@dataclass(frozen=True, slots=True)
class Quiet:
    """How many instances, and over how many working minutes of the run their deadlines are spread."""

    count: int
    minutes: int

    def begin(self, database: Database) -> None:
        """Found the commune and start all instances."""
        clock, ids = VirtualClock(STARTED), TimeOrderedIds()
        doing: dict[str, Any] = {"actor": SYSTEM, "clock": clock, "ids": ids}
        areas = wiring.build(clock=clock, ids=ids)
        with database.writing() as connection:
            seed_default_calendar(connection, **doing)
            agency_id = create_agency(connection, code="H99.019", name="UBND xã Lặng Mây", **doing)
            add_standard_units(connection, agency_id=agency_id, **doing)
            models = _publish(connection, areas.engine.definitions, 1 + self.minutes // MINUTES)
            calendar = areas.calendars.current(connection, agency_id)[1]
            for number in range(self.count):
                days, minutes = divmod(number * self.minutes // self.count, MINUTES)
                clock.move_to(calendar.add(STARTED, minutes))
                areas.engine.start(
                    connection,
                    definition_id=models[days],
                    subject=Subject(KIND, number, f"LM-{number}", "Việc không ai động đến", "Mây Lười"),
                    agency_id=agency_id,
                    field="Chứng thực",
                    limit=TimeLimit.parse(f"{days + 1}d"),
                    rule=LimitRule.ELAPSED,
                    actor=SYSTEM,
                )

    def swept_once(self, database: Database, at: datetime) -> Swept:
        """The same without any trouble: started, and swept at a moment by one process."""
        self.begin(database)
        clock: Clock = VirtualClock(at)
        return sweep(database, wiring.build(clock=clock, ids=TimeOrderedIds()).engine)


def _publish(connection: Connection, definitions: Definitions, count: int) -> list[int]:
    return [definitions.publish(connection, sources={"quiet.bpmn": _model(days + 1)}, actor=SYSTEM) for days in range(count)]


def _model(days: int) -> bytes:
    """Deadlines around so many working days: a step with a reminder, and two that a timer cancels after and before they are due."""
    hours = 8 * days
    draft = (
        Draft(id=f"quiet_{days}", procedure=None)
        .start()
        .both("split")
        .step("B1", f"{hours}h")
        .timer("reminder", f"{hours - 1}h", on="B1", interrupting=False)
        .step("B2", f"{hours - 1}h")
        .timer("after", f"{hours + 1}h", on="B2")
        .step("B3", f"{hours + 1}h")
        .timer("before", f"{hours}h", on="B3")
        .both("join")
        .step("B4", "untimed")
        .step("B5", "untimed")
        .step("B6", "untimed")
        .end()
        .end("reminded")
        .end("cut")
        .end("spared")
        .way("start", "split", "B1", "join", "end")
        .way("split", "B2", "join")
        .way("split", "B3", "join")
        .way("reminder", "B4", "reminded")
        .way("after", "B5", "cut")
        .way("before", "B6", "spared")
    )
    refs = "".join(f"<bpmn:flowNodeRef>{code}</bpmn:flowNodeRef>" for code in draft.laned)
    draft.lanes = f'<bpmn:lane id="Lane_1" name="Một cửa">{pairs({"role": "intake_officer", "unit": "counter"})}{refs}</bpmn:lane>'
    return draft.xml()


def rows(connection: Connection) -> dict[str, dict[str, Any]]:
    """Everything that is stored about these instances and has to be so, by subject code; ids and moments of discovery left out."""
    found = {row["id"]: row for row in connection.execute(select(instances).where(instances.c.subject_kind == KIND)).mappings()}
    told: dict[int, dict[str, Any]] = {
        row["id"]: {name: row[name] for name in ("status", "clock", "started_at", "due_at", "breached_at", "next_timer_at", "is_suspended")}
        for row in found.values()
    }
    for name, columns in _LISTED.items():
        grouped: defaultdict[int, list[Any]] = defaultdict(list)
        table = columns[0].table
        for row in connection.execute(select(table.c.instance_id, *columns).where(table.c.instance_id.in_(list(found)))):
            grouped[row[0]].append(tuple(row[1:]))
        for instance_id, about in told.items():
            about[name] = sorted(grouped[instance_id], key=str)
    kinds: defaultdict[int, Counter[str]] = defaultdict(Counter)
    query = select(trace_entries.c.chain_id, trace_entries.c.kind).where(trace_entries.c.chain_kind == "instance")
    for chain_id, kind in connection.execute(query):
        kinds[chain_id][kind] += 1
    return {found[instance_id]["subject_code"]: {**about, "trace": dict(kinds[instance_id])} for instance_id, about in told.items()}


_LISTED = {
    "steps": [steps.c[name] for name in ("code", "pass", "status", "due_at", "done_at", "breached_at", "breach_handler_id", "limit_text")],
    "timers": [timers.c[name] for name in ("element_id", "status", "fire_at", "started_at", "ended_at")],
    "ledger": [clock_entries.c[name] for name in ("seq", "kind", "at", "due_after", "limit_text")],
    "nonconformities": [nonconformities.c[name] for name in ("kind", "source", "occurred_at", "status", "severity", "handler_id")],
}

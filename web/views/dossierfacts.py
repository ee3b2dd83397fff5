"""Everything that is known about one dossier, read once for all the parts of its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.actor import Actor
from engine.explanation import ExplainLine, explain
from engine.ledger import LedgerEntry
from engine.model.elements import ModelStep, ProcessModel
from engine.queries import definition_of, ledger_of
from engine.timelimit import LimitKind, TimeLimit, share
from engine.worktime import WorkingCalendar
from processes.catalogue.queries import ProcedureInForce, procedure_version
from processes.dossiers.disclosure import may_see
from processes.dossiers.queries import DossierView, dossier_view
from processes.dossiers.slip import Slip, SlipLine, tracking_slip
from processes.organisation.moves import Choices, choices_of
from processes.organisation.queries import names_of, unit_names
from processes.quality.queries import of_instance
from web.services import services
from web.timephrases import hours
from web.views.way import longest_way, steps_ahead


@dataclass(frozen=True)
class Run:
    """The run of a dossier's process; a filing that nobody accepted has none."""

    instance: Mapping[str, Any]
    model: ProcessModel
    definition: Mapping[str, Any]
    slip: Slip
    explained: Sequence[ExplainLine]
    path: Sequence[ModelStep]  # the longest way to the result, in order
    ahead: Sequence[ModelStep]  # what is still to come
    units: Mapping[str, str]  # lane id -> the unit, or the lane's name

    def line_of(self, code: str) -> SlipLine | None:
        """The latest pass of a step."""
        return next((line for line in reversed(self.slip.lines) if line.code == code), None)

    @property
    def limit(self) -> TimeLimit:
        return TimeLimit.parse(self.instance["limit_text"])

    def minutes_of(self, step: ModelStep, calendar: WorkingCalendar) -> int:
        """The limit of a step as it counts for this dossier: in a same-day procedure its share; a calendar day is a working day here."""
        if step.stops_clock:
            return 0
        line = self.line_of(step.code)
        if line is not None and line.limit_minutes is not None:
            return line.limit_minutes
        own = step.limit.working_minutes(calendar.minutes_per_working_day)
        if own is None:
            return (step.limit.whole or 0) * calendar.minutes_per_working_day if step.limit.kind is LimitKind.CALENDAR_DAYS else 0
        available, total = self.instance["share_minutes"], self.instance["share_total"]
        return share(own, available, total) if available and total else own

    def limit_words(self, step: ModelStep, calendar: WorkingCalendar) -> str:
        """The limit of a step in short: "2 giờ", "56 phút", "9 ngày"; empty for one without."""
        if step.limit.kind is LimitKind.WORKING_HOURS:
            return hours(self.minutes_of(step, calendar))
        return "" if step.limit.text == "untimed" else step.limit.in_vietnamese().split(" (")[0].removesuffix(" làm việc")


@dataclass(frozen=True)
class DossierFacts:
    """A dossier as one actor sees it at one moment."""

    actor: Actor
    now: datetime
    view: DossierView
    procedure: ProcedureInForce
    calendar: WorkingCalendar
    run: Run | None
    nonconformities: Sequence[Mapping[str, Any]]
    names: Mapping[int, str]
    in_clear: bool  # whether personal values are shown
    moves: Mapping[int, Choices] = field(default_factory=dict)  # step id -> what the actor could do with it that is not drawn

    @property
    def code(self) -> str:
        return str(self.view.row["code"])

    @property
    def status(self) -> int:
        return int(self.view.row["status"])


def read_dossier(connection: Connection, actor: Actor, code: str, now: datetime) -> DossierFacts:
    """Raises: NotFoundError (dossier_not_found), also for one that the actor may not see."""
    areas = services().areas
    assert areas is not None
    view = dossier_view(connection, actor, code)
    procedure = procedure_version(connection, view.row["procedure_version_id"])
    if view.instance is not None:
        calendar = areas.calendars.by_id(connection, view.instance["calendar_version_id"])
    else:
        _, calendar = areas.calendars.current(connection, view.row["agency_id"])
    run = _run(connection, view, procedure, calendar, now) if view.instance is not None else None
    found = of_instance(connection, actor, view.row["instance_id"]) if run is not None else []
    people = [step["handler_id"] for step in view.open_steps] + [form["issued_by_id"] for form in view.forms]
    in_clear = may_see(connection, actor, view)
    moves = _moves(connection, actor, view) if run is not None else {}
    return DossierFacts(actor, now, view, procedure, calendar, run, found, names_of(connection, people), in_clear, moves)


def _moves(connection: Connection, actor: Actor, view: DossierView) -> dict[int, Choices]:
    areas, instance = services().areas, view.instance
    assert areas is not None and instance is not None
    return {step["id"]: choices_of(connection, areas.engine, actor=actor, instance=instance, step=step) for step in view.open_steps}


def _run(connection: Connection, view: DossierView, procedure: ProcedureInForce, calendar: WorkingCalendar, now: datetime) -> Run:
    areas, instance = services().areas, view.instance
    assert areas is not None and instance is not None
    model = areas.engine.definitions.load(connection, instance["definition_id"]).model
    slip = tracking_slip(connection, areas.calendars, instance["id"], now)
    entries = [LedgerEntry.read(row) for row in ledger_of(connection, [instance["id"]])]
    known = {entry.calendar_version_id: areas.calendars.by_id(connection, entry.calendar_version_id) for entry in entries}
    path = longest_way(model, calendar, instance, view.row)
    performers: Mapping[str, Sequence[Any]] = instance["performers"]
    units = unit_names(connection, [performer[1] for performer in performers.values()])
    named = {
        lane_id: performer[3] or units.get(performer[1] or 0) or model.lanes[lane_id].name
        for lane_id, performer in performers.items()
        if lane_id in model.lanes
    }
    return Run(
        instance=instance,
        model=model,
        definition=definition_of(connection, instance["definition_id"]),
        slip=slip,
        explained=explain(entries, known, now),
        path=path,
        ahead=steps_ahead(model, path, slip) if instance["status"] == "running" else (),
        units=named,
    )

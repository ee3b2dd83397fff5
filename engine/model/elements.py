"""A process model as eISO understands it: what the reader makes of BPMN and what checks, budget and runner work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from engine.timelimit import TimeLimit

GatewayKind = Literal["exclusive", "parallel", "inclusive"]


@dataclass(frozen=True, slots=True)
class Lane:
    """Who does the steps drawn in it."""

    id: str
    name: str
    role: str
    unit: str = "field"  # a unit key of the agency, or "field": the unit responsible for the procedure's field
    agency: str = "own"  # own | parent | a partner key


@dataclass(frozen=True, slots=True)
class Outcome:
    """A named result that the handler chooses."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class HandlerRule:
    """same_as: offered to the one who did that step; not: refused to the one who did it."""

    kind: Literal["same_as", "not"]
    code: str


@dataclass(frozen=True, slots=True)
class ModelStep:
    """A user task."""

    id: str
    code: str
    name: str
    lane_id: str
    limit: TimeLimit
    extends: TimeLimit | None = None
    stops_clock: bool = False
    handler: HandlerRule | None = None
    outcomes: tuple[Outcome, ...] = ()
    form: str | None = None
    issues: tuple[str, ...] = ()
    status: int | None = None  # 4, 9 or 10, applied on completion

    @property
    def title(self) -> str:
        """The name without the code that diagrams put before it."""
        return self.name.removeprefix(self.code).strip() or self.name


@dataclass(frozen=True, slots=True)
class ModelTimer:
    """A timer of our own: a boundary event on an element, or an intermediate catch event."""

    id: str
    name: str
    limit: TimeLimit  # an ISO 8601 duration has kind LimitKind.DURATION
    attached_to: str | None = None  # element id for a boundary event, None for an intermediate one
    interrupting: bool = True


@dataclass(frozen=True, slots=True)
class Gateway:
    id: str
    name: str
    kind: GatewayKind
    default: str | None = None  # flow id


@dataclass(frozen=True, slots=True)
class Flow:
    id: str
    source: str
    target: str
    name: str = ""
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class CallActivity:
    id: str
    name: str
    called: str  # process id


@dataclass(frozen=True, slots=True)
class ScriptTask:
    id: str
    name: str
    script: str


@dataclass(frozen=True, slots=True)
class StartEvent:
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class EndEvent:
    id: str
    name: str = ""
    status: int | None = None
    terminates: bool = False


@dataclass(frozen=True)
class Process:
    """One executable process: elements by id, in document order."""

    id: str
    name: str
    procedure: str | None
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    steps: Mapping[str, ModelStep] = field(default_factory=dict)
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    timers: Mapping[str, ModelTimer] = field(default_factory=dict)
    calls: Mapping[str, CallActivity] = field(default_factory=dict)
    scripts: Mapping[str, ScriptTask] = field(default_factory=dict)
    starts: Mapping[str, StartEvent] = field(default_factory=dict)
    ends: Mapping[str, EndEvent] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    variables: tuple[str, ...] = ()  # names that are set at the start, besides those that every process has
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)  # element id -> line in the file
    drawn: frozenset[str] = frozenset()  # ids of the elements that the diagram shows
    refused: Mapping[str, str] = field(default_factory=dict)  # id -> BPMN name of nodes that we do not run; none in a model to be run

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """The ids of everything that flows connect, boundary timers included, in no particular order."""
        kinds = (self.starts, self.steps, self.calls, self.scripts, self.gateways, self.timers, self.ends, self.refused)
        return tuple(element_id for elements in kinds for element_id in elements)

    def boundary_timers(self, element_id: str) -> tuple[ModelTimer, ...]:
        """The timers on the edge of a step or call."""
        return tuple(t for t in self.timers.values() if t.attached_to == element_id)

    def outgoing(self, element_id: str) -> tuple[Flow, ...]:
        return tuple(f for f in self.flows.values() if f.source == element_id)

    def incoming(self, element_id: str) -> tuple[Flow, ...]:
        return tuple(f for f in self.flows.values() if f.target == element_id)


@dataclass(frozen=True)
class ProcessModel:
    """A main process and those it calls, frozen together.

    Step codes and the ids of lanes and nodes are unique over all of them, but for start events: editors give those one id in every file.
    """

    main: Process
    called: Mapping[str, Process]
    sources: Mapping[str, bytes]  # file name -> XML; the main file first
    sha256: str

    @property
    def key(self) -> str:
        return self.main.procedure or self.main.id

    @property
    def processes(self) -> tuple[Process, ...]:
        return (self.main, *self.called.values())

    @cached_property
    def steps(self) -> Mapping[str, ModelStep]:
        """Every step by element id, over all processes."""
        return {s.id: s for p in self.processes for s in p.steps.values()}

    @cached_property
    def codes(self) -> Mapping[str, ModelStep]:
        """Every step by its code, over all processes."""
        return {s.code: s for s in self.steps.values()}

    @cached_property
    def lanes(self) -> Mapping[str, Lane]:
        """Every lane by id, over all processes."""
        return {lane.id: lane for p in self.processes for lane in p.lanes.values()}

    @cached_property
    def timers(self) -> Mapping[str, ModelTimer]:
        """Every timer by element id, over all processes."""
        return {t.id: t for p in self.processes for t in p.timers.values()}

    @cached_property
    def ends(self) -> Mapping[str, EndEvent]:
        """Every end event by element id, over all processes."""
        return {e.id: e for p in self.processes for e in p.ends.values()}

"""Models for the tests of engine.spiff: a small language of blocks, drawn as the BPMN that an editor would save."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from engine.model.elements import ProcessModel
from engine.model.reading import read_model
from engine.spiff import Definition, compile_definition

FOLDER = Path(__file__).parent.parent / "data" / "models"


@dataclass(frozen=True)
class Step:
    """A user task; `timers` hang on it: (name, interrupting, what follows). After an interrupting one the way goes on behind the task."""

    code: str
    timers: tuple[tuple[str, bool, "Block"], ...] = ()
    outcomes: str = ""


@dataclass(frozen=True)
class Choice:
    """A user task and a gateway that asks for its outcome; the last case is the default."""

    code: str
    cases: tuple[tuple[str, "Block"], ...]


@dataclass(frozen=True)
class Both:
    """A parallel split and its join."""

    name: str
    branches: tuple["Block", ...]


@dataclass(frozen=True)
class Again:
    """A body, then a user task whose outcome `again` leads back before the body."""

    code: str
    body: "Block"


@dataclass(frozen=True)
class Repeat:
    """A body that is repeated while a condition holds; nobody is asked."""

    name: str
    body: "Block"
    condition: str


@dataclass(frozen=True)
class Halt:
    """A terminate end event, reached when a condition holds; nobody is asked."""

    name: str
    condition: str


@dataclass(frozen=True)
class Wait:
    """An intermediate timer."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call of another process."""

    process: str
    timers: tuple[tuple[str, bool, "Block"], ...] = ()


@dataclass(frozen=True)
class Script:
    name: str
    text: str


@dataclass(frozen=True)
class Stop:
    """A terminate end event, reached by the outcome `stop` of a user task; otherwise the process goes on."""

    code: str


Block = Step | Choice | Both | Again | Repeat | Halt | Wait | Call | Script | Stop | Sequence["Block"]


@dataclass
class _Drawing:
    nodes: list[str] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def node(self, tag: str, element_id: str, inside: str = "", **attributes: str) -> str:
        given = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
        self.nodes.append(f'<bpmn:{tag} id="{element_id}" name="{element_id}"{given}>{inside}</bpmn:{tag}>')
        return element_id

    def step(self, code: str, outcomes: str = "") -> str:
        self.steps.append(code)
        properties = f'<camunda:property name="code" value="{code}"/><camunda:property name="limit" value="1d"/>'
        if outcomes:
            properties += f'<camunda:property name="outcomes" value="{outcomes}"/>'
        return self.node(
            "userTask", code, f"<bpmn:extensionElements><camunda:properties>{properties}</camunda:properties></bpmn:extensionElements>"
        )

    def flow(self, source: str, target: str, condition: str | None = None) -> str:
        flow_id = f"f{len(self.flows)}"
        inside = f"<bpmn:conditionExpression>{escape(condition)}</bpmn:conditionExpression>" if condition else ""
        self.flows.append(f'<bpmn:sequenceFlow id="{flow_id}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>')
        return flow_id

    def draw(self, block: Block, source: str) -> str:
        """Draw a block behind `source`; returns its last node."""
        if isinstance(block, Sequence):
            for part in block:
                source = self.draw(part, source)
            return source
        ends: tuple[str, str] = getattr(self, f"_{type(block).__name__.lower()}")(block)
        self.flow(source, ends[0])
        return ends[1]

    def _timers(self, element_id: str, timers: tuple[tuple[str, bool, Block], ...]) -> tuple[str, str]:
        after = element_id
        if any(interrupting for _, interrupting, _ in timers):
            after = self.node("exclusiveGateway", f"after_{element_id}")
            self.flow(element_id, after)
        for name, interrupting, handler in timers:
            self.node("boundaryEvent", name, _TIMER, attachedToRef=element_id, cancelActivity=str(interrupting).lower())
            self.flow(self.draw(handler, name), after if interrupting else self.node("endEvent", f"end_{name}"))
        return element_id, after

    def _step(self, block: Step) -> tuple[str, str]:
        return self._timers(self.step(block.code, block.outcomes), block.timers)

    def _choice(self, block: Choice) -> tuple[str, str]:
        outcomes = ";".join(f"{key}={key}" for key, _ in block.cases)
        self.step(block.code, outcomes)
        merge = self.node("exclusiveGateway", f"merge_{block.code}")
        gateway = self.node("exclusiveGateway", f"choose_{block.code}", default=f"f{len(self.flows) + 1}")
        self.flow(block.code, gateway)
        for key, body in reversed(block.cases):  # the default is drawn first, then the others
            condition = None if key == block.cases[-1][0] else f"{block.code}.outcome == '{key}'"
            self.flow(gateway, f"pass_{block.code}_{key}", condition)
            passing = self.node("exclusiveGateway", f"pass_{block.code}_{key}")
            self.flow(self.draw(body, passing), merge)
        return block.code, merge

    def _both(self, block: Both) -> tuple[str, str]:
        split = self.node("parallelGateway", f"split_{block.name}")
        join = self.node("parallelGateway", f"join_{block.name}")
        for branch in block.branches:
            self.flow(self.draw(branch, split), join)
        return split, join

    def _again(self, block: Again) -> tuple[str, str]:
        body = (block.body, Step(block.code, outcomes="again=again;on=on"))
        return self._repeat(Repeat(block.code, body, f"{block.code}.outcome == 'again'"))

    def _repeat(self, block: Repeat) -> tuple[str, str]:
        merge = self.node("exclusiveGateway", f"merge_{block.name}")
        body = self.draw(block.body, merge)
        return merge, self._gate(block.name, body, merge, block.condition)

    def _stop(self, block: Stop) -> tuple[str, str]:
        first, last = self._halt(Halt(block.code, f"{block.code}.outcome == 'stop'"))
        self.flow(self.step(block.code, "stop=stop;on=on"), first)
        return block.code, last

    def _halt(self, block: Halt) -> tuple[str, str]:
        first = self.node("exclusiveGateway", f"before_{block.name}")
        end = self.node("endEvent", f"stop_{block.name}", "<bpmn:terminateEventDefinition/>")
        return first, self._gate(block.name, first, end, block.condition)

    def _gate(self, name: str, source: str, target: str, condition: str) -> str:
        """A gateway that leads to a target when the condition holds, and otherwise on."""
        gateway = self.node("exclusiveGateway", f"choose_{name}", default=f"f{len(self.flows) + 1}")
        after = self.node("exclusiveGateway", f"after_{name}")
        self.flow(source, gateway)
        self.flow(gateway, after)
        self.flow(gateway, target, condition)
        return after

    def _wait(self, block: Wait) -> tuple[str, str]:
        self.node("intermediateCatchEvent", block.name, _TIMER)
        return block.name, block.name

    def _call(self, block: Call) -> tuple[str, str]:
        return self._timers(self.node("callActivity", f"call_{block.process}", calledElement=block.process), block.timers)

    def _script(self, block: Script) -> tuple[str, str]:
        self.node("scriptTask", block.name, f"<bpmn:script>{escape(block.text)}</bpmn:script>")
        return block.name, block.name


_TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>2d</bpmn:timeDuration></bpmn:timerEventDefinition>"
_HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' targetNamespace="http://example.vn/eiso">'
)


def bpmn(process_id: str, block: Block) -> bytes:
    """A file with one process: start, block, end."""
    drawing = _Drawing()
    start = drawing.node("startEvent", "begin")
    drawing.flow(drawing.draw(block, start), drawing.node("endEvent", f"end_{process_id}"))
    lane = (
        '<bpmn:laneSet id="{0}_lanes"><bpmn:lane id="{0}_lane" name="Chuyên viên"><bpmn:extensionElements><camunda:properties>'
        '<camunda:property name="role" value="specialist"/></camunda:properties></bpmn:extensionElements>{1}</bpmn:lane></bpmn:laneSet>'
    ).format(process_id, "".join(f"<bpmn:flowNodeRef>{code}</bpmn:flowNodeRef>" for code in drawing.steps))
    inside = lane + "".join(drawing.nodes) + "".join(drawing.flows)
    process = f'<bpmn:process id="{process_id}" name="{process_id}" isExecutable="true">{inside}</bpmn:process>'
    return f"{_HEAD}{process}</bpmn:definitions>".encode()


def model(block: Block, **called: Block) -> ProcessModel:
    """A model of a main process and those that it calls, by process id."""
    sources = {"main.bpmn": bpmn("main", block)} | {f"{name}.bpmn": bpmn(name, part) for name, part in called.items()}
    return read_model(sources)


def define(block: Block, **called: Block) -> Definition:
    """The same, compiled."""
    return compile_definition(model(block, **called))


def stored(*names: str) -> ProcessModel:
    """A model from tests/data/models, the main file first."""
    return read_model({name: (FOLDER / name).read_bytes() for name in names})

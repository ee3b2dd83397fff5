"""One process element to a Process, element by element, with a finding for everything that is not ours."""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

from engine.model.constructs import FLOW_NODE_PARTS, IGNORED_IN_PROCESS, refusal
from engine.model.document import BPMN, CAMUNDA, NAMESPACES, Element, children, local_name, namespace, text_of
from engine.model.elements import (
    CallActivity,
    EndEvent,
    Flow,
    Gateway,
    GatewayKind,
    Lane,
    ModelStep,
    ModelTimer,
    Process,
    ScriptTask,
    StartEvent,
)
from engine.model.findings import Finding
from engine.model.rules import finding
from engine.model.vocabulary import MAX_ID, PROPERTIES, ValueRefusedError, near, parse_limit
from engine.timelimit import UNTIMED, LimitKind, TimeLimit

# What the Camunda modeler writes on an element and Camunda acts on; here it would be passed over.
_FOREIGN_ATTRIBUTES = (
    "assignee",
    "candidateUsers",
    "candidateGroups",
    "dueDate",
    "followUpDate",
    "formKey",
    "formRef",
    "priority",
    "calledElementBinding",
    "resource",
)


class ProcessReader:
    """Reads one process; `findings` fills up on the way."""

    def __init__(self, file: str, root: Element, process: Element) -> None:
        self.file = file
        self.root = root
        self.element = process
        self.findings: list[Finding] = []
        self.lines: dict[str, int] = {}
        self.lanes: dict[str, Lane] = {}
        self.lane_of: dict[str, str] = {}
        self.steps: dict[str, ModelStep] = {}
        self.gateways: dict[str, Gateway] = {}
        self.timers: dict[str, ModelTimer] = {}
        self.calls: dict[str, CallActivity] = {}
        self.scripts: dict[str, ScriptTask] = {}
        self.starts: dict[str, StartEvent] = {}
        self.ends: dict[str, EndEvent] = {}
        self.flows: dict[str, Flow] = {}
        self.refused: dict[str, str] = {}

    def read(self) -> Process:
        """Read lanes first, because steps look up theirs, then everything else in document order."""
        self.check_id(self.element, "process.id_long")
        properties = self.properties(self.element, "process")
        for lane_set in children(self.element, "laneSet"):
            self.read_lanes(lane_set, {})
        for child in children(self.element):
            self.read_child(child)
        process = Process(
            id=self.element.get("id", ""),
            name=self.element.get("name", "").strip() or self.pool_name(),
            procedure=properties.get("procedure"),
            variables=properties.get("variables", ()),
            file=self.file,
            drawn=frozenset(e.get("bpmnElement", "") for e in self.root.iterfind(".//bpmndi:BPMNPlane/*", NAMESPACES)),
            **{name: MappingProxyType(getattr(self, name)) for name in _PARTS},
        )
        self.check_lane_references(process)
        return process

    def report(self, rule: str, element: Element | None, element_id: str | None = None, **facts: Any) -> None:
        """Add the finding of a rule at an element."""
        line = None if element is None else element.sourceline
        where = element_id if element_id is not None or element is None else element.get("id")
        self.findings.append(finding(rule, self.file, where, line=line, **facts))

    def pool_name(self) -> str:
        """The name of the pool around the process: modelers let people name that and not the process."""
        for pool in self.root.iterfind("bpmn:collaboration/bpmn:participant", NAMESPACES):
            if pool.get("processRef") == self.element.get("id"):
                return str(pool.get("name", "")).strip()
        return ""

    # --- ids and properties ----------------------------------------------------------------------------------------

    def check_id(self, element: Element, too_long: str = "id.long") -> str | None:
        element_id: str | None = element.get("id")
        if not element_id:
            self.report("id.missing", element, tag=local_name(element))
            return None
        if len(element_id) > MAX_ID:
            self.report(too_long, element, most=MAX_ID)
        if element_id in self.lines:
            self.report("id.double", element, where=f"line {self.lines[element_id]} and {element.sourceline}")
            return None
        self.lines[element_id] = element.sourceline or 0
        return element_id

    def properties(self, element: Element, kind: str) -> dict[str, Any]:
        """The properties of this very element, read. One that is there and wrong is present as None."""
        readers = PROPERTIES.get(kind, {})
        values: dict[str, Any] = {}
        for name, text in self.pairs(element):
            if name not in readers:
                self.unknown_property(element, kind, name)
            elif name in values:
                self.report("property.double", element, name=name)
            else:
                values[name] = self.value(element, name, text, readers[name])
        return values

    def pairs(self, element: Element) -> Iterator[tuple[str, str]]:
        for extension in element.iterfind("./bpmn:extensionElements/*", NAMESPACES):
            if namespace(extension) != CAMUNDA or local_name(extension) != "properties":
                self.report("extension.ignored", extension, element.get("id", ""), name=local_name(extension))
                continue
            for pair in extension.iterfind("./camunda:property", NAMESPACES):
                yield (pair.get("name") or "").strip(), (pair.get("value") or "").strip()
        for attribute in _FOREIGN_ATTRIBUTES:
            if element.get(f"{{{CAMUNDA}}}{attribute}") is not None:
                self.report("extension.ignored", element, name=f"camunda:{attribute}")

    def value(self, element: Element, name: str, text: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(text)
        except ValueRefusedError as error:
            self.report(f"value.{name}", element, value=text[:80], hint=error.message)
            return None

    def unknown_property(self, element: Element, kind: str, name: str) -> None:
        known = list(PROPERTIES.get(kind, ()))
        meant = near(name, known)
        if meant:
            self.report("property.unknown", element, name=name, near=meant)
        elif known:
            self.report("property.strange", element, name=name, known=", ".join(known))
        else:
            self.report("property.misplaced", element, name=name, tag=local_name(element))

    # --- lanes -----------------------------------------------------------------------------------------------------

    def read_lanes(self, lane_set: Element, outer: dict[str, Any]) -> None:
        """Lanes inside lanes: the innermost one that names a step holds it; what it does not say itself, it has from outside."""
        for element in children(lane_set, "lane"):
            lane_id = self.check_id(element)
            properties = {**outer, **{k: v for k, v in self.properties(element, "lane").items() if v is not None}}
            for inner in children(element, "childLaneSet"):
                self.read_lanes(inner, properties)
            if lane_id is None:
                continue
            self.lanes[lane_id] = Lane(
                id=lane_id,
                name=element.get("name", "").strip(),
                role=properties.get("role", ""),
                unit=properties.get("unit", "field"),
                agency=properties.get("agency", "own"),
            )
            self.place(element, lane_id)

    def place(self, element: Element, lane_id: str) -> None:
        inner = {lane.get("id") for lane in element.iter(f"{{{BPMN}}}lane")}
        for reference in children(element, "flowNodeRef"):
            node_id = text_of(reference)
            first = self.lane_of.setdefault(node_id, lane_id)
            if first not in inner:
                self.report("lane.twice", reference, node_id, first=first, second=lane_id)

    def check_lane_references(self, process: Process) -> None:
        known = set(process.nodes)
        for node_id, lane_id in self.lane_of.items():
            if node_id not in known:
                self.findings.append(finding("lane.unknown_node", self.file, lane_id, line=self.lines.get(lane_id), node=node_id))

    # --- nodes -----------------------------------------------------------------------------------------------------

    def read_child(self, element: Element) -> None:
        tag = local_name(element)
        if tag in IGNORED_IN_PROCESS:
            return
        element_id = self.check_id(element)
        if element_id is None:
            return
        if tag == "sequenceFlow":
            self.read_flow(element, element_id)
            return
        refused = refusal(element)
        reader = None if refused else self.reader(tag)
        if reader is None:
            rule, facts = refused or ("construct.unknown", {"tag": tag})
            self.report(rule, element, **facts)
            self.refused[element_id] = tag
            return
        self.check_parts(element)
        reader(element, element_id)

    def reader(self, tag: str) -> Callable[[Element, str], None] | None:
        readers: dict[str, Callable[[Element, str], None]] = {
            "startEvent": self.read_start,
            "endEvent": self.read_end,
            "userTask": self.read_step,
            "scriptTask": self.read_script,
            "callActivity": self.read_call,
            "exclusiveGateway": self.read_gateway,
            "parallelGateway": self.read_gateway,
            "intermediateCatchEvent": self.read_timer,
            "boundaryEvent": self.read_timer,
        }
        return readers.get(tag)

    def check_parts(self, element: Element) -> None:
        for child in children(element):
            tag = local_name(child)
            if tag not in FLOW_NODE_PARTS and not tag.endswith("EventDefinition"):
                rule = "construct.data" if "put" in tag or tag == "property" else "construct.unknown"
                self.report(rule, child, element.get("id"), tag=tag)

    def read_flow(self, element: Element, flow_id: str) -> None:
        condition = next(children(element, "conditionExpression"), None)
        text = text_of(condition)
        if condition is not None and not text:
            self.report("flow.condition_empty", element)
        self.flows[flow_id] = Flow(
            id=flow_id,
            source=element.get("sourceRef", ""),
            target=element.get("targetRef", ""),
            name=element.get("name", "").strip(),
            condition=text or None,
        )

    def read_start(self, element: Element, element_id: str) -> None:
        self.properties(element, "startEvent")
        self.starts[element_id] = StartEvent(element_id, _name(element))

    def read_end(self, element: Element, element_id: str) -> None:
        status = self.properties(element, "endEvent").get("status")
        terminates = next(children(element, "terminateEventDefinition"), None) is not None
        self.ends[element_id] = EndEvent(element_id, _name(element), status, terminates)

    def read_gateway(self, element: Element, element_id: str) -> None:
        self.properties(element, "gateway")
        kind: GatewayKind = "exclusive" if local_name(element) == "exclusiveGateway" else "parallel"
        self.gateways[element_id] = Gateway(element_id, _name(element), kind, element.get("default"))

    def read_script(self, element: Element, element_id: str) -> None:
        self.properties(element, "scriptTask")
        script = text_of(next(children(element, "script"), None))
        if not script:
            self.report("script.empty", element)
        self.scripts[element_id] = ScriptTask(element_id, _name(element), script)

    def read_call(self, element: Element, element_id: str) -> None:
        self.properties(element, "callActivity")
        called = element.get("calledElement", "").strip()
        if not called:
            self.report("call.empty", element)
        self.calls[element_id] = CallActivity(element_id, _name(element), called)

    def read_step(self, element: Element, element_id: str) -> None:
        given = self.properties(element, "userTask")
        name = _name(element)
        for needed in ("code", "limit"):
            if needed not in given:
                self.report(f"step.{needed}_missing", element, name=name)
        lane = self.lanes.get(self.lane_of.get(element_id, ""))
        if lane is None:
            self.report("step.lane_missing", element, name=name)
        elif not lane.role:
            self.report("lane.role_missing", element, lane.id, name=lane.name)
        self.steps[element_id] = ModelStep(
            id=element_id,
            code=given.get("code") or "",
            name=name,
            lane_id=lane.id if lane else "",
            limit=given.get("limit") or UNTIMED,
            extends=given.get("extends"),
            stops_clock=given.get("clock") or False,
            handler=given.get("handler"),
            outcomes=given.get("outcomes") or (),
            form=given.get("form"),
            issues=given.get("issues") or (),
            status=given.get("status"),
        )

    # --- timers ----------------------------------------------------------------------------------------------------

    def read_timer(self, element: Element, element_id: str) -> None:
        self.properties(element, "timer")
        self.timers[element_id] = ModelTimer(
            id=element_id,
            name=_name(element),
            limit=self.timer_limit(element),
            attached_to=element.get("attachedToRef", "") if local_name(element) == "boundaryEvent" else None,
            interrupting=element.get("cancelActivity", "true") not in ("false", "0"),
        )

    def timer_limit(self, element: Element) -> TimeLimit:
        definition = next(children(element, "timerEventDefinition"))
        for tag, rule in (("timeCycle", "timer.cycle"), ("timeDate", "timer.date")):
            if next(children(definition, tag), None) is not None:
                self.report(rule, element)
                return UNTIMED
        text = text_of(next(children(definition, "timeDuration"), None))
        try:
            limit = parse_limit(text)
        except ValueRefusedError:
            limit = UNTIMED
        if limit.kind is LimitKind.UNTIMED:
            self.report("timer.value", element, value=text[:80])
        return limit


_PARTS = ("lanes", "steps", "gateways", "timers", "calls", "scripts", "starts", "ends", "flows", "refused", "lines")


def _name(element: Element) -> str:
    """A name on one line; modelers keep the line breaks of a label."""
    return " ".join(str(element.get("name", "")).split())

"""Drafts of models for the tests of engine.model: written in a few words, saved as the BPMN that an editor would save."""

import itertools
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from engine.model.elements import ProcessModel
from engine.model.reading import read_model

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'id="Definitions_1" targetNamespace="http://bpmn.io/schema/bpmn">\n'
)


@dataclass
class Draft:
    """A process in the making; every method returns the draft, so that a model reads as one sentence."""

    id: str = "khai_sinh"
    procedure: str | None = "1.001193"
    elements: list[str] = field(default_factory=list)
    flows: list[tuple[str, str, str, str]] = field(default_factory=list)  # id, source, target, condition
    laned: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    properties: str = ""
    lanes: str | None = None
    is_drawn: bool = True

    def raw(self, xml: str, *ids: str) -> "Draft":
        self.elements.append(xml)
        self.ids += ids
        return self

    def start(self, element_id: str = "start") -> "Draft":
        return self.raw(f'<bpmn:startEvent id="{element_id}" />', element_id)

    def end(self, element_id: str = "end", *, terminate: bool = False, **properties: str) -> "Draft":
        inner = pairs(properties) + ("<bpmn:terminateEventDefinition />" if terminate else "")
        return self.raw(f'<bpmn:endEvent id="{element_id}">{inner}</bpmn:endEvent>', element_id)

    def step(self, code: str, limit: str | None = "1h", name: str | None = None, **properties: str) -> "Draft":
        given = {"code": code, **({} if limit is None else {"limit": limit}), **properties}
        self.laned.append(code)
        named = quoteattr(f"Việc {code}" if name is None else name)
        return self.raw(f'<bpmn:userTask id="{code}" name={named}>{pairs(given)}</bpmn:userTask>', code)

    def xor(self, element_id: str, default: str | None = None) -> "Draft":
        chosen = f' default="{default}"' if default else ""
        return self.raw(f'<bpmn:exclusiveGateway id="{element_id}"{chosen} />', element_id)

    def both(self, element_id: str) -> "Draft":
        return self.raw(f'<bpmn:parallelGateway id="{element_id}" />', element_id)

    def call(self, element_id: str, called: str) -> "Draft":
        return self.raw(f'<bpmn:callActivity id="{element_id}" calledElement="{called}" />', element_id)

    def script(self, element_id: str, text: str) -> "Draft":
        return self.raw(f'<bpmn:scriptTask id="{element_id}"><bpmn:script>{escape(text)}</bpmn:script></bpmn:scriptTask>', element_id)

    def timer(self, element_id: str, limit: str, on: str | None = None, *, interrupting: bool = True, tag: str = "timeDuration") -> "Draft":
        definition = f"<bpmn:timerEventDefinition><bpmn:{tag}>{limit}</bpmn:{tag}></bpmn:timerEventDefinition>"
        if on is None:
            return self.raw(f'<bpmn:intermediateCatchEvent id="{element_id}">{definition}</bpmn:intermediateCatchEvent>', element_id)
        cancel = "" if interrupting else ' cancelActivity="false"'
        return self.raw(f'<bpmn:boundaryEvent id="{element_id}" attachedToRef="{on}"{cancel}>{definition}</bpmn:boundaryEvent>', element_id)

    def way(self, *nodes: str, when: str = "") -> "Draft":
        """Flows from each node to the next; a condition goes on the first of them. A flow from a to b has the id `a-b`."""
        for n, (source, target) in enumerate(itertools.pairwise(nodes)):
            self.flows.append((f"{source}-{target}", source, target, when if n == 0 else ""))
        return self

    def xml(self) -> bytes:
        given = {"procedure": self.procedure} if self.procedure else {}
        flows = "\n".join(_flow(*flow) for flow in self.flows)
        refs = "".join(f"<bpmn:flowNodeRef>{i}</bpmn:flowNodeRef>" for i in self.laned)
        lanes = f'<bpmn:lane id="Lane_{self.id}" name="Công chức">{pairs({"role": "specialist"})}{refs}</bpmn:lane>'
        body = "\n".join(self.elements)
        return (
            f'{HEAD}<bpmn:process id="{self.id}" name="Đăng ký khai sinh" isExecutable="true">{pairs(given)}{self.properties}'
            f"<bpmn:laneSet>{lanes if self.lanes is None else self.lanes}</bpmn:laneSet>\n{body}\n{flows}\n</bpmn:process>\n"
            f"{self.drawing() if self.is_drawn else ''}</bpmn:definitions>"
        ).encode()

    def drawing(self) -> str:
        shapes = "".join(f'<bpmndi:BPMNShape id="{i}_di" bpmnElement="{i}" />' for i in (f"Lane_{self.id}", *self.ids))
        edges = "".join(f'<bpmndi:BPMNEdge id="{f[0]}_di" bpmnElement="{f[0]}" />' for f in self.flows)
        plane = f'<bpmndi:BPMNPlane id="p" bpmnElement="{self.id}">{shapes}{edges}</bpmndi:BPMNPlane>'
        return f'<bpmndi:BPMNDiagram id="d">{plane}</bpmndi:BPMNDiagram>'

    def model(self, *called: "Draft") -> ProcessModel:
        """Read it, with the processes that it calls."""
        return read_model(sources(self, *called))


def sources(*drafts: Draft) -> dict[str, bytes]:
    """The files of some drafts, the main one first."""
    return {f"{draft.id}.bpmn": draft.xml() for draft in drafts}


def straight(procedure: str | None = "1.001193") -> Draft:
    """Start, steps B1 to Bn of one hour, the last but one with status 9, the last untimed with 10."""
    draft = Draft(procedure=procedure).start().step("B1").step("B2", status="9").step("B3", "untimed", status="10").end()
    return draft.way("start", "B1", "B2", "B3", "end")


def pairs(properties: dict[str, str]) -> str:
    """camunda:property pairs, as Camunda Modeler writes them."""
    if not properties:
        return ""
    inner = "".join(f"<camunda:property name={quoteattr(n)} value={quoteattr(v)} />" for n, v in properties.items())
    return f"<bpmn:extensionElements><camunda:properties>{inner}</camunda:properties></bpmn:extensionElements>"


def _flow(flow_id: str, source: str, target: str, condition: str) -> str:
    inner = (
        f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(condition)}</bpmn:conditionExpression>' if condition else ""
    )
    return f'<bpmn:sequenceFlow id="{flow_id}" name="theo" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'

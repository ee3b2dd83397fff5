"""From a model to SpiffWorkflow's specs, through a parser that knows only what eISO runs.

SpiffWorkflow is not shown the files but a plain drawing of what engine.model understood of them. So the two can never understand a
file differently (SpiffWorkflow takes `cancelActivity="1"` for false, and tries a gateway's flows by the height at which their
targets are drawn), and nothing foreign reaches it: it parses many things that it then silently misruns.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EndEventParser,
    EventDefinitionParser,
    IntermediateCatchEventParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.task_parsers import CallActivityParser, ConditionalGatewayParser, GatewayParser, ScriptTaskParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    CallActivity,
    EndEvent,
    ExclusiveGateway,
    IntermediateCatchEvent,
    ParallelGateway,
    ScriptTask,
    StartEvent,
    UserTask,
)
from SpiffWorkflow.exceptions import SpiffWorkflowException

from engine.model.elements import Flow, Gateway, ModelTimer, Process, ProcessModel
from engine.spiff.errors import DefinitionError
from engine.spiff.timers import LimitTimer

_OWN_NAMES = ("Start", "End", ".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin")  # SpiffWorkflow's, beside the elements
_ESCAPE = "~"  # never part of an XML id
_REFERENCES = frozenset({"id", "sourceRef", "targetRef", "attachedToRef", "default"})
_GATEWAYS: Mapping[str, str] = {"exclusive": "exclusiveGateway", "parallel": "parallelGateway"}


class _OurTimers(EventDefinitionParser):
    """Reads any timer as one of ours."""

    def parse_timer_event(self, event: Any) -> LimitTimer:
        return LimitTimer(self.bpmn_id, "timer")


class _CatchEventParser(_OurTimers, IntermediateCatchEventParser):
    pass


class _BoundaryParser(_OurTimers, BoundaryEventParser):
    pass


class EisoParser(BpmnParser):
    """SpiffWorkflow's parser with the vocabulary of engine.model.elements and nothing more."""

    PARSER_CLASSES: ClassVar[dict[str, tuple[Any, Any]]] = {
        full_tag("startEvent"): (StartEventParser, StartEvent),
        full_tag("endEvent"): (EndEventParser, EndEvent),
        full_tag("userTask"): (TaskParser, UserTask),
        full_tag("scriptTask"): (ScriptTaskParser, ScriptTask),
        full_tag("callActivity"): (CallActivityParser, CallActivity),
        full_tag("exclusiveGateway"): (ConditionalGatewayParser, ExclusiveGateway),
        full_tag("parallelGateway"): (GatewayParser, ParallelGateway),
        full_tag("boundaryEvent"): (_BoundaryParser, BoundaryEvent),
        full_tag("intermediateCatchEvent"): (_CatchEventParser, IntermediateCatchEvent),
    }


def parse_specs(model: ProcessModel) -> dict[str, Any]:
    """SpiffWorkflow's specs of the main process and all that it calls, by process id, the main one first.

    Raises: DefinitionError for what cannot be run.
    """
    _refuse_call_cycles(model)
    parser = EisoParser()
    try:
        for process in model.processes:
            parser.add_bpmn_xml(_drawing(process), filename=process.id)
        specs = {process.id: parser.get_spec(process.id) for process in model.processes}
    except SpiffWorkflowException as fault:
        raise DefinitionError(f"SpiffWorkflow refuses the model: {fault}", element_id=getattr(fault, "id", None) or None) from fault
    for process in model.processes:
        for task_spec in specs[process.id].task_specs.values():
            if task_spec.bpmn_id is not None:
                task_spec.bpmn_id = task_spec.bpmn_id.removesuffix(_ESCAPE)
        _refuse_unreachable(process, specs[process.id])
    return specs


def _escaped(element_id: str) -> str:
    """The id to draw: a model may well call its end event `End`, which SpiffWorkflow takes for its own."""
    taken = any(element_id == name or (name.startswith(".") and element_id.endswith(name)) for name in _OWN_NAMES)
    return element_id + _ESCAPE if taken else element_id


def _drawing(process: Process) -> Any:
    """The process as plain BPMN, its flows in the order of the file."""
    if len(process.starts) != 1:
        raise DefinitionError(f"{process.id} must have exactly one start event, it has {len(process.starts)}", process=process.id)
    root = etree.Element(full_tag("definitions"))
    drawn = etree.SubElement(root, full_tag("process"), {"id": process.id, "isExecutable": "true"})
    for element_id in process.starts:
        _add(drawn, "startEvent", id=element_id)
    for element_id in process.steps:
        _add(drawn, "userTask", id=element_id)
    for call in process.calls.values():
        _add(drawn, "callActivity", id=call.id, calledElement=call.called)
    _draw_scripts_and_ends(drawn, process)
    for timer in process.timers.values():
        _draw_timer(drawn, timer)
    for gateway in process.gateways.values():
        _draw_gateway(drawn, gateway)
    for flow in process.flows.values():
        _draw_flow(drawn, flow, process.gateways.get(flow.source))
    return root


def _draw_scripts_and_ends(drawn: Any, process: Process) -> None:
    for script in process.scripts.values():
        _add(_add(drawn, "scriptTask", id=script.id), "script").text = script.script
    for end in process.ends.values():
        event = _add(drawn, "endEvent", id=end.id)
        if end.terminates:
            _add(event, "terminateEventDefinition")


def _add(parent: Any, tag: str, **attributes: str) -> Any:
    given = {name: _escaped(value) if name in _REFERENCES else value for name, value in attributes.items()}
    return etree.SubElement(parent, full_tag(tag), given)


def _draw_timer(drawn: Any, timer: ModelTimer) -> None:
    if timer.attached_to is None:
        event = _add(drawn, "intermediateCatchEvent", id=timer.id)
    else:
        event = _add(drawn, "boundaryEvent", id=timer.id, attachedToRef=timer.attached_to, cancelActivity=str(timer.interrupting).lower())
    _add(event, "timerEventDefinition")


def _draw_gateway(drawn: Any, gateway: Gateway) -> None:
    if gateway.kind not in _GATEWAYS:
        # an inclusive join was seen to go on while a called process was still open
        raise DefinitionError(f"{gateway.kind} gateways are not run by eISO", element_id=gateway.id)
    default = {} if gateway.default is None else {"default": gateway.default}
    _add(drawn, _GATEWAYS[gateway.kind], id=gateway.id, **default)


def _draw_flow(drawn: Any, flow: Flow, source: Gateway | None) -> None:
    drawn_flow = _add(drawn, "sequenceFlow", id=flow.id, sourceRef=flow.source, targetRef=flow.target)
    if flow.condition is None:
        return
    if source is None or source.kind != "exclusive":
        raise DefinitionError("a condition counts only behind an exclusive gateway; here it would be passed over", element_id=flow.id)
    _add(drawn_flow, "conditionExpression").text = flow.condition


def _refuse_call_cycles(model: ProcessModel) -> None:
    calls = {process.id: [call.called for call in process.calls.values()] for process in model.processes}

    def visit(process_id: str, path: tuple[str, ...]) -> None:
        if process_id in path:
            raise DefinitionError(f"{process_id} calls itself, over {' > '.join(path)}", process=process_id)
        if process_id not in calls:
            raise DefinitionError(f"{process_id} is called, but is not part of the model", process=process_id)
        for called in calls[process_id]:
            visit(called, (*path, process_id))

    visit(model.main.id, ())


def _refuse_unreachable(process: Process, spec: Any) -> None:
    """SpiffWorkflow drops without a word what it cannot reach."""
    reached = {task_spec.bpmn_id for task_spec in spec.task_specs.values()}
    if lost := sorted(set(process.nodes) - reached):
        raise DefinitionError(f"{lost[0]} cannot be reached from the start of {process.id}", element_id=lost[0])

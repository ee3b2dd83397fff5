"""What of BPMN we run and what we refuse. Everything that is not listed as run is refused by name.

Each refusal has been seen to go wrong in silence or to be without meaning for a dossier: inclusive joins that go on while a called
process is still open, link and compensation events that vanish, service tasks that nobody completes.
"""

from typing import Any

from engine.model.document import Element, children, local_name

Refusal = tuple[str, dict[str, Any]]  # rule and facts

IGNORED_IN_PROCESS = frozenset(
    {"documentation", "extensionElements", "laneSet", "textAnnotation", "group", "association", "auditing", "monitoring", "artifact"}
)
FLOW_NODE_PARTS = frozenset(
    {"documentation", "extensionElements", "incoming", "outgoing", "auditing", "monitoring", "categoryValueRef", "rendering", "script"}
)

_REFUSED = {
    "task": "construct.task",
    "manualTask": "construct.manual_task",
    "serviceTask": "construct.service_task",
    "sendTask": "construct.service_task",
    "receiveTask": "construct.receive_task",
    "businessRuleTask": "construct.business_rule_task",
    "transaction": "construct.subprocess",
    "adHocSubProcess": "construct.subprocess",
    "inclusiveGateway": "construct.inclusive_gateway",
    "complexGateway": "construct.complex_gateway",
    "eventBasedGateway": "construct.event_gateway",
    "intermediateThrowEvent": "construct.throw_event",
    "dataObject": "construct.data",
    "dataObjectReference": "construct.data",
    "dataStoreReference": "construct.data",
    "ioSpecification": "construct.data",
    "property": "construct.data",
}
_EVENTS = {  # event -> the definitions that it may have, and how many
    "startEvent": (frozenset[str](), 0),
    "endEvent": (frozenset({"terminateEventDefinition"}), 1),
    "intermediateCatchEvent": (frozenset({"timerEventDefinition"}), 1),
    "boundaryEvent": (frozenset({"timerEventDefinition"}), 1),
}


def refusal(element: Element) -> Refusal | None:
    """The rule by which an element of a process is refused, with its facts; None when it may be run."""
    tag = local_name(element)
    if tag == "subProcess":
        return "construct.event_subprocess" if element.get("triggeredByEvent") == "true" else "construct.subprocess", {"tag": tag}
    if tag in _REFUSED:
        return _REFUSED[tag], {"tag": tag}
    return _marker(element) or (_event(element, tag) if tag in _EVENTS else None)


def _marker(element: Element) -> Refusal | None:
    if next(children(element, "multiInstanceLoopCharacteristics"), None) is not None:
        return "construct.multi_instance", {}
    if next(children(element, "standardLoopCharacteristics"), None) is not None:
        return "construct.loop", {}
    if element.get("isForCompensation") == "true":
        return "construct.compensation", {}
    if element.get("startQuantity", "1") != "1" or element.get("completionQuantity", "1") != "1":
        return "construct.quantity", {}
    return None


def _event(element: Element, tag: str) -> Refusal | None:
    allowed, most = _EVENTS[tag]
    found = [local_name(c) for c in children(element) if local_name(c).endswith(("EventDefinition", "eventDefinitionRef"))]
    for definition in found:
        if definition not in allowed:
            return "construct.event", {"event": definition.removesuffix("EventDefinition")}
    if len(found) > most or (tag in ("intermediateCatchEvent", "boundaryEvent") and not found):
        return "construct.event_count", {"count": len(found)}
    return None

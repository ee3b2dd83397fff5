"""The diagram: what runs is also drawn, so that people can read the procedure that binds them."""

from collections.abc import Iterator

from engine.model.elements import Process
from engine.model.findings import Finding
from engine.model.rules import finding


def check_drawing(process: Process) -> Iterator[Finding]:
    """A warning for each node, lane and flow that the diagram does not show; one for all when there is no diagram."""
    if not process.drawn:
        yield finding("drawing.none", process.file, process.id)
        return
    for element_id in (*process.lanes, *process.nodes, *process.flows):
        if element_id not in process.drawn:
            yield finding("drawing.missing", process.file, element_id, line=process.lines.get(element_id))

"""Whether a process can still come to its end when one of its tokens is put back before a step."""

from collections.abc import Iterable

from engine.model.elements import Process
from engine.model.graph import Graph
from engine.model.tokens import Play, State, TooManyStatesError


def runs_on(process: Process, element_id: str, arrived: Iterable[str] = ()) -> bool:
    """Whether every way from here ends, with one token before this step and these flows into joins already taken.

    Decisions are taken blindly, as in the checks of a model: what depends on an answer counts as possible. A process too large to be
    followed counts as one that does not run on.
    """
    graph = Graph(process)
    if not graph.into.get(element_id):
        return False
    play = Play(graph, lambda status, _given, _element: status, lambda _process, status: {status})
    places = {play.place(graph.into[element_id][0].id), *(play.place(flow_id) for flow_id in arrived)}
    try:
        seen = play.follow(State(frozenset(places), 0))
    except TooManyStatesError:
        return False
    return not seen.waiting and not seen.doubled and bool(seen.endings)

"""Playing a process through: every way that its tokens can move, with the status that the dossier has reached on that way.

Decisions are taken blindly (each way out of an exclusive gateway may be taken), steps take no time, timers may fire whenever they are
set. A process has few places once steps that only pass a token on are left out, so all of it can be followed; what cannot is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.model.elements import Process
from engine.model.graph import Graph

MAX_STATES = 20_000

# (status so far, status of an element, its id) -> status after it
Advance = Callable[[int, int, str], int]


class State(NamedTuple):
    """Where tokens lie (flows, steps with timers, timers that are set) and the status reached."""

    places: frozenset[str]
    status: int


class TooManyStatesError(Exception):
    """The process can be in more states than can be followed."""


@dataclass
class Outcome:
    """What was seen: joins that waited for ever and for which flows, flows on which two tokens met, and how the process ended."""

    waiting: dict[str, set[str]] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    endings: set[tuple[int, str]] = field(default_factory=set)  # status, and the end event that was reached last

    @property
    def statuses(self) -> set[int]:
        return {status for status, _ in self.endings}


class Play:
    """Follows the tokens of one process, called processes as one move each."""

    def __init__(self, graph: Graph, advance: Advance, called: Callable[[str, int], set[int]]) -> None:
        self.graph = graph
        self.process: Process = graph.process
        self.advance = advance
        self.called = called
        self.seen = Outcome()
        self.alias = _passed_through(graph)
        self.target = {flow.id: flow.target for flows in graph.out.values() for flow in flows}
        self.hosts = {t.attached_to for t in self.process.timers.values() if t.attached_to is not None}

    def run(self, status: int) -> Outcome:
        """Follow every way from the start. Raises: TooManyStatesError."""
        return self.follow(State(frozenset(self.place(f.id) for f in self.graph.out[self.graph.start or ""]), status))

    def follow(self, first: State) -> Outcome:
        """Follow every way from a state. Raises: TooManyStatesError."""
        known = {first}
        todo = [first]
        while todo:
            state = todo.pop()
            following = list(self.moves(state))
            if state.places and not following:
                self.stuck(state)
            for target in following:
                if target not in known:
                    known.add(target)
                    todo.append(target)
            if len(known) > MAX_STATES:
                raise TooManyStatesError
        return self.seen

    def place(self, flow_id: str) -> str:
        """Where a token on a flow comes to rest: before the next node that does more than pass it on."""
        while flow_id in self.alias:
            flow_id = self.alias[flow_id]
        return flow_id

    def moves(self, state: State) -> Iterator[State]:
        for place in sorted(state.places):
            if place in self.target:
                yield from self.enter(state, place, self.target[place])
            elif place in self.hosts:
                yield from self.leave(state, place)

    def enter(self, state: State, place: str, node: str) -> Iterator[State]:
        gateway = self.process.gateways.get(node)
        if gateway is not None and gateway.kind == "parallel":
            needed = {f.id for f in self.graph.into[node]}
            if needed <= state.places and place == min(needed):
                yield from self.put(state, needed, [f.id for f in self.graph.out[node]], state.status)
        elif gateway is not None:
            for way in self.graph.out[node]:
                yield from self.put(state, {place}, [way.id], state.status)
        elif node in self.process.ends:
            yield self.end(state, place, node)
        elif node in self.hosts:
            yield State(state.places - {place} | {node} | self.armed(node), state.status)
        else:
            for status in self.statuses(node, state.status):
                yield from self.put(state, {place}, [f.id for f in self.graph.out[node]], status)

    def leave(self, state: State, node: str) -> Iterator[State]:
        """A step or call with timers on it: it ends, or one of the timers goes off."""
        occupied = {node} | self.armed(node)
        outcomes = self.statuses(node, state.status)
        for status in outcomes:
            yield from self.put(state, occupied, [f.id for f in self.graph.out[node]], status)
        for timer in self.process.boundary_timers(node):
            ways = [f.id for f in self.graph.out[timer.id]]
            if timer.interrupting:
                for status in {state.status} | (outcomes if node in self.process.calls else set()):
                    yield from self.put(state, occupied, ways, status)
            elif timer.id in state.places:
                yield from self.put(state, {timer.id}, ways, state.status)

    def armed(self, node: str) -> frozenset[str]:
        return frozenset(t.id for t in self.process.boundary_timers(node) if not t.interrupting)

    def statuses(self, node: str, status: int) -> set[int]:
        if node in self.process.calls:
            return self.called(self.process.calls[node].called, status)
        step = self.process.steps.get(node)
        return {status if step is None or step.status is None else self.advance(status, step.status, node)}

    def put(self, state: State, taken: set[str] | frozenset[str], flows: list[str], status: int) -> Iterator[State]:
        left = state.places - taken
        added = frozenset(self.place(f) for f in flows)
        met = {self.target.get(p, p) for p in left & added} | self.meets(left, added)
        if met:
            self.seen.doubled |= met
            return
        yield State(left | added, status)

    def meets(self, left: frozenset[str], added: frozenset[str]) -> set[str]:
        """Nodes that get a token while they hold one or have one on another way in. Joins and ends are there for that."""
        met = set()
        for place in added & self.target.keys():
            node = self.target[place]
            gateway = self.process.gateways.get(node)
            if node not in self.process.ends and (gateway is None or gateway.kind != "parallel"):
                others = {f.id for f in self.graph.into[node]} - {place} | {node}
                if others & (left | added):
                    met.add(node)
        return met

    def end(self, state: State, place: str, node: str) -> State:
        event = self.process.ends[node]
        status = state.status if event.status is None else self.advance(state.status, event.status, node)
        places = frozenset[str]() if event.terminates else state.places - {place}
        if not places:
            self.seen.endings.add((status, node))
        return State(places, status)

    def stuck(self, state: State) -> None:
        """Nothing can move: what is left waits at joins, unless two tokens met and one was held back here."""
        if not self.seen.doubled:
            for node in {self.target[place] for place in state.places}:
                missing = {f.id for f in self.graph.into[node]} - state.places
                self.seen.waiting.setdefault(node, set()).update(missing)


def _passed_through(graph: Graph) -> Mapping[str, str]:
    """Flow -> the next flow, over each step, script or timer that only passes a token on."""
    process = graph.process
    hosts = {t.attached_to for t in process.timers.values()}
    alias: dict[str, str] = {}
    for node in graph.nodes:
        step = process.steps.get(node)
        passes = node in process.scripts or node in process.timers or (step is not None and step.status is None)
        if passes and node not in hosts and len(graph.into[node]) == 1 and len(graph.out[node]) == 1:
            alias[graph.into[node][0].id] = graph.out[node][0].id
    return alias

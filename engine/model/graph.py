"""The arrows of one process: what follows what, what can be reached, and where it turns back."""

from collections.abc import Collection, Iterable
from functools import cached_property

from engine.model.elements import Flow, Process


class Graph:
    """The nodes of a process and the ways between them; a boundary timer follows the element that it sits on.

    Flows whose ends do not exist are left out, so any process has a graph.
    """

    def __init__(self, process: Process, closed: Collection[str] = ()) -> None:
        """`closed`: flows to leave out as well."""
        self.process = process
        self.nodes = process.nodes
        known = set(self.nodes)
        self.out: dict[str, list[Flow]] = {n: [] for n in self.nodes}
        self.into: dict[str, list[Flow]] = {n: [] for n in self.nodes}
        self.next: dict[str, list[str]] = {n: [] for n in self.nodes}
        for flow in process.flows.values():
            if flow.id not in closed and flow.source in known and flow.target in known:
                self.out[flow.source].append(flow)
                self.into[flow.target].append(flow)
                self.next[flow.source].append(flow.target)
        for timer in process.timers.values():
            if timer.attached_to in known:
                self.next[timer.attached_to].append(timer.id)

    @property
    def start(self) -> str | None:
        """The start event, when there is exactly one."""
        return next(iter(self.process.starts)) if len(self.process.starts) == 1 else None

    @cached_property
    def previous(self) -> dict[str, list[str]]:
        """The arrows turned round."""
        turned: dict[str, list[str]] = {n: [] for n in self.nodes}
        for node, following in self.next.items():
            for target in following:
                turned[target].append(node)
        return turned

    def after(self, nodes: Iterable[str], without: Collection[str] = ()) -> set[str]:
        """These nodes and all that can follow them, on ways that avoid `without`."""
        return _spread(self.next, nodes, without)

    def before(self, nodes: Iterable[str]) -> set[str]:
        """These nodes and all from which one of them can be reached."""
        return _spread(self.previous, nodes)

    @cached_property
    def _walk(self) -> tuple[list[str], set[tuple[str, str]]]:
        """Depth first from the start: the nodes, each before what follows it but for the ways back, and the ways back."""
        finished: list[str] = []
        back: set[tuple[str, str]] = set()
        state: dict[str, int] = {}
        for root in self.process.starts:
            stack = [(root, iter(self.next[root]))]
            state[root] = 1
            while stack:
                node, following = stack[-1]
                target = next(following, None)
                if target is None:
                    stack.pop()
                    state[node] = 2
                    finished.append(node)
                elif target not in state:
                    state[target] = 1
                    stack.append((target, iter(self.next[target])))
                elif state[target] == 1:
                    back.add((node, target))
        return finished[::-1], back

    @property
    def order(self) -> list[str]:
        """Every node that can be reached, each before what follows it but for the ways back."""
        return self._walk[0]

    @property
    def ways_back(self) -> set[tuple[str, str]]:
        """The arrows that close a loop."""
        return self._walk[1]

    def onward(self, node: str) -> list[str]:
        """What follows a node when no loop is turned again."""
        return [t for t in self.next[node] if (node, t) not in self.ways_back]

    def loops(self, within: Collection[str]) -> list[list[str]]:
        """The groups of nodes, out of these, that can turn among themselves for ever."""
        left = set(within)
        forward = {n: [t for t in self.next[n] if t in left] for n in left}
        backward = {n: [t for t in self.previous[n] if t in left] for n in left}
        groups = []
        for node in self.nodes:
            if node in left:
                group = _spread(forward, [node]) & _spread(backward, [node])
                left -= group
                if len(group) > 1 or node in forward[node]:
                    groups.append([n for n in self.nodes if n in group])
        return groups


def _spread(ways: dict[str, list[str]], nodes: Iterable[str], without: Collection[str] = ()) -> set[str]:
    reached: set[str] = set()
    todo = [n for n in nodes if n not in without]
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            todo += [t for t in ways[node] if t not in reached and t not in without]
    return reached

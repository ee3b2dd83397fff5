"""The token game of BPMN played on a ProcessModel, written without a thought of SpiffWorkflow: what the runner must agree with."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from engine.model.elements import Flow, Process, ProcessModel
from engine.model.expressions import compile_expression, compile_script


@dataclass(eq=False)
class Token:
    """Something that waits: a step, a timer or a call. `host` is the step or call on whose edge a timer hangs."""

    kind: str
    element_id: str
    scope: "Scope"
    host: "Token | None" = None


@dataclass(eq=False)
class Scope:
    """One running process."""

    process: Process
    caller: Token | None
    tokens: list[Token] = field(default_factory=list)
    arrivals: Counter[tuple[str, str]] = field(default_factory=Counter)


class Game:
    """One instance."""

    def __init__(self, model: ProcessModel, variables: dict[str, Any]) -> None:
        self.processes = {process.id: process for process in model.processes}
        self.variables = dict(variables)
        self.scopes: list[Scope] = []
        self.ends: list[str] = []
        self._begin(model.main.id, None)

    @property
    def ended(self) -> bool:
        return not self.scopes

    def open(self) -> Counter[tuple[str, str]]:
        return Counter((t.kind, t.element_id) for s in self.scopes for t in s.tokens if t.kind != "call")

    def complete(self, element_id: str, variables: dict[str, Any]) -> None:
        self.variables.update(variables)
        token = self._token("step", element_id)
        self._leave(token)
        self._go_on(token.scope, token.element_id)

    def fire(self, element_id: str) -> None:
        token = self._token("timer", element_id)
        timer = token.scope.process.timers[element_id]
        token.scope.tokens.remove(token)
        if timer.interrupting and token.host is not None:
            self._leave(token.host)
        self._go_on(token.scope, element_id)

    def _token(self, kind: str, element_id: str) -> Token:
        return next(t for s in self.scopes for t in s.tokens if (t.kind, t.element_id) == (kind, element_id))

    def _begin(self, process_id: str, caller: Token | None) -> None:
        scope = Scope(self.processes[process_id], caller)
        self.scopes.append(scope)
        self._go_on(scope, next(iter(scope.process.starts)))

    def _leave(self, token: Token) -> None:
        """Take a step or call away, with the timers on its edge and all that it called."""
        token.scope.tokens = [t for t in token.scope.tokens if t is not token and t.host is not token]
        for scope in [s for s in self.scopes if s.caller is token]:
            self._drop(scope)

    def _drop(self, scope: Scope) -> None:
        for token in list(scope.tokens):
            self._leave(token)
        if scope in self.scopes:
            self.scopes.remove(scope)

    def _go_on(self, scope: Scope, element_id: str) -> None:
        for flow in scope.process.outgoing(element_id):
            self._enter(scope, flow)
        self._close(scope)

    def _close(self, scope: Scope) -> None:
        if scope in self.scopes and not scope.tokens:
            assert not +scope.arrivals, "a join waits for ever"
            self.scopes.remove(scope)
            if scope.caller is not None:
                self._leave(scope.caller)
                self._go_on(scope.caller.scope, scope.caller.element_id)

    def _enter(self, scope: Scope, flow: Flow) -> None:
        process, target = scope.process, flow.target
        if target in process.steps or target in process.calls or target in process.timers:
            self._wait(scope, target)
        elif target in process.scripts:
            self.variables.update(compile_script(process.scripts[target].script)(self.variables))
            self._follow(scope, process.outgoing(target))
        elif target in process.ends:
            self._end(scope, target)
        elif process.gateways[target].kind == "exclusive":
            self._follow(scope, [self._chosen(process, target)])
        else:
            self._arrive(scope, target, flow)

    def _follow(self, scope: Scope, flows: Any) -> None:
        for flow in flows:
            if scope in self.scopes:
                self._enter(scope, flow)

    def _wait(self, scope: Scope, element_id: str) -> None:
        process = scope.process
        kind = "step" if element_id in process.steps else "call" if element_id in process.calls else "timer"
        token = Token(kind, element_id, scope)
        scope.tokens.append(token)
        if kind != "timer":
            scope.tokens += [Token("timer", timer.id, scope, token) for timer in process.boundary_timers(element_id)]
        if kind == "call":
            self._begin(process.calls[element_id].called, token)

    def _end(self, scope: Scope, element_id: str) -> None:
        self.ends.append(element_id)
        if scope.process.ends[element_id].terminates:
            for token in list(scope.tokens):
                self._leave(token)
            scope.arrivals.clear()

    def _chosen(self, process: Process, element_id: str) -> Flow:
        gateway, flows = process.gateways[element_id], process.outgoing(element_id)
        for flow in flows:
            if flow.id != gateway.default and flow.condition and compile_expression(flow.condition)(self.variables):
                return flow
        return next(flow for flow in flows if flow.id == gateway.default or flow.condition is None)

    def _arrive(self, scope: Scope, element_id: str, flow: Flow) -> None:
        scope.arrivals[element_id, flow.id] += 1
        incoming = scope.process.incoming(element_id)
        if all(scope.arrivals[element_id, f.id] for f in incoming):
            for f in incoming:
                scope.arrivals[element_id, f.id] -= 1
            self._follow(scope, scope.process.outgoing(element_id))

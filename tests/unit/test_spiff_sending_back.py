"""Sending back: what the runner makes of a state, against the token game; and after it every instance still comes to its end."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.elements import ProcessModel
from engine.model.returning import runs_on
from engine.spiff import Advance, Definition, NotWaitingError, SendBackError, compile_definition, complete, fire, send_back, start, waiting
from tests.unit.spiff_models import Again, Block, Both, Call, Choice, Repeat, Step, Wait, define, model, stored
from tests.unit.spiff_token_game import Game, Token
from tests.unit.test_spiff_equivalence import _drawings

BRANCHES = (Step("B1"), Both("p", ((Step("B2"), Step("B3", (("t1", True, Step("B7")),))), (Step("B4"), Step("B5")))), Step("B6"))


class Run:
    """An instance, every step through bytes; answers name what opened and vanished, and what is open must follow from that."""

    def __init__(self, definition: Definition) -> None:
        self.definition, self.open = definition, dict[str, tuple[str, str]]()
        self.state: bytes | None = b""
        self._take(start(definition, {"tally": 0, "channel": "direct"}), None)

    def done(self, *element_ids: str) -> "Run":
        for element_id in element_ids:
            key = self.key("step", element_id)
            self._take(complete(self.definition, self.state or b"", key, {element_id: {"outcome": "on"}}), key)
        return self

    def fired(self, element_id: str) -> "Run":
        key = self.key("timer", element_id)
        self._take(fire(self.definition, self.state or b"", key), key)
        return self

    def complete(self, element_id: str, outcome: str) -> None:
        key = self.key("step", element_id)
        self._take(complete(self.definition, self.state or b"", key, {element_id: {"outcome": outcome}}), key)

    def back(self, element_id: str, to: str) -> Advance:
        key = self.key("step", element_id)
        answer = send_back(self.definition, self.state or b"", key, to)
        self._take(answer, key)
        return answer

    def key(self, kind: str, element_id: str) -> str:
        return next(key for key, entry in self.open.items() if entry == (kind, element_id))

    @property
    def waits(self) -> list[str]:
        return sorted(element_id for _, element_id in self.open.values())

    def _take(self, answer: Advance, done: str | None) -> None:
        for key in (done, *answer.closed, *answer.timers_ended):
            self.open.pop(key or "", None)
        self.open |= {step.task_key: ("step", step.element_id) for step in answer.opened}
        self.open |= {timer.task_key: ("timer", timer.element_id) for timer in answer.timers_started}
        self.state = answer.state
        found = waiting(self.definition, self.state) if self.state is not None else None
        entries = [*((s.task_key, ("step", s.element_id)) for s in found.steps)] if found is not None else []
        entries += [*((t.task_key, ("timer", t.element_id)) for t in found.timers)] if found is not None else []
        assert dict(entries) == self.open


class TestSendBack:
    def test_gives_up_the_step_and_opens_the_earlier_one(self) -> None:
        run = Run(define((Step("B1"), Step("B2"), Step("B3")))).done("B1", "B2")
        answer = run.back("B3", "B1")
        assert ([step.element_id for step in answer.opened], answer.closed, answer.ended) == (["B1"], (), False)
        assert run.done("B1", "B2", "B3").state is None

    def test_ends_the_timers_on_the_edge_and_starts_those_of_the_earlier_step(self) -> None:
        run = Run(define((Step("B1", (("t1", False, Step("B7")),)), Step("B2", (("t2", True, ()),))))).done("B1")
        ended = run.key("timer", "t2")
        answer = run.back("B2", "B1")
        assert (answer.timers_ended, run.waits) == ((ended,), ["B1", "t1"])
        assert run.fired("t1").waits == ["B1", "B7"]

    def test_to_before_a_split_closes_what_is_open_in_the_other_branches(self) -> None:
        run = Run(define(BRANCHES)).done("B1", "B4")
        other = run.key("step", "B5")
        assert run.back("B2", "B1").closed == (other,)
        assert run.done("B1").waits == ["B2", "B4"]
        assert run.done("B2", "B3", "B4", "B5").waits == ["B6"]

    def test_forgets_what_has_arrived_at_a_join_that_it_leaves(self) -> None:
        run = Run(define(BRANCHES)).done("B1", "B4", "B5")
        run.back("B2", "B1")
        assert run.done("B1", "B2", "B3").waits == ["B4"]  # arrives anew

    def test_within_a_branch_keeps_what_has_arrived(self) -> None:
        run = Run(define(BRANCHES)).done("B1", "B4", "B5", "B2")
        run.back("B3", "B2")
        assert run.done("B2", "B3").waits == ["B6"]

    def test_closes_the_processes_that_were_called_since(self) -> None:
        definition = define((Step("B1"), Both("p", (Step("B2"), Call("sub", (("t1", True, ()),)))), Step("B3")), sub=Step("C1"))
        run = Run(definition).done("B1")
        run.back("B2", "B1")
        assert run.waits == ["B1"]
        assert run.done("B1", "C1", "B2").waits == ["B3"]

    def test_works_within_a_called_process(self) -> None:
        definition = define((Step("B1"), Call("sub", (("t1", True, ()),)), Step("B3")), sub=(Step("C1"), Step("C2")))
        run = Run(definition).done("B1", "C1")
        run.back("C2", "C1")
        assert run.waits == ["C1", "t1"]
        assert run.done("C1", "C2").waits == ["B3"]

    @pytest.mark.parametrize(
        ("block", "called", "before", "step", "to", "code"),
        [
            (BRANCHES, {}, ("B1", "B2"), "B3", "B2", "sibling_branch_open"),
            (BRANCHES, {}, ("B1", "B2", "B3", "B4", "B5"), "B6", "B5", "past_the_join"),
            (BRANCHES, {}, ("B1", "B4", "B5"), "B2", "B5", "past_the_join"),
            (BRANCHES, {}, ("B1",), "B2", "B2", "send_back_elsewhere"),
            ((Step("B1"), Call("sub")), {"sub": Step("C1")}, ("B1",), "C1", "B1", "send_back_elsewhere"),
            ((Call("sub"), Step("B1")), {"sub": Step("C1")}, ("C1",), "B1", "C1", "send_back_elsewhere"),
            (
                (Step("B1"), Both("p", (Step("B2"), Call("sub")))),
                {"sub": (Step("C1"), Step("C2"))},
                ("B1", "C1"),
                "C2",
                "C1",
                "sibling_branch_open",
            ),
        ],
        ids=["sibling open", "joined", "into a sibling", "itself", "out of a call", "into a call", "sibling of the call"],
    )
    def test_refuses(self, block: Block, called: dict[str, Block], before: tuple[str, ...], step: str, to: str, code: str) -> None:
        run = Run(define(block, **called)).done(*before)
        state = run.state
        with pytest.raises(SendBackError) as refused:
            run.back(step, to)
        assert refused.value.code == code
        assert run.state == state

    def test_refuses_a_step_that_does_not_wait(self) -> None:
        run = Run(define((Step("B1"), Step("B2"))))
        key = run.key("step", "B1")
        run.done("B1")
        with pytest.raises(NotWaitingError):
            send_back(run.definition, run.state or b"", key, "B2")

    def test_leaves_states_as_small_as_they_were(self) -> None:
        run = Run(define((Step("B1"), Both("p", (Step("B2"), (Step("B3"), Step("B4")))), Step("B5"))))
        run.done("B1", "B2", "B3", "B4")
        size = len(run.state or b"")
        for _ in range(50):
            run.back("B5", "B1")
            run.done("B1", "B2", "B3")
            run.back("B4", "B3")
            run.done("B3", "B4")
        assert len(run.state or b"") == size


class TestRunsOn:
    @pytest.mark.parametrize(("element_id", "arrived", "ends"), [("B1", (), True), ("B3", (), False), ("B6", (), True)])
    def test_where_no_join_would_wait_for_ever(self, element_id: str, arrived: tuple[str, ...], ends: bool) -> None:
        assert runs_on(model(BRANCHES).main, element_id, arrived) is ends

    def test_in_a_branch_when_the_others_have_arrived(self) -> None:
        process = model(BRANCHES).main
        (arrived,) = [flow.id for flow in process.flows.values() if (flow.source, flow.target) == ("B5", "join_p")]
        assert runs_on(process, "B2", [arrived])
        assert not runs_on(process, "B4", [arrived])

    def test_nowhere_for_an_element_that_nothing_leads_to(self) -> None:
        assert not runs_on(model(BRANCHES).main, "begin")


class ReturningGame(Game):
    """The token game with one more move."""

    def back(self, element_id: str, to: str) -> None:
        token: Token = self._token("step", element_id)
        scope = token.scope
        if runs_on(scope.process, to):
            for other in list(scope.tokens):
                self._leave(other)
            scope.arrivals.clear()
        else:
            self._leave(token)
        self._wait(scope, to)


def walk(process_model: ProcessModel, definition: Definition, chance: random.Random, moves: int) -> Counter[str]:
    """Play both, sending back now and then, and at last straight to the end; what is open is the same after every move."""
    run, game = Run(definition), ReturningGame(process_model, {"tally": 0, "channel": "direct"})
    done, seen = list[str](), Counter[str]()
    for at in range(moves + 300):
        assert Counter(run.open.values()) == game.open()
        assert (run.state is None) == game.ended
        if run.state is None:
            return seen
        kind, element_id = chance.choice(sorted(run.open.values()))
        if at < moves and kind == "step" and done and chance.random() < 0.3:
            _send_back(run, game, element_id, chance.choice(done), seen)
        else:
            _go_on(run, game, process_model, kind, element_id, chance if at < moves else None)
            done += [element_id] if kind == "step" else []
    raise AssertionError("it never came to its end")


def _send_back(run: Run, game: ReturningGame, element_id: str, to: str, seen: Counter[str]) -> None:
    try:
        run.back(element_id, to)
    except SendBackError as refused:
        seen[refused.code] += 1
        return
    seen["sent back"] += 1
    game.back(element_id, to)


def _go_on(run: Run, game: ReturningGame, process_model: ProcessModel, kind: str, element_id: str, chance: random.Random | None) -> None:
    """Without chance by the last outcome, which turns no loop again."""
    if kind == "timer":
        run.fired(element_id)
        game.fire(element_id)
        return
    outcomes = [one.key for one in process_model.steps[element_id].outcomes] or ["done"]
    outcome = chance.choice(outcomes) if chance is not None else outcomes[-1]
    run.complete(element_id, outcome)
    game.complete(element_id, {element_id: {"outcome": outcome}})


class TestRandomWalks:
    @settings(max_examples=150, deadline=None)
    @given(_drawings(loops=True, splits=True), st.randoms(use_true_random=False))
    def test_that_send_back_agree_with_the_token_game(self, drawing: Any, chance: random.Random) -> None:
        process_model = model(drawing[0], **drawing[1])
        walk(process_model, compile_definition(process_model), chance, 40)

    @pytest.mark.parametrize(
        "block",
        [
            (*BRANCHES, Step("B8")),
            (Step("B0"), Again("B9", (*BRANCHES, Step("B8")))),
            (
                Step("B1"),
                Choice("B2", (("yes", Both("p", (Step("B3"), Both("q", (Step("B4"), Step("B5")))))), ("no", Wait("w1")))),
                Step("B6"),
            ),
            (Step("B1"), Repeat("r", Both("p", ((Step("B2"), Step("B3")), ())), "B3.outcome == 'again'"), Step("B4")),
        ],
        ids=["branches", "a loop around them", "branches in a branch", "an empty branch"],
    )
    def test_over_known_models_come_to_their_end(self, block: Block) -> None:
        process_model = model(block)
        definition, seen = compile_definition(process_model), Counter[str]()
        for seed in range(40):
            seen += walk(process_model, definition, random.Random(seed), 80)
        assert seen["sent back"] > 40
        assert seen["past_the_join"] + seen["sibling_branch_open"] > 0

    def test_over_the_stored_model_come_to_their_end(self) -> None:
        process_model = stored("spiff_signboard.bpmn", "spiff_payment.bpmn")
        definition, seen = compile_definition(process_model), Counter[str]()
        for seed in range(40):
            seen += walk(process_model, definition, random.Random(seed), 80)
        assert seen["sent back"] > 40

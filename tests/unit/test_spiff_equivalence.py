"""The runner with its codec and pruning against two references: the token game, and SpiffWorkflow as it comes, never stored."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.util.task import TaskState

from engine.model.elements import ProcessModel
from engine.spiff import Advance, Definition, Waiting, codec, compile_definition, complete, fire, start, waiting
from engine.spiff.environment import Language
from engine.spiff.timers import is_timer
from tests.unit.spiff_models import Again, Block, Both, Call, Choice, Repeat, Script, Step, Stop, Wait, model, stored
from tests.unit.spiff_token_game import Game

Open = Counter[tuple[str, str]]


class Ours:
    """The runner, every step through bytes."""

    def __init__(self, definition: Definition, variables: Mapping[str, Any]) -> None:
        self.seen: list[tuple[str, Any]] = []
        self.definition = replace(definition, language=_listened_to(definition.language, self.seen))
        self.ends: list[str] = []
        self.kept: Counter[tuple[str, str, str]] = Counter()
        self._take(start(self.definition, variables))

    def open(self) -> Open:
        found = Waiting((), ()) if self.state is None else waiting(self.definition, self.state)
        entries = [("step", s.element_id, s.task_key) for s in found.steps] + [("timer", t.element_id, t.task_key) for t in found.timers]
        assert self.kept == Counter(entries)
        self.keys = {(kind, element_id): key for kind, element_id, key in entries}
        return Counter((kind, element_id) for kind, element_id, _ in entries)

    def complete(self, element_id: str, variables: Mapping[str, Any]) -> None:
        key = self.keys["step", element_id]
        self._take(complete(self.definition, self.state or b"", key, variables), key)

    def fire(self, element_id: str) -> None:
        key = self.keys["timer", element_id]
        self._take(fire(self.definition, self.state or b"", key), key)

    @property
    def variables(self) -> Mapping[str, Any]:
        return {} if self.state is None else codec.read(self.definition, self.state)[0]

    def _take(self, advance: Advance, done: str | None = None) -> None:
        """What the answer says has opened and vanished must account for everything that is open."""
        gone = {done, *advance.closed, *advance.timers_ended}
        self.kept = Counter({entry: n for entry, n in self.kept.items() if entry[2] not in gone})
        self.kept.update(("step", s.element_id, s.task_key) for s in advance.opened)
        self.kept.update(("timer", t.element_id, t.task_key) for t in advance.timers_started)
        self.ends += advance.end_events
        self.state, self.ended = advance.state, advance.ended


class Stock:
    """SpiffWorkflow as it comes: its own workflow class, one live object, variables in the data of its tasks."""

    def __init__(self, definition: Definition, variables: Mapping[str, Any]) -> None:
        self.seen: list[tuple[str, Any]] = []
        engine = PythonScriptEngine(environment=_TaskData(_listened_to(definition.language, self.seen)))
        self.workflow = BpmnWorkflow(definition.main_spec, definition.called_specs, script_engine=engine)
        self.workflow.task_tree.set_data(**variables)
        self.workflow.do_engine_steps()

    @property
    def ended(self) -> bool:
        return bool(self.workflow.completed)

    def open(self) -> Open:
        if self.ended:
            return Counter()
        steps = Counter(("step", t.task_spec.bpmn_id) for t in self.workflow.get_tasks(state=TaskState.READY, manual=True))
        return steps + Counter(("timer", t.task_spec.bpmn_id) for t in self._timers())

    def complete(self, element_id: str, variables: Mapping[str, Any]) -> None:
        task = self.workflow.get_tasks(state=TaskState.READY, spec_name=element_id)[0]
        task.set_data(**variables)
        task.run()
        self.workflow.do_engine_steps()

    def fire(self, element_id: str) -> None:
        task = next(t for t in self._timers() if t.task_spec.bpmn_id == element_id)
        self.workflow.send_event(BpmnEvent(task.task_spec.event_definition, payload=task.id))
        self.workflow.do_engine_steps()

    def _timers(self) -> list[Any]:
        return [t for t in self.workflow.get_tasks(state=TaskState.WAITING) if is_timer(t.task_spec)]


class _TaskData(BasePythonScriptEngineEnvironment):
    """Conditions and scripts on the data of tasks, as SpiffWorkflow does it by itself."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self.language = language

    def evaluate(self, expression: str, context: dict[str, Any], external_context: Any = None) -> Any:
        return self.language.conditions[expression](context)

    def execute(self, script: str, context: dict[str, Any], external_context: Any = None) -> bool:
        context.update(self.language.scripts[script](context))
        return True


def _listened_to(language: Language, seen: list[tuple[str, Any]]) -> Language:
    def listened_to(text: str, condition: Any) -> Any:
        def evaluate(variables: Mapping[str, Any]) -> Any:
            value = condition(variables)
            seen.append((text, value))
            return value

        return evaluate

    return replace(language, conditions={text: listened_to(text, condition) for text, condition in language.conditions.items()})


def _outcomes(process_model: ProcessModel, element_id: str) -> list[str]:
    return [outcome.key for outcome in process_model.steps[element_id].outcomes] or ["done"]


def _moves(process_model: ProcessModel, open_now: Open) -> list[tuple[str, str, str]]:
    """Everything that can happen next, in a fixed order."""
    return [
        (kind, element_id, outcome)
        for kind, element_id in sorted(open_now)
        for outcome in (_outcomes(process_model, element_id) if kind == "step" else [""])
    ]


def _move(machine: Any, move: tuple[str, str, str], at: int) -> None:
    kind, element_id, outcome = move
    if kind == "step":
        machine.complete(element_id, {element_id: {"outcome": outcome, "turn": at}})
    else:
        machine.fire(element_id)


def _walk(process_model: ProcessModel, references: Mapping[str, Any], ours: Ours, choose: Any, most: int) -> Iterator[int]:
    """Play one game on all machines, comparing after every move; yields the number of choices at each."""
    played: list[tuple[str, str, str]] = []
    for at in range(most):
        open_now = ours.open()
        for name, reference in references.items():
            assert open_now == reference.open(), (name, played)
            assert ours.ended == reference.ended, (name, played)
        if ours.ended:
            return
        moves = _moves(process_model, open_now)
        chosen = choose(len(moves))
        played.append(moves[chosen])
        yield len(moves)
        for machine in (ours, *references.values()):
            _move(machine, moves[chosen], at)
        if "stock" in references:
            assert ours.seen == references["stock"].seen
        if "game" in references:
            assert sorted(ours.ends) == sorted(references["game"].ends)  # branches at once have no order
            assert ours.ended or ours.variables == references["game"].variables


def _play(process_model: ProcessModel, definition: Definition, choose: Any, *, stock: bool, most: int = 40) -> list[int]:
    variables = {"channel": "online", "tally": 0}
    references: dict[str, Any] = {"game": Game(process_model, variables)}
    if stock:
        references["stock"] = Stock(definition, variables)
    return list(_walk(process_model, references, Ours(definition, variables), choose, most))


def _every_path(process_model: ProcessModel, *, most: int, limit: int) -> int:
    """Play every sequence of choices up to a length; returns how many games that took."""
    definition = compile_definition(process_model)
    path: list[int] = []
    for games in itertools.count(1):
        turns = iter(path)
        widths = _play(process_model, definition, lambda _, t=turns: next(t, 0), stock=True, most=most)
        path = [*path, *([0] * (len(widths) - len(path)))][: len(widths)]
        while path and path[-1] == widths[len(path) - 1] - 1:
            path.pop()
        if not path or games >= limit:
            return games
        path[-1] += 1
    raise AssertionError


class TestEveryPath:
    def test_of_the_stored_model_is_what_spiffworkflow_and_the_token_game_do(self) -> None:
        assert _every_path(stored("spiff_signboard.bpmn", "spiff_payment.bpmn"), most=17, limit=300) > 20

    @pytest.mark.parametrize(
        ("block", "called"),
        [
            ([Both("p", (Step("B1"), [Step("B2"), Step("B3")], ())), Step("B4")], {}),
            ([Step("B1", (("t1", True, Step("B2")), ("t2", False, Step("B3")))), Step("B4")], {}),
            ([Both("p", (Step("B1", (("t1", False, ()),)), [Stop("B2"), Wait("w1")])), Step("B4")], {}),
            (
                [Choice("B1", (("yes", Both("p", (Step("B2"), Call("sub")))), ("no", Wait("w1")))), Step("B3")],
                {"sub": [Step("C1"), Stop("C2")]},
            ),
            (
                [Call("outer", (("t1", True, Step("B2")),)), Step("B3")],
                {"outer": [Call("inner"), Step("C1")], "inner": Both("q", (Step("D1"), Wait("w2")))},
            ),
        ],
        ids=["parallel", "boundary timers", "terminate among branches", "call in a branch", "nested calls cut off"],
    )
    def test_of_small_models_is_what_spiffworkflow_and_the_token_game_do(self, block: Block, called: dict[str, Block]) -> None:
        assert _every_path(model(block, **called), most=12, limit=400) >= 2


class TestPassesOfALoop:
    """SpiffWorkflow as it comes counts arrivals of an earlier pass at a join, so here the token game alone is the reference."""

    @pytest.mark.parametrize(
        "block",
        [
            Again("B9", Both("p", (Step("B1"), Step("B2"), Step("B3")))),
            Again("B9", Both("p", (Step("B1"), ()))),
            Both("o", (Again("B9", Both("p", (Step("B1"), Step("B2")))), Step("B3"))),
            Again("B9", Both("p", (Again("B8", Step("B1")), Step("B2", (("t1", False, Step("B3")),))))),
            Repeat("r", Both("p", (Step("B1"), Step("B2", outcomes="again=again;on=on"), ())), "B2.outcome == 'again'"),
            Again("B9", Both("p", (Step("B2", (("t1", True, Step("B3")),)), Wait("w1")))),
        ],
        ids=["split", "an empty branch", "inside a branch", "a loop in a loop", "nobody asked", "timers"],
    )
    def test_wait_for_every_branch_in_every_pass(self, block: Block) -> None:
        process_model = model(block)
        definition = compile_definition(process_model)
        for seed in range(40):
            _play(process_model, definition, random.Random(seed).randrange, stock=False, most=60)


class _Names:
    """Fresh codes and names while a model is being drawn."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"


@st.composite
def _blocks(draw: Any, names: _Names, depth: int, loops: bool, splits: bool) -> Block:
    kinds = ["step", "step", "wait", "script", "timed"] if depth == 0 else ["step", "choice", "seq", "timed"]
    if depth:
        kinds += (["again"] if loops else []) + (["both"] if splits else []) + ["retry"] * (loops and splits) + ["stop"] * (depth == 1)
    kind = draw(st.sampled_from(kinds))
    inner = _blocks(names, max(depth - 1, 0), loops, splits)
    some = st.one_of(inner, st.just(()))
    return _BUILD[kind](draw, names, inner, some)


def _build_timed(draw: Any, names: _Names, inner: Any, some: Any) -> Block:
    timers = tuple((names("t"), draw(st.booleans()), Step(names("B"))) for _ in range(draw(st.integers(1, 2))))
    return Step(names("B"), timers)


def _build_retry(draw: Any, names: _Names, inner: Any, some: Any) -> Block:
    """A split whose repetition one of its own branches decides, with nobody asked in between."""
    decides = names("B")
    branches = (draw(inner), Step(decides, outcomes="again=again;on=on"), draw(some))
    return Repeat(names("r"), Both(names("p"), tuple(draw(st.permutations(branches)))), f"{decides}.outcome == 'again'")


_BUILD: dict[str, Any] = {
    "step": lambda draw, names, inner, some: Step(names("B")),
    "wait": lambda draw, names, inner, some: Wait(names("w")),
    "stop": lambda draw, names, inner, some: Stop(names("B")),
    "script": lambda draw, names, inner, some: Script(names("s"), "tally = tally + 1"),
    "timed": _build_timed,
    "choice": lambda draw, names, inner, some: Choice(names("B"), (("yes", draw(inner)), ("no", draw(some)))),
    "seq": lambda draw, names, inner, some: (draw(inner), draw(inner)),
    "both": lambda draw, names, inner, some: Both(names("p"), tuple(draw(some) for _ in range(draw(st.integers(2, 3))))),
    "again": lambda draw, names, inner, some: Again(names("B"), draw(inner)),
    "retry": _build_retry,
}


@st.composite
def _drawings(draw: Any, loops: bool, splits: bool) -> tuple[Block, dict[str, Block]]:
    """A block for a main process and one for the process that it calls, if any."""
    names = _Names()
    block = draw(_blocks(names, 3, loops, splits))
    if draw(st.booleans()):
        return (block, Call("sub", ((names("t"), True, ()),)), Step(names("B"))), {"sub": draw(_blocks(names, 2, loops, splits))}
    return (Step(names("B")), block), {}


def _agrees(drawing: tuple[Block, dict[str, Block]], chance: random.Random, *, stock: bool) -> None:
    process_model = model(drawing[0], **drawing[1])
    definition = compile_definition(process_model)
    for _ in range(3):
        _play(process_model, definition, chance.randrange, stock=stock)


class TestRandomWalks:
    @settings(max_examples=100, deadline=None)
    @given(_drawings(loops=True, splits=True), st.randoms(use_true_random=False))
    def test_over_any_model_agree_with_the_token_game(self, drawing: Any, chance: random.Random) -> None:
        _agrees(drawing, chance, stock=False)

    @settings(max_examples=50, deadline=None)
    @given(_drawings(loops=True, splits=False), st.randoms(use_true_random=False))
    def test_over_models_with_loops_agree_with_spiffworkflow(self, drawing: Any, chance: random.Random) -> None:
        _agrees(drawing, chance, stock=True)

    @settings(max_examples=50, deadline=None)
    @given(_drawings(loops=False, splits=True), st.randoms(use_true_random=False))
    def test_over_models_with_splits_agree_with_spiffworkflow(self, drawing: Any, chance: random.Random) -> None:
        _agrees(drawing, chance, stock=True)

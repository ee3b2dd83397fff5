"""A model can neither run Python nor run away."""

import builtins
import time
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import EngineError
from engine.model.expressions import UnsafeExpressionError
from engine.spiff import DefinitionError, ModelRunError, compile_definition, complete, start
from engine.spiff.environment import Language
from tests.unit.spiff_models import Both, Call, Choice, Halt, Repeat, Script, Step, define, model
from tests.unit.spiff_steps import do

ATTACKS = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "open('/etc/passwd').read()",
    "B1.__class__",
    "channel.__init__.__globals__",
    "[x for x in (1, 2)]",
    "(lambda: 1)()",
    "'a' * 10 ** 9",
    "9 ** 9 ** 9",
    "exec('a = 1')",
    "f'{channel}'",
    "B1.outcome.format(B1)",
]


class TestConditions:
    @pytest.mark.parametrize("attack", ATTACKS)
    def test_that_attack_are_refused_before_anything_runs(self, attack: str) -> None:
        with pytest.raises(UnsafeExpressionError):
            define([Step("B1"), Halt("h", attack)])

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_that_slip_into_the_specs_are_not_evaluated(self, attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Even if a condition got past compiling, nothing at run time would turn text into code."""
        definition = define([Step("B1"), Halt("h", "B1.outcome == 'x'")])
        advance = start(definition, {})
        monkeypatch.setattr(definition.main_spec.task_specs["choose_h"].cond_task_specs[-1][0], "args", (attack,))
        _forbid_python(monkeypatch)
        with pytest.raises(ModelRunError) as fault:
            do(definition, advance, "B1", outcome="x")
        assert fault.value.element_id == "choose_h"

    def test_run_without_python_ever_evaluating_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        definition = define([Choice("B1", (("yes", ()), ("no", Step("B2")))), Script("s1", "tally = tally + 1"), Step("B3")])
        _forbid_python(monkeypatch)
        advance = do(definition, start(definition, {"tally": 1}), "B1", outcome="no")
        assert not do(definition, advance, "B2").ended

    def test_that_cannot_be_worked_out_name_their_gateway(self) -> None:
        definition = define([Step("B1"), Halt("h", "B1.copies > 3")])
        with pytest.raises(ModelRunError) as fault:
            do(definition, start(definition, {}), "B1", copies="ba")
        assert (fault.value.code, fault.value.element_id, fault.value.facts["element_id"]) == ("model_run_failed", "choose_h", "choose_h")

    def test_none_of_which_holds_name_their_gateway(self) -> None:
        definition = define([Step("B1"), Halt("h", "B1.outcome == 'x'")])
        spec = definition.main_spec.task_specs["choose_h"]
        default, spec.default_task_spec = spec.default_task_spec, None
        try:
            with pytest.raises(ModelRunError) as fault:
                do(definition, start(definition, {}), "B1", outcome="y")
        finally:
            spec.default_task_spec = default
        assert fault.value.element_id == "choose_h"


class TestScripts:
    @pytest.mark.parametrize(
        "attack", [*(f"tally = {attack}" for attack in ATTACKS), "import os", "while True: pass", "del channel", "a.b = 1"]
    )
    def test_that_attack_are_refused_before_anything_runs(self, attack: str) -> None:
        with pytest.raises(UnsafeExpressionError):
            define([Step("B1"), Script("s1", attack)])

    def test_that_fail_name_their_element(self) -> None:
        definition = define([Step("B1"), Script("s1", "tally = missing + 1"), Step("B2")])
        with pytest.raises(ModelRunError) as fault:
            do(definition, start(definition, {}), "B1")
        assert fault.value.element_id == "s1"

    def test_of_another_text_than_those_compiled_are_not_run(self) -> None:
        definition = define([Step("B1"), Script("s1", "tally = 1"), Step("B2")])
        emptied = replace(definition, language=Language({}, {}, definition.language.step_codes))
        with pytest.raises(ModelRunError):
            do(emptied, start(emptied, {}), "B1")


class TestBounds:
    def test_stop_a_loop_that_asks_nobody(self) -> None:
        definition = define([Step("B1"), Repeat("r", Script("s1", "tally = 1"), "tally == 1")])
        with pytest.raises(ModelRunError) as fault:
            do(definition, start(definition, {}), "B1")
        assert fault.value.element_id is not None

    def test_refuse_a_model_whose_splits_multiply(self) -> None:
        began = time.perf_counter()
        with pytest.raises(DefinitionError):
            define([_splits(10), Step("B0")])
        assert time.perf_counter() - began < 5  # without a bound: minutes and gigabytes

    def test_stop_splits_that_hide_behind_a_gateway(self) -> None:
        definition = define([Choice("B1", (("many", _splits(10)), ("none", ()))), Step("B2")])
        advance = start(definition, {})
        with pytest.raises(ModelRunError):
            do(definition, advance, "B1", outcome="many")
        assert not do(definition, advance, "B1", outcome="none").ended

    def test_refuse_a_model_that_is_too_long(self) -> None:
        with pytest.raises(DefinitionError):
            define([Step(f"B{n}") for n in range(600)])


class TestCompile:
    def test_refuses_conditions_where_they_would_be_passed_over(self) -> None:
        process_model = model(Step("B1"))
        flow = process_model.main.flows["f1"]
        with pytest.raises(DefinitionError) as refusal:
            compile_definition(
                _changed(process_model, flows={**process_model.main.flows, "f1": replace(flow, condition="B1.outcome == 'x'")})
            )
        assert refusal.value.element_id == "f1"

    def test_refuses_two_starts(self) -> None:
        process_model = model(Step("B1"))
        start_event = process_model.main.starts["begin"]
        with pytest.raises(DefinitionError):
            compile_definition(_changed(process_model, starts={"begin": start_event, "again": replace(start_event, id="again")}))

    def test_refuses_what_cannot_be_reached(self) -> None:
        process_model = model([Step("B1"), Step("B2")])
        flows = {key: flow for key, flow in process_model.main.flows.items() if flow.target != "B2"}
        with pytest.raises(DefinitionError) as refusal:
            compile_definition(_changed(process_model, flows=flows))
        assert refusal.value.element_id == "B2"

    def test_refuses_inclusive_gateways(self) -> None:
        process_model = model(Both("p", (Step("B1"), Step("B2"))))
        gateways = {key: replace(gateway, kind="inclusive") for key, gateway in process_model.main.gateways.items()}
        with pytest.raises(DefinitionError) as refusal:
            compile_definition(_changed(process_model, gateways=gateways))
        assert refusal.value.element_id in gateways

    def test_refuses_processes_that_call_each_other_in_a_circle(self) -> None:
        process_model = model(Call("sub"), sub=Step("C1"))
        sub = process_model.called["sub"]
        calls = {"back": replace(process_model.main.calls["call_sub"], id="back", called="main")}
        with pytest.raises(DefinitionError):
            compile_definition(replace(process_model, called={"sub": replace(sub, calls=calls)}))

    def test_takes_ids_that_spiffworkflow_uses_itself(self) -> None:
        """An editor or a person may call an element `End`; SpiffWorkflow would end the instance there."""
        process_model = model([Step("B1"), Step("B2")])
        main = process_model.main
        renamed = {"begin": "Start", "end_main": "End", "B2": "main.EndJoin", "B1": "B1"}
        flows = {key: replace(flow, source=renamed[flow.source], target=renamed[flow.target]) for key, flow in main.flows.items()}
        steps = {"B1": main.steps["B1"], "main.EndJoin": replace(main.steps["B2"], id="main.EndJoin")}
        starts, ends = {"Start": replace(main.starts["begin"], id="Start")}, {"End": replace(main.ends["end_main"], id="End", status=10)}
        definition = compile_definition(_changed(process_model, flows=flows, steps=steps, starts=starts, ends=ends))
        advance = do(definition, start(definition, {}), "B1")
        assert [step.element_id for step in advance.opened] == ["main.EndJoin"]
        advance = complete(definition, advance.state or b"", advance.opened[0].task_key, {})
        assert (advance.ended, advance.end_events, advance.end_statuses) == (True, ("End",), (10,))

    def test_tries_flows_in_the_order_of_the_file(self) -> None:
        definition = define([Choice("B1", (("a", Step("B2")), ("b", Step("B3")), ("c", ())))])
        spec = definition.main_spec.task_specs["choose_B1"]
        assert [name for condition, name in spec.cond_task_specs if condition is not None] == ["pass_B1_b", "pass_B1_a"]


def _splits(count: int) -> Any:
    """Parallel splits one after another, each of three branches without a step."""
    return [Both(f"p{n}", ((), Step(f"S{n}"), Step(f"T{n}"))) for n in range(count)]


def _changed(process_model: Any, **parts: Any) -> Any:
    return replace(process_model, main=replace(process_model.main, **parts))


def _forbid_python(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("Python was asked to evaluate text")

    for name in ("eval", "exec", "compile", "__import__"):
        monkeypatch.setattr(builtins, name, refuse)


class TestAnswers:
    def test_of_every_refusal_belong_to_a_family(self) -> None:
        assert issubclass(ModelRunError, EngineError)
        assert issubclass(DefinitionError, EngineError)

    def test_name_a_join_that_waits_for_ever(self) -> None:
        process_model = model([Step("B0"), Both("p", (Step("B1"), Choice("B2", (("x", Step("B3")), ("y", ()))))), Step("B4")])
        main = process_model.main
        astray = next(flow for flow in main.flows.values() if flow.source == "B3")
        definition = compile_definition(_changed(process_model, flows={**main.flows, astray.id: replace(astray, target="end_main")}))
        advance = do(definition, do(definition, start(definition, {}), "B0", "B1"), "B2", outcome="x")
        with pytest.raises(ModelRunError) as fault:
            do(definition, advance, "B3")
        assert fault.value.element_id == "join_p"

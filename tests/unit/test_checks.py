"""What is refused before a citizen's dossier meets it: each rule has a model that breaks it, and a neighbour that does not."""

from pathlib import Path

import pytest

from engine.model.checks import check
from engine.model.elements import ProcessModel
from engine.model.findings import Finding
from engine.model.procedure import Legal, LegalLimit
from engine.model.reading import examine
from engine.model.rules import RULES
from engine.timelimit import LimitRule, TimeLimit
from tests.unit.model_drafts import Draft, sources, straight

QUIET = {"budget.not_checked", "gateway.label_missing"}
LEGAL = Legal("1.001193", LimitRule.ELAPSED, (LegalLimit("direct", None, TimeLimit.parse("8h")),))


def found(*drafts: Draft, legal: Legal | None = None, is_called: bool = False) -> list[Finding]:
    reading = examine(sources(*drafts))
    assert reading.model is not None
    assert reading.is_sound, reading.findings
    return check(reading.model, legal, is_called=is_called)


def rules(*drafts: Draft, is_called: bool = False) -> set[tuple[str, str | None]]:
    return {(f.rule, f.element_id) for f in found(*drafts, is_called=is_called) if f.rule not in QUIET}


def ending(draft: Draft) -> Draft:
    """The two last steps that every dossier has."""
    return draft.step("B8", status="9").step("B9", "untimed", status="10").end().way("B8", "B9", "end")


class TestCheck:
    def test_has_nothing_to_say_about_a_good_model(self) -> None:
        assert rules(straight()) == set()

    def test_names_file_line_element_and_remedy(self) -> None:
        finding = found(straight().way("B1", "B3"))[0]
        assert (finding.file, finding.element_id, finding.rule, finding.severity) == ("khai_sinh.bpmn", "B1", "fork.implicit", "error")
        assert finding.line is not None and finding.line > 1
        assert finding.message == "Several flows leave B1." and finding.remedy.startswith("Put a gateway behind it")

    def test_puts_errors_first(self) -> None:
        draft = straight().step("B4", name="").way("B2", "B4", "B3")
        assert [f.severity for f in found(draft)][:2] == ["error", "warning"]

    def test_still_looks_at_a_model_that_could_not_be_read_wholly(self) -> None:
        draft = straight().raw('<bpmn:manualTask id="m" />').way("B1", "m", "B3")
        reading = examine(sources(draft))
        assert reading.model is not None and {f.rule for f in check(reading.model)} >= {"fork.implicit"}


class TestFlows:
    @pytest.mark.parametrize(
        ("draft", "expected"),
        [
            (straight().start("start2").way("start2", "B2"), {("start.count", "khai_sinh")}),
            (Draft().step("B1").end().way("B1", "end"), {("start.count", "khai_sinh"), ("node.no_entry", "B1")}),
            (straight().way("B1", "start"), {("start.entered", "start"), ("fork.implicit", "B1")}),
            (Draft(procedure=None).start().step("B1").way("start", "B1"), {("end.none", "khai_sinh"), ("node.dead_end", "B1")}),
            (straight().step("B4").way("end", "B4", "B3"), {("end.left", "end")}),
            (straight().way("B1", "ghost"), {("flow.dangling", "B1-ghost")}),
            (straight().way("ghost", "B1"), {("flow.dangling", "ghost-B1")}),
            (straight().step("B4").way("B4", "B3"), {("node.no_entry", "B4")}),
            (straight().step("B4").step("B5").way("B4", "B5", "B4"), {("node.unreachable", "B4"), ("node.unreachable", "B5")}),
            (straight().timer("t", "3d", "B1"), {("node.dead_end", "t")}),
            (straight().timer("t", "3d", "end").way("t", "B2"), {("timer.host", "t")}),
            (straight().timer("t", "3d", "B1").way("t", "B3").way("B2", "t"), {("timer.entered", "t"), ("fork.implicit", "B2")}),
        ],
    )
    def test_break_a_rule(self, draft: Draft, expected: set[tuple[str, str]]) -> None:
        assert rules(draft) == expected

    def test_refuse_two_arrows_between_the_same_two(self) -> None:
        draft = straight()
        draft.flows.append(("again", "B1", "B2", ""))
        assert rules(draft) == {("fork.implicit", "B1"), ("flow.double", "again")}

    def test_refuse_a_condition_that_would_be_ignored(self) -> None:
        draft = Draft().start().step("B1", outcomes="yes=Có").end()
        draft.way("start", "B1").way("B1", "end", when="B1.outcome == 'yes'")
        assert ("flow.condition_ignored", "B1-end") in rules(draft)

    def test_refuse_a_branch_from_which_no_end_is_reached(self) -> None:
        draft = ending(Draft().start().step("B1", outcomes="a=A;b=B").xor("x", "x-B8").step("B2").step("B3"))
        draft.way("start", "B1", "x", "B8").way("x", "B2", when="B1.outcome == 'b'").way("B2", "B3", "B2")
        assert rules(draft) == {("node.no_end", "B2"), ("node.no_end", "B3")}

    def test_refuse_a_loop_without_a_person(self) -> None:
        draft = ending(Draft().start().step("B1", outcomes="a=A;b=B").xor("m").timer("t", "1d").xor("x", "x-B8"))
        draft.way("start", "B1", "m", "t", "x", "B8").way("x", "m", when="B1.outcome == 'b'")
        assert rules(draft) == {("loop.automatic", "m")}

    def test_refuse_a_loop_that_nothing_in_it_can_end(self) -> None:
        draft = ending(Draft().start().step("B1", outcomes="a=A;b=B").step("B2").xor("x", "x-B8"))
        draft.way("start", "B1", "B2", "x", "B8").way("x", "B2", when="B1.outcome == 'b'")
        assert rules(draft) == {("loop.fixed", "x")}
        assert rules(draft.timer("t", "9d", "B2").way("t", "B8")) == set()

    def test_allow_a_loop_that_a_script_or_a_called_process_in_it_can_end(self) -> None:
        called = Draft("tra", procedure=None).start("s2").step("C1", outcomes="a=A;b=B").end("e2").way("s2", "C1", "e2")
        draft = ending(Draft().start().step("B1").call("c", "tra").xor("x", "x-B8"))
        assert rules(draft.way("start", "B1", "c", "x", "B8").way("x", "B1", when="C1.outcome == 'b'"), called) == set()
        draft = ending(Draft().start().step("B1", form="copies").script("s", "many = B1.copies > 9").xor("x", "x-B8"))
        assert rules(draft.way("start", "B1", "s", "x", "B8").way("x", "B1", when="many")) == set()

    def test_allow_a_loop_with_a_person(self) -> None:
        draft = ending(Draft().start().step("B1", outcomes="a=A;b=B").xor("x", "x-B8"))
        assert rules(draft.way("start", "B1", "x", "B8").way("x", "B1", when="B1.outcome == 'b'")) == set()


def deciding(default: str | None = None, **conditions: str) -> Draft:
    """B1 ends with a, b or c; the gateway x leads to B8 and to B2, which leads there too."""
    draft = ending(Draft().start().step("B1", outcomes="a=Ký;b=Trả lại;c=Hỏi thêm").xor("x", default).step("B2"))
    draft.way("start", "B1", "x").way("B2", "B8")
    for target, condition in conditions.items():
        draft.way("x", target, when=condition)
    return draft


class TestGateways:
    @pytest.mark.parametrize(
        ("draft", "expected"),
        [
            (deciding("x-B8", B8="", B2="B1.outcome == 'b'"), set()),
            (deciding(B8="B1.outcome in ['a', 'c']", B2="B1.outcome == 'b'"), set()),
            (deciding(B8="B1.outcome == 'a'", B2="B1.outcome == 'b'"), {("gateway.uncovered", "x")}),
            (deciding(B8="channel == 'online'", B2="channel != 'online'"), {("gateway.no_default", "x")}),
            (deciding(B8="", B2="B1.outcome == 'b'"), {("flow.condition_missing", "x-B8")}),
            (deciding("x-B8", B8="B1.outcome == 'a'", B2="B1.outcome == 'b'"), {("gateway.default_condition", "x")}),
            (deciding("B1-x", B8="B1.outcome != 'b'", B2="B1.outcome == 'b'"), {("gateway.default", "x")}),
            (deciding("x-B8", B8="", B2="B1.outcome == 'd'"), {("condition.unknown_outcome", "x-B2")}),
            (deciding("x-B8", B8="", B2="B1.outcom == 'b'"), {("condition.unknown_key", "x-B2")}),
            (deciding("x-B8", B8="", B2="B7.outcome == 'b'"), {("condition.no_step", "x-B2")}),
            (deciding("x-B8", B8="", B2="B2.outcome == 'b'"), {("condition.no_outcomes", "x-B2")}),
            (deciding("x-B8", B8="", B2="B1 == 'b'"), {("condition.whole_step", "x-B2")}),
            (deciding("x-B8", B8="", B2="chanel == 'online'"), {("condition.unknown_name", "x-B2")}),
            (deciding("x-B8", B8="", B2="channel == 'on-line'"), {("condition.unknown_value", "x-B2")}),
            (deciding("x-B8", B8="", B2="B1.outcome.upper() == 'B'"), {("condition.unsafe", "x-B2")}),
        ],
    )
    def test_keep_or_break_a_rule(self, draft: Draft, expected: set[tuple[str, str]]) -> None:
        assert rules(draft) == expected

    def test_may_be_reached_without_the_step_that_they_ask_for(self) -> None:
        draft = ending(Draft().start().xor("y", "y-x").step("B1", outcomes="a=A;b=B").xor("x").step("B2"))
        draft.way("start", "y", "x").way("y", "B1", when="channel == 'direct'").way("B1", "x").way("B2", "B8")
        draft.way("x", "B8", when="B1.outcome == 'a'").way("x", "B2", when="B1.outcome == 'b'")
        assert rules(draft) == {("gateway.uncovered", "x")}

    def test_with_one_way_out_have_no_condition(self) -> None:
        draft = ending(Draft().start().step("B1", outcomes="a=A").xor("x").way("start", "B1", "x"))
        assert rules(draft.way("x", "B8", when="B1.outcome == 'a'")) == {("flow.single_condition", "x-B8")}

    def test_have_no_default_when_parallel(self) -> None:
        gateway = '<bpmn:parallelGateway id="p" default="p-B8" />'
        assert rules(ending(Draft().start().raw(gateway, "p").way("start", "p", "B8"))) == {("gateway.default_parallel", "p")}

    def test_remark_on_ways_without_a_label(self) -> None:
        draft = deciding("x-B8", B8="", B2="B1.outcome == 'b'")
        xml = draft.xml().replace(b'id="x-B2" name="theo"', b'id="x-B2"')
        model = examine({"m.bpmn": xml}).model
        assert model is not None
        assert [(f.element_id, f.facts["flow"]) for f in check(model) if f.rule == "gateway.label_missing"] == [("x", "x-B2")]


class TestNames:
    def test_of_a_variant_that_the_procedure_does_not_have(self) -> None:
        draft = deciding("x-B8", B8="", B2="variant == 'hose'")
        legal = Legal("1.001193", LimitRule.ELAPSED, (LegalLimit("direct", "house", TimeLimit.parse("8h")),))
        assert [(f.rule, f.remedy) for f in found(draft, legal=legal) if f.is_error] == [("condition.unknown_value", "There are: house.")]

    def test_that_the_process_declares_or_a_script_sets(self) -> None:
        draft = deciding("x-B8", B8="", B2="severity == 'nặng' and many")
        assert rules(draft) == {("condition.unknown_name", "x-B2")}
        declared = straight(procedure=None)
        xml = declared.xml().replace(
            b'isExecutable="true">',
            b'isExecutable="true"><bpmn:extensionElements><camunda:properties><camunda:property name="variables" value="severity, area" />'
            b"</camunda:properties></bpmn:extensionElements>",
        )
        model = examine({"m.bpmn": xml}).model
        assert model is not None and model.main.variables == ("severity", "area")

    def test_that_a_script_sets(self) -> None:
        draft = Draft().start().step("B1", form="copies").script("s", "many = B1.copies > 20\nmore = many")
        ending(draft.xor("x", "x-B8").step("B2")).way("start", "B1", "s", "x", "B8").way("x", "B2", when="many").way("B2", "B8")
        assert rules(draft) == set()

    def test_that_a_script_may_not_set(self) -> None:
        draft = ending(Draft().start().script("s", "B8 = 1; variant = 'x'; ok = 1").script("t", "import os"))
        assert rules(draft.way("start", "s", "t", "B8")) == {("script.sets_step", "s"), ("script.unsafe", "t")}
        assert {f.facts["name"] for f in found(draft) if f.rule == "script.sets_step"} == {"B8", "variant"}


class TestSteps:
    @pytest.mark.parametrize(
        ("draft", "expected"),
        [
            (straight().step("B4", name="").way("B2", "B4", "B3"), {("step.name_missing", "B4"), ("fork.implicit", "B2")}),
            (straight().step("channel"), {("step.code_taken", "channel"), ("node.no_entry", "channel"), ("node.dead_end", "channel")}),
        ],
    )
    def test_have_names(self, draft: Draft, expected: set[tuple[str, str]]) -> None:
        assert rules(draft) == expected

    def test_have_codes_of_their_own_over_called_processes_too(self) -> None:
        same = Draft().step("B1").elements[0].replace('id="B1"', 'id="C1"')
        called = Draft("hai", procedure=None).start("s2").raw(same, "C1").end("e2")
        called.laned.append("C1")
        called.way("s2", "C1", "e2")
        main = ending(Draft().start().step("B1").call("c", "hai").way("start", "B1", "c", "B8"))
        assert rules(main, called) == {("step.code_double", "C1")}

    def stopping(self, limit: str = "untimed", **properties: str) -> Draft:
        return ending(Draft().start().step("B1", limit, clock="stops", **properties).way("start", "B1", "B8"))

    def test_may_stop_the_clock_for_an_answer(self) -> None:
        assert rules(self.stopping()) == rules(self.stopping("23d")) == rules(self.stopping("15cd", status="4")) == set()

    def test_ask_nothing_of_a_stopped_clock(self) -> None:
        assert rules(self.stopping("sameday@15:00")) == {("step.stop_limit", "B1")}
        assert rules(self.stopping(extends="5d")) == {("step.stop_extends", "B1")}
        draft = Draft().start().step("B1", "untimed", clock="stops", status="9").step("B2", "untimed", status="10").end()
        assert rules(draft.way("start", "B1", "B2", "end")) == {("step.stop_status", "B1")}

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ("same_as:B1", set()),
            ("not:B2", {("handler.itself", "B2")}),
            ("not:B7", {("handler.unknown", "B2")}),
            ("same_as:B9", {("handler.later", "B2")}),
        ],
    )
    def test_name_an_earlier_step_for_their_handler(self, rule: str, expected: set[tuple[str, str]]) -> None:
        draft = ending(Draft().start().step("B1").step("B2", handler=rule).way("start", "B1", "B2", "B8"))
        assert rules(draft) == expected


class TestDrawing:
    def test_shows_every_node_lane_and_flow(self) -> None:
        draft = straight()
        xml = draft.xml().replace(b'bpmnElement="B2"', b'bpmnElement="BX"').replace(b'bpmnElement="B1-B2"', b'bpmnElement="BY"')
        model = examine({"m.bpmn": xml}).model
        assert model is not None
        assert {f.element_id for f in check(model) if f.rule == "drawing.missing"} == {"B2", "B1-B2"}

    def test_is_missed_once_when_there_is_none(self) -> None:
        draft = straight()
        draft.is_drawn = False
        assert rules(draft) == {("drawing.none", "khai_sinh")}


class TestRules:
    def test_have_sentences_that_take_their_facts_by_name(self) -> None:
        for rule in RULES.values():
            for sentence in (rule.message, rule.remedy):
                assert "{}" not in sentence and sentence == sentence.strip() and (sentence.endswith((".", "}", "?")))

    def test_are_each_tried_by_a_test(self) -> None:
        tests = "".join(p.read_text(encoding="utf-8") for p in Path(__file__).parent.glob("test_*.py"))
        by_name = ("value.", "step.code_missing", "step.limit_missing")  # made from the names of properties
        assert [r for r in RULES if f'"{r}"' not in tests and not r.startswith(by_name)] == []

    def test_are_each_used(self) -> None:
        house = Path(__file__).parents[2]
        code = "".join(p.read_text(encoding="utf-8") for folder in ("engine/model", "web/cli") for p in (house / folder).rglob("*.py"))
        by_name = ("value.", "step.code_missing", "step.limit_missing")
        assert [r for r in RULES if f'"{r}"' not in code and not r.startswith(by_name)] == []


class TestSize:
    def test_a_large_model_is_checked_within_a_second_or_two(self) -> None:
        draft = Draft(procedure=None).start()
        codes = [f"B{n}" for n in range(380)]
        for code in codes:
            draft.step(code)
        model: ProcessModel = draft.end().way("start", *codes, "end").model()
        assert [f.rule for f in check(model, LEGAL)] == ["budget.procedure", "budget.exceeded"]

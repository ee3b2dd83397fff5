"""The ten commune procedures: sound models whose time adds up and whose every way ends at the counter and then with the citizen."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from engine.model.checks import check
from engine.model.elements import ModelStep, ProcessModel
from engine.model.procedure import read_procedure
from engine.model.reading import examine, read_model
from engine.spiff import Advance, Definition, OpenStep, compile_definition, complete, start
from engine.timelimit import LimitKind

FOLDER = Path(__file__).parents[2] / "bpmn" / "procedures"
FOLDERS = {path.name.split("-")[0]: path for path in sorted(FOLDER.iterdir()) if path.is_dir()}
HOUR, WORKING_DAY, DAY = 60, 480, 1440

# By procedure and variant: the longest way from acceptance to status 9 and what the law allows, in minutes of the limit's own kind of time.
BUDGETS = {
    ("1.001193", ""): (8 * HOUR, WORKING_DAY),
    ("1.000894", ""): (8 * HOUR, WORKING_DAY),
    ("1.000656", ""): (8 * HOUR, WORKING_DAY),
    ("1.004873", ""): (24 * HOUR, 3 * WORKING_DAY),
    ("2.000815", "standard"): (8 * HOUR, WORKING_DAY),
    ("2.000815", "complex"): (8 * HOUR, 2 * WORKING_DAY),
    ("2.000908", ""): (8 * HOUR, WORKING_DAY),
    ("1.001612", ""): (24 * HOUR, 3 * WORKING_DAY),
    ("1.012796", ""): (64 * HOUR, 8 * WORKING_DAY),
    ("1.001699", ""): (200 * HOUR, 25 * WORKING_DAY),
    ("1.013225", "works"): (18 * DAY, 20 * DAY),
    ("1.013225", "house"): (15 * DAY, 15 * DAY),
}

every_procedure = pytest.mark.parametrize("code", FOLDERS)
every_budget = pytest.mark.parametrize(("code", "variant"), BUDGETS)


@cache
def model_of(code: str) -> ProcessModel:
    return read_model({"model.bpmn": (FOLDERS[code] / "model.bpmn").read_bytes()})


@cache
def definition_of(code: str) -> Definition:
    return compile_definition(model_of(code))


@dataclass(frozen=True)
class Pass:
    """One step done once: which, with what result, and when it ended if every step takes all of its limit."""

    step: ModelStep
    outcome: str | None
    ended: int


@dataclass(frozen=True)
class Walk:
    """One whole way through a model."""

    passes: tuple[Pass, ...]

    @property
    def codes(self) -> list[str]:
        return [p.step.code for p in self.passes]

    @property
    def statuses(self) -> list[int]:
        return [p.step.status for p in self.passes if p.step.status is not None]

    @property
    def has_rework(self) -> bool:
        return len(set(self.codes)) < len(self.codes)

    @property
    def is_in_order(self) -> bool:
        """Whether parallel steps were done in the order in which they end, so that the times are true."""
        ends = [p.ended for p in self.passes]
        return ends == sorted(ends)

    @property
    def minutes(self) -> int:
        return next(p.ended for p in self.passes if p.step.status == 9)

    @property
    def extended(self) -> int:
        return sum(p.step.extends.working_minutes(WORKING_DAY) or 0 for p in self.passes if p.step.extends)


def minutes_of(step: ModelStep) -> int:
    if step.stops_clock or step.limit.kind is LimitKind.UNTIMED:
        return 0
    if step.limit.kind is LimitKind.CALENDAR_DAYS:
        return int(step.limit.amount or 0) * DAY
    minutes = step.limit.working_minutes(WORKING_DAY)
    assert minutes is not None, step.code
    return minutes


@cache
def walks(code: str, variant: str = "") -> tuple[Walk, ...]:
    """Every way through the model, every step at most twice, parallel steps in every order, every outcome."""
    return tuple(_walks(code, start(definition_of(code), {"variant": variant, "channel": "direct"}), {}, ()))


def _walks(code: str, at: Advance, opened: dict[OpenStep, int], done: tuple[Pass, ...]) -> Iterator[Walk]:
    now = done[-1].ended if done else 0
    waiting = opened | dict.fromkeys(at.opened, now)
    if at.ended:
        assert not waiting, f"{code}: ended with open steps"
        yield Walk(done)
        return
    assert waiting and at.state is not None, f"{code}: stuck after {[p.step.code for p in done]}"
    for task, opened_at in waiting.items():
        step = model_of(code).steps[task.element_id]
        if sum(p.step is step for p in done) == 2:
            continue
        rest = {other: moment for other, moment in waiting.items() if other is not task}
        for outcome in [o.key for o in step.outcomes] or [None]:
            answer = {step.code: {} if outcome is None else {"outcome": outcome}}
            advance = complete(definition_of(code), at.state, task.task_key, answer)
            yield from _walks(code, advance, rest, (*done, Pass(step, outcome, opened_at + minutes_of(step))))


class TestCatalogue:
    def test_holds_the_ten_procedures(self) -> None:
        assert set(FOLDERS) == {code for code, _ in BUDGETS}

    @every_procedure
    def test_keeps_model_and_facts_of_one_procedure_in_its_folder(self, code: str) -> None:
        facts = read_procedure((FOLDERS[code] / "procedure.toml").read_bytes())
        assert (facts.code, model_of(code).main.procedure) == (code, code)
        assert FOLDERS[code].joinpath(facts.model).is_file()

    @every_procedure
    def test_passes_the_check_without_error_or_warning(self, code: str) -> None:
        legal = read_procedure((FOLDERS[code] / "procedure.toml").read_bytes()).legal
        reading = examine({"model.bpmn": (FOLDERS[code] / "model.bpmn").read_bytes()})
        assert reading.model is not None
        found = [*reading.findings, *check(reading.model, legal)]
        assert [(f.rule, f.element_id, f.message) for f in found if f.severity != "info"] == []
        assert not any(f.rule == "budget.not_checked" for f in found)


class TestSteps:
    @every_procedure
    def test_begin_at_the_counter_with_receipt_and_slip(self, code: str) -> None:
        model = model_of(code)
        first = model.steps["B1"]
        assert (first.issues, first.status, model.lanes[first.lane_id].role) == (("01", "06"), 4, "intake_officer")

    @every_procedure
    def test_have_their_code_as_id_and_at_the_head_of_their_name(self, code: str) -> None:
        source = (FOLDERS[code] / "model.bpmn").read_text(encoding="utf-8")
        for step in model_of(code).steps.values():
            assert step.id == step.code
            assert f'<bpmn:userTask id="{step.code}" name="{step.code} ' in source

    @every_procedure
    def test_let_nobody_sign_what_they_drafted(self, code: str) -> None:
        signing = [s for s in model_of(code).steps.values() if any(o.key == "return" for o in s.outcomes)]
        assert signing
        assert all(s.handler is not None and s.handler.kind == "not" for s in signing)

    def test_give_the_land_office_a_lane_of_its_own(self) -> None:
        model = model_of("1.012796")
        theirs = [s.code for s in model.steps.values() if model.lanes[s.lane_id].agency == "land_office"]
        assert theirs == ["B4", "B9"]

    def test_stop_the_clock_only_while_another_commune_verifies(self) -> None:
        stopping = [(code, s.code) for code in FOLDERS for s in model_of(code).steps.values() if s.stops_clock]
        assert stopping == [("1.004873", "B3")]

    def test_lengthen_the_limit_only_to_verify_a_marriage(self) -> None:
        lengthening = [(code, s.code, s.extends.text) for code in FOLDERS for s in model_of(code).steps.values() if s.extends]
        assert lengthening == [("1.000894", "B3", "5d")]

    def test_count_a_building_permit_in_whole_calendar_days(self) -> None:
        kinds = {s.limit.kind for s in model_of("1.013225").steps.values()}
        assert kinds == {LimitKind.CALENDAR_DAYS, LimitKind.UNTIMED}


class TestWays:
    @every_budget
    def test_all_come_back_to_the_counter_and_then_to_the_citizen(self, code: str, variant: str) -> None:
        assert walks(code, variant)
        for walk in walks(code, variant):
            assert walk.statuses == [4, 9, 10], walk.codes
            assert walk.passes[-1].step.status == 10

    @every_budget
    def test_reach_every_step_of_the_variant(self, code: str, variant: str) -> None:
        other_variant = {("1.013225", "house"): {"B4"}, ("1.013225", "works"): {"B3"}}
        reached = {code_ for walk in walks(code, variant) for code_ in walk.codes}
        assert reached == set(model_of(code).steps) - other_variant.get((code, variant), set())

    @every_budget
    def test_take_the_time_that_was_worked_out_by_hand(self, code: str, variant: str) -> None:
        longest, allowed = BUDGETS[code, variant]
        timed = [w for w in walks(code, variant) if w.is_in_order and not w.has_rework]
        assert max(w.minutes - w.extended for w in timed) == longest
        assert all(w.minutes <= allowed + w.extended for w in timed)

    @every_budget
    def test_stay_within_what_the_facts_allow(self, code: str, variant: str) -> None:
        facts = tomllib.loads((FOLDERS[code] / "procedure.toml").read_text(encoding="utf-8"))
        variants = {v["key"]: v for v in facts.get("variants", [])}
        assert set(variants) == {v for c, v in BUDGETS if c == code and v}
        limits = variants.get(variant, facts["limits"])
        allowed = {limits[channel] for channel in ("direct", "online", "postal") if channel in limits}
        in_law = {WORKING_DAY: {"1d", "sameday@15:00"}, 15 * DAY: {"15cd"}, 20 * DAY: {"20cd"}}
        law = in_law.get(BUDGETS[code, variant][1], {f"{BUDGETS[code, variant][1] // WORKING_DAY}d"})
        assert allowed and allowed <= law

    @pytest.mark.parametrize(("code", "signer", "drafter"), [("2.000908", "B3", "B2"), ("1.012796", "B7", "B5"), ("1.013225", "B8", "B6")])
    def test_lead_back_to_the_drafter_when_the_leader_does_not_sign(self, code: str, signer: str, drafter: str) -> None:
        variant = next(v for c, v in BUDGETS if c == code)
        after = {
            walk.codes[i + 1]
            for walk in walks(code, variant)
            for i, p in enumerate(walk.passes)
            if (p.step.code, p.outcome) == (signer, "return")
        }
        assert after == {drafter}

    def test_ask_opinions_on_a_house_for_fewer_days(self) -> None:
        asked = {variant: {"B3", "B4"} & {c for w in walks("1.013225", variant) for c in w.codes} for variant in ("house", "works")}
        limits = {step: model_of("1.013225").steps[step].limit.text for step in ("B3", "B4")}
        assert (asked, limits) == ({"house": {"B3"}, "works": {"B4"}}, {"B3": "9cd", "B4": "12cd"})

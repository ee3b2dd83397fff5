"""What the runner promises to operations: steps and timers open and close as the model says."""

from itertools import pairwise
from typing import Any

import pytest

from engine.spiff import ModelRunError, NotWaitingError, VariablesError, codec, complete, fire, start, waiting
from tests.unit.spiff_models import Again, Both, Call, Choice, Repeat, Script, Step, Stop, Wait, define
from tests.unit.spiff_steps import do, key_of, open_steps, open_timers, variables


class TestStart:
    def test_opens_the_first_step(self) -> None:
        definition = define(Step("B1"))
        advance = start(definition, {})
        assert [step.element_id for step in advance.opened] == ["B1"]
        assert (advance.closed, advance.ended, advance.end_events) == ((), False, ())

    def test_gives_every_instance_keys_of_its_own(self) -> None:
        definition = define(Both("p", (Step("B1"), Step("B2", (("t1", True, ()),)))))
        keys = [w.task_key for _ in range(20) for a in [start(definition, {})] for w in (*a.opened, *a.timers_started)]
        assert len(keys) == len(set(keys)) == 60

    def test_ends_at_once_when_nobody_is_asked(self) -> None:
        definition = define(Script("s1", "tally = 1"))
        advance = start(definition, {})
        assert advance.ended and advance.state is None and advance.end_events == ("end_main",)

    def test_refuses_variables_that_are_no_single_values(self) -> None:
        definition = define(Step("B1"))
        wrongs: list[dict[str, Any]] = [{"papers": ["a"]}, {"owner": {"name": "Bùi Vui"}}, {"n": 2**64}, {"x": float("nan")}]
        wrongs += [{"B1": "done"}, {"long": "a" * 1001}, {"": 1}, {f"v{n}": n for n in range(501)}]
        for wrong in wrongs:
            with pytest.raises(VariablesError):
                start(definition, wrong)


class TestComplete:
    def test_goes_the_way_that_the_outcome_chooses(self) -> None:
        definition = define([Choice("B1", (("yes", Step("B2")), ("no", Step("B3")))), Step("B4")])
        assert open_steps(definition, do(definition, start(definition, {}), "B1", outcome="yes")) == ["B2"]
        assert open_steps(definition, do(definition, start(definition, {}), "B1", outcome="no")) == ["B3"]

    def test_opens_a_new_step_with_a_new_key_at_every_pass(self) -> None:
        definition = define(Again("B2", Step("B1")))
        advance, keys = start(definition, {}), []
        for _ in range(5):
            keys.append(key_of(definition, advance, "B1"))
            advance = do(definition, do(definition, advance, "B1"), "B2", outcome="again")
        assert len(set(keys)) == 5

    def test_keeps_the_key_of_a_step_while_others_move(self) -> None:
        definition = define(Both("p", (Step("B1"), Again("B3", Step("B2")))))
        first = start(definition, {})
        later = do(definition, do(definition, first, "B2"), "B3", outcome="again")
        assert key_of(definition, later, "B1") == key_of(definition, first, "B1")

    def test_reports_the_end_and_its_status(self) -> None:
        definition = define(Step("B1"))
        definition.end_statuses["end_main"] = 10  # type: ignore[index]
        advance = do(definition, start(definition, {}), "B1")
        assert (advance.ended, advance.state, advance.end_events, advance.end_statuses) == (True, None, ("end_main",), (10,))

    def test_refuses_a_step_that_does_not_wait(self) -> None:
        definition = define([Step("B1"), Step("B2")])
        first = start(definition, {})
        key = first.opened[0].task_key
        second = complete(definition, first.state or b"", key, {})
        for wrong in (key, "nonsense", "", "0" * 32):
            with pytest.raises(NotWaitingError) as refusal:
                complete(definition, second.state or b"", wrong, {})
            assert refusal.value.code == "step_not_waiting"

    def test_refuses_to_complete_a_timer(self) -> None:
        definition = define(Step("B1", (("t1", True, ()),)))
        advance = start(definition, {})
        with pytest.raises(NotWaitingError):
            complete(definition, advance.state or b"", advance.timers_started[0].task_key, {})

    def test_leaves_the_state_as_it_was_when_it_fails(self) -> None:
        definition = define([Step("B1"), Script("s1", "tally = missing + 1"), Step("B2")])
        advance = start(definition, {})
        for _ in range(2):
            with pytest.raises(ModelRunError):
                do(definition, advance, "B1")
        assert open_steps(definition, advance) == ["B1"]

    def test_closes_steps_that_a_terminate_end_cuts_off(self) -> None:
        definition = define([Both("p", (Step("B1", (("t1", False, ()),)), Stop("B2"))), Step("B3")])
        advance = start(definition, {})
        b1, t1 = key_of(definition, advance, "B1"), key_of(definition, advance, "t1")
        ended = do(definition, advance, "B2", outcome="stop")
        assert (ended.ended, ended.closed, ended.timers_ended, ended.end_events) == (True, (b1,), (t1,), ("stop_B2",))

    def test_runs_nothing_that_another_automatic_task_has_cancelled(self) -> None:
        """SpiffWorkflow's own loop runs what was ready when the round began, cancelled or not."""
        definition = define([Both("p", (Script("s1", "first = 1"), Script("s2", "second = 2"))), Step("B1")])
        workflow = codec.decode(definition, definition.blank)

        def cancel_the_other(task: Any) -> None:
            if task.task_spec.name == "s1":
                next(other for other in workflow.every_task() if other.task_spec.name == "s2").cancel()

        workflow.do_engine_steps(did_complete_task=cancel_the_other)
        assert workflow.script_engine.variables == {"first": 1}


class TestVariables:
    def test_of_both_branches_survive_the_join(self) -> None:
        definition = define([Step("B0"), Both("p", (Step("B1"), Step("B2"))), Choice("B3", (("x", Step("B4")), ("y", Step("B5"))))])
        for order in (("B1", "B2"), ("B2", "B1")):
            advance = do(definition, start(definition, {"channel": "online"}), "B0", outcome="zero")
            for code in order:
                advance = do(definition, advance, code, outcome=f"of {code}", copies=len(code))
            assert variables(definition, advance) == {
                "channel": "online",
                "B0": {"outcome": "zero"},
                "B1": {"outcome": "of B1", "copies": 2},
                "B2": {"outcome": "of B2", "copies": 2},
            }

    def test_of_a_later_pass_are_not_overwritten_by_the_branch_that_arrives_last(self) -> None:
        """In SpiffWorkflow the last branch brings the first pass's answer of its sibling along, and wins with it."""
        definition = define(Again("B9", Both("p", (Step("B1"), Step("B2")))))
        advance = do(definition, start(definition, {}), "B1", "B2", opinion="against")
        advance = do(definition, advance, "B9", outcome="again")
        advance = do(definition, do(definition, advance, "B1", opinion="for"), "B2", opinion="for")
        assert variables(definition, advance)["B1"] == {"opinion": "for"}

    def test_of_a_step_are_replaced_whole_at_the_next_pass(self) -> None:
        definition = define(Again("B2", Step("B1")))
        advance = do(definition, start(definition, {}), "B1", note="thiếu bản vẽ", outcome="x")
        advance = do(definition, do(definition, advance, "B2", outcome="again"), "B1", outcome="y")
        assert variables(definition, advance)["B1"] == {"outcome": "y"}

    def test_are_seen_by_a_called_process_and_seen_after_it(self) -> None:
        called = [Choice("C1", (("x", ()), ("y", Step("C2")))), Script("s1", "tally = 7 if channel == 'online' else 8")]
        definition = define([Call("sub"), Repeat("r", Step("B1"), "tally == 7 and C1.outcome == 'y'")], sub=called)
        advance = do(definition, start(definition, {"channel": "online"}), "C1", outcome="y")
        advance = do(definition, advance, "C2", "B1")
        assert variables(definition, advance)["tally"] == 7
        assert open_steps(definition, advance) == ["B1"]

    def test_are_refused_unless_mappings_stand_under_step_codes_alone(self) -> None:
        definition = define(Step("B1"))
        advance = start(definition, {})
        for wrong in ({"B1": "approve"}, {"B7": {"outcome": "x"}}, {"B1": {"papers": ["a"]}}, {"B1": {"deep": {"er": 1}}}):
            with pytest.raises(VariablesError):
                complete(definition, advance.state or b"", advance.opened[0].task_key, wrong)

    def test_that_a_script_sets_are_single_values_too(self) -> None:
        definition = define([Step("B1"), Script("s1", "B1 = 5"), Step("B2")])
        with pytest.raises(ModelRunError) as fault:
            do(definition, start(definition, {}), "B1")
        assert fault.value.element_id == "s1"


class TestFire:
    def test_cancels_the_step_under_an_interrupting_timer(self) -> None:
        definition = define([Step("B1", (("t1", True, Step("B2")), ("t2", False, Step("B3")))), Step("B4")])
        advance = start(definition, {})
        b1, t2 = key_of(definition, advance, "B1"), key_of(definition, advance, "t2")
        fired = do(definition, advance, "t1")
        assert (fired.closed, fired.timers_ended) == ((b1,), (t2,))
        assert open_steps(definition, fired) == ["B2"]
        assert open_steps(definition, do(definition, fired, "B2")) == ["B4"]

    def test_leaves_the_step_under_a_timer_that_does_not_interrupt(self) -> None:
        definition = define([Step("B1", (("t1", False, Step("B2")),)), Step("B3")])
        fired = do(definition, start(definition, {}), "t1")
        assert (fired.closed, fired.timers_ended) == ((), ())
        assert open_steps(definition, fired) == ["B1", "B2"]
        later = do(definition, fired, "B1")
        assert open_steps(definition, later) == ["B2", "B3"]
        assert do(definition, later, "B3", "B2").ended

    def test_happens_once_for_a_timer_that_does_not_interrupt(self) -> None:
        definition = define(Step("B1", (("t1", False, Step("B2")),)))
        advance = start(definition, {})
        key = advance.timers_started[0].task_key
        fired = fire(definition, advance.state or b"", key)
        with pytest.raises(NotWaitingError) as refusal:
            fire(definition, fired.state or b"", key)
        assert refusal.value.code == "timer_not_waiting"

    def test_ends_the_timers_of_a_step_that_is_completed(self) -> None:
        definition = define([Step("B1", (("t1", True, ()), ("t2", False, ()))), Step("B2")])
        advance = start(definition, {})
        keys = {timer.task_key for timer in advance.timers_started}
        assert set(do(definition, advance, "B1").timers_ended) == keys

    def test_goes_on_behind_an_intermediate_timer(self) -> None:
        definition = define([Wait("w1"), Step("B1")])
        advance = start(definition, {})
        assert open_timers(definition, advance) == ["w1"]
        fired = do(definition, advance, "w1")
        assert [step.element_id for step in fired.opened] == ["B1"]
        assert fired.timers_ended == ()

    def test_of_one_timer_leaves_another_at_the_same_element_waiting(self) -> None:
        """Two timers of one element wait at once when a branch that does not interrupt outlives its pass."""
        definition = define(Again("B9", Step("B1", (("t1", False, Wait("w1")),))))
        advance = do(definition, start(definition, {}), "t1", "B1")
        advance = do(definition, do(definition, advance, "B9", outcome="again"), "t1")
        keys = [timer.task_key for timer in waiting(definition, advance.state or b"").timers]
        fired = fire(definition, advance.state or b"", keys[0])
        assert [timer.task_key for timer in waiting(definition, fired.state or b"").timers] == keys[1:]
        assert len(keys) == 2

    def test_refuses_a_step(self) -> None:
        definition = define(Step("B1"))
        advance = start(definition, {})
        with pytest.raises(NotWaitingError):
            fire(definition, advance.state or b"", advance.opened[0].task_key)


class TestCalledProcesses:
    def test_open_their_steps_under_their_own_element_ids(self) -> None:
        definition = define(
            [Step("B1"), Call("outer"), Step("B2")], outer=[Call("inner"), Step("C1")], inner=Both("p", (Step("D1"), Step("D2")))
        )
        advance = do(definition, start(definition, {}), "B1")
        assert open_steps(definition, advance) == ["D1", "D2"]
        advance = do(definition, advance, "D2", "D1")
        assert (open_steps(definition, advance), advance.end_events) == (["C1"], ("end_inner",))
        advance = do(definition, advance, "C1")
        assert (open_steps(definition, advance), advance.end_events) == (["B2"], ("end_outer",))

    def test_are_cut_off_with_all_that_they_called(self) -> None:
        definition = define(
            [Call("outer", (("t1", True, Step("B1")),)), Step("B2")],
            outer=Both("p", (Call("inner"), Step("C1"))),
            inner=Step("D1", (("t2", True, ()),)),
        )
        advance = start(definition, {})
        closed = {key_of(definition, advance, "D1"), key_of(definition, advance, "C1")}
        t2 = key_of(definition, advance, "t2")
        fired = do(definition, advance, "t1")
        assert (set(fired.closed), fired.timers_ended) == (closed, (t2,))
        assert open_steps(definition, fired) == ["B1"]

    def test_may_be_called_at_every_pass_of_a_loop(self) -> None:
        definition = define(Again("B1", Call("sub")), sub=Step("C1"))
        advance = start(definition, {})
        for _ in range(3):
            advance = do(definition, do(definition, advance, "C1"), "B1", outcome="again")
        assert open_steps(definition, advance) == ["C1"]

    def test_end_alone_when_they_terminate(self) -> None:
        definition = define([Call("sub"), Step("B1")], sub=Both("p", (Stop("C1"), Step("C2"))))
        advance = start(definition, {})
        c2 = key_of(definition, advance, "C2")
        advance = do(definition, advance, "C1", outcome="stop")
        assert (advance.closed, advance.ended, open_steps(definition, advance)) == ((c2,), False, ["B1"])


class TestTime:
    def test_is_never_read(self) -> None:
        """The same moves a thousand years apart: nothing fires by itself and nothing else differs."""
        time_machine = pytest.importorskip("time_machine")
        definition = define([Step("B1", (("t1", True, ()),)), Wait("w1"), Step("B2")])
        seen = []
        for year in (2026, 3026):
            with time_machine.travel(f"{year}-01-01T00:00:00+00:00", tick=False):
                advance = start(definition, {})
                with time_machine.travel(f"{year}-12-31T00:00:00+00:00", tick=False):
                    late = do(definition, advance, "B1")
                    seen.append((open_timers(definition, advance), open_timers(definition, late), open_steps(definition, late)))
        assert seen == [(["t1"], ["w1"], [])] * 2


class TestWaiting:
    def test_says_what_start_and_complete_have_said(self) -> None:
        definition = define([Both("p", (Step("B1", (("t1", True, ()),)), Step("B2"))), Step("B3")])
        advance = start(definition, {})
        found = waiting(definition, advance.state or b"")
        assert (set(found.steps), set(found.timers)) == (set(advance.opened), set(advance.timers_started))

    def test_changes_nothing(self) -> None:
        definition = define(Both("p", (Step("B1"), Step("B2"))))
        advance = start(definition, {})
        answers = [waiting(definition, advance.state or b"") for _ in range(3)]
        assert all(one == other for one, other in pairwise(answers))

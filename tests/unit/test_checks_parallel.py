"""Parallel branches and statuses: what only shows when a model is played through."""

import pytest

from engine.model.tokens import MAX_STATES
from tests.unit.model_drafts import Draft
from tests.unit.test_checks import ending, found, rules


def forked(split: str, join: str) -> Draft:
    """B1, then B2 and B3 side by side, then the ending."""
    draft = Draft().start().step("B1").step("B2").step("B3")
    for gateway, kind in (("s", split), ("j", join)):
        draft = draft.both(gateway) if kind == "both" else draft.xor(gateway, "s-B2" if gateway == "s" else None)
    ending(draft).way("start", "B1", "s", "B2", "j", "B8").way("s", "B3", when="channel == 'online'" if split == "xor" else "")
    return draft.way("B3", "j")


class TestParallel:
    def test_branches_that_meet_again_are_sound(self) -> None:
        assert rules(forked("both", "both")) == rules(forked("xor", "xor")) == set()

    def test_join_of_a_choice_waits_for_ever(self) -> None:
        draft = forked("xor", "both")
        assert rules(draft) == {("join.waits", "j")}

    def test_join_whose_branch_ended_elsewhere_waits_for_ever(self) -> None:
        draft = Draft().start().both("s").step("B1", outcomes="a=A;b=B").step("B2").xor("x", "x-j").both("j").end("stop")
        ending(draft).way("start", "s", "B1", "x", "j", "B8").way("s", "B2", "j").way("x", "stop", when="B1.outcome == 'b'")
        (finding,) = [f for f in found(draft) if f.rule == "join.waits"]
        assert (finding.element_id, finding.facts["flows"]) == ("j", "x-j")

    def test_a_terminating_end_waits_for_nobody(self) -> None:
        draft = Draft(procedure=None).start().both("s").step("B1", outcomes="a=A;b=B").step("B2").xor("x", "x-j").both("j").end("e")
        draft.end("stop", terminate=True)
        draft.way("start", "s", "B1", "x", "j", "e").way("s", "B2", "j").way("x", "stop", when="B1.outcome == 'b'")
        assert rules(draft) == set()

    def test_branches_without_a_join_run_the_rest_twice(self) -> None:
        assert rules(forked("both", "xor")) == {("join.double", "j")}

    def test_branches_that_meet_at_a_step_run_it_twice(self) -> None:
        draft = ending(Draft().start().both("s").step("B1").step("B2"))
        assert {r for r, _ in rules(draft.way("start", "s", "B1", "B8").way("s", "B2", "B8"))} == {"join.double"}

    def test_a_loop_inside_a_branch_is_sound(self) -> None:
        draft = Draft().start().both("s").step("B1", outcomes="a=A;b=B").xor("x", "x-j").step("B2").both("j")
        ending(draft).way("start", "s", "B1", "x", "j", "B8").way("s", "B2", "j").way("x", "B1", when="B1.outcome == 'b'")
        assert rules(draft) == set()

    def test_a_loop_round_the_whole_block_is_sound(self) -> None:
        draft = forked("both", "both").xor("x", "x-B8").step("B4", outcomes="a=A;b=B").xor("m")
        draft.flows = [f for f in draft.flows if f[0] not in ("j-B8", "B1-s")]
        draft.way("B1", "m", "s").way("j", "B4", "x", "B8").way("x", "m", when="B4.outcome == 'b'")
        assert rules(draft) == set()

    def test_a_way_back_out_of_a_branch_is_not(self) -> None:
        draft = Draft().start().xor("m").both("s").step("B1", outcomes="a=A;b=B").xor("x", "x-j").step("B2").both("j")
        ending(draft).way("start", "m", "s", "B1", "x", "j", "B8").way("s", "B2", "j").way("x", "m", when="B1.outcome == 'b'")
        assert "join.double" in {r for r, _ in rules(draft)}

    def test_a_reminder_beside_a_step_has_an_end_of_its_own(self) -> None:
        draft = Draft().start().step("B1").timer("t", "2h", "B1", interrupting=False).step("B2", "untimed").end("reminded")
        assert rules(ending(draft).way("start", "B1", "B8").way("t", "B2", "reminded")) == set()

    def test_a_reminder_that_runs_into_the_way_doubles_it(self) -> None:
        draft = Draft().start().step("B1").timer("t", "2h", "B1", interrupting=False).step("B2")
        draft = ending(draft).way("start", "B1", "B2", "B8").way("t", "B2")
        assert rules(draft) == {("join.double", "B2")}

    def test_a_deadline_that_ends_a_step_goes_on_instead_of_it(self) -> None:
        draft = Draft().start().step("B1").timer("t", "2h", "B1").step("B2")
        assert rules(ending(draft).way("start", "B1", "B8").way("t", "B2", "B8")) == set()

    def test_many_blocks_in_a_row_plan_too_much(self) -> None:
        def blocks(count: int) -> Draft:
            draft, last = Draft(procedure=None).start(), "start"
            for n in range(count):
                draft.both(f"s{n}").both(f"j{n}").way(last, f"s{n}")
                for branch in "abc":
                    draft.step(f"B{n}{branch}").way(f"s{n}", f"B{n}{branch}", f"j{n}")
                last = f"j{n}"
            return draft.end().way(last, "end")

        assert rules(blocks(3)) == set()
        assert [r for r, _ in rules(blocks(9))] == ["parallel.too_large"]

    def test_more_meetings_than_can_be_followed_are_refused(self) -> None:
        draft = Draft(procedure=None).start().both("s").both("j").end().way("start", "s").way("j", "end")
        for n in range(12):
            draft.step(f"B{n}").timer(f"t{n}", "1d", f"B{n}").step(f"C{n}").timer(f"u{n}", "1d", f"C{n}").xor(f"x{n}")
            draft.way("s", f"B{n}", f"C{n}", f"x{n}", "j").way(f"t{n}", f"C{n}").way(f"u{n}", f"x{n}")
        assert MAX_STATES < 3**12
        assert rules(draft) == {("parallel.too_many", "khai_sinh")}


class TestStatus:
    def model(self, *steps: tuple[str, str, str | None], **end: str) -> Draft:
        draft = Draft().start()
        for code, limit, status in steps:
            draft.step(code, limit, **({"status": status} if status else {}))
        return draft.end(**end).way("start", *(s[0] for s in steps), "end")

    @pytest.mark.parametrize(
        ("steps", "expected"),
        [
            ([("B1", "1h", "4"), ("B2", "1h", "9"), ("B3", "untimed", "10")], set()),
            ([("B1", "1h", None)], {("status.nine_missing", "end")}),
            ([("B1", "1h", "9")], {("status.ten_missing", "end")}),
            ([("B1", "untimed", "10"), ("B2", "1h", "9")], {("status.ten_early", "B1"), ("status.nine_twice", "B2")}),
            ([("B1", "1h", "9"), ("B2", "1h", "9"), ("B3", "untimed", "10")], {("status.nine_twice", "B2")}),
            ([("B1", "1h", "9"), ("B2", "untimed", "10"), ("B3", "untimed", "10")], {("status.ten_twice", "B3")}),
            ([("B1", "1h", "9"), ("B2", "untimed", "4"), ("B3", "untimed", "10")], {("status.four_late", "B2")}),
            ([("B1", "1h", "9"), ("B2", "1h", "10")], {("status.ten_timed", "B2")}),
            ([("B1", "1h", "9"), ("B2", "1h", None), ("B3", "untimed", "10")], {("status.work_after", "B2")}),
        ],
    )
    def test_follow_one_another(self, steps: list[tuple[str, str, str | None]], expected: set[tuple[str, str]]) -> None:
        assert rules(self.model(*steps)) == expected

    def test_may_stand_on_the_end(self) -> None:
        assert rules(self.model(("B1", "1h", "9"), status="10")) == set()

    def test_must_be_reached_on_every_way(self) -> None:
        draft = ending(Draft().start().step("B1", outcomes="a=A;b=B").xor("x", "x-B8").end("early"))
        draft.way("start", "B1", "x", "B8").way("x", "early", when="B1.outcome == 'b'")
        assert rules(draft) == {("status.nine_missing", "early")}

    def test_may_be_on_two_ways_that_exclude_each_other(self) -> None:
        draft = Draft().start().step("B1", outcomes="a=A;b=B").xor("x", "x-B2").step("B2", status="9").step("B3", status="9")
        draft.step("B4", "untimed", status="10").end().way("start", "B1", "x", "B2", "B4", "end").way("B3", "B4")
        assert rules(draft.way("x", "B3", when="B1.outcome == 'b'")) == set()

    def test_may_not_be_reached_in_two_branches(self) -> None:
        draft = forked("both", "both")
        with_nine = ('value="1h"', 'value="1h" /><camunda:property name="status" value="9"')
        draft.elements = [e.replace(*with_nine) if 'id="B2"' in e else e for e in draft.elements]
        assert rules(draft) == {("status.nine_twice", "B8")}

    def test_may_lie_in_a_called_process(self) -> None:
        called = Draft("tra", procedure=None).start("s2").step("C1", status="9").end("e2").way("s2", "C1", "e2")
        main = Draft().start().step("B1").call("c", "tra").step("B9", "untimed", status="10").end().way("start", "B1", "c", "B9", "end")
        assert rules(main, called) == set()
        twice = Draft().start().call("c", "tra").call("d", "tra").step("B9", "untimed", status="10").end()
        assert rules(twice.way("start", "c", "d", "B9", "end"), called) == {("status.nine_twice", "C1")}

    def test_need_not_be_reached_by_a_process_that_others_call(self) -> None:
        called = Draft("tra", procedure=None).start("s2").step("C1", status="9").end("e2").way("s2", "C1", "e2")
        assert rules(called, is_called=True) == set()
        assert rules(called) == {("status.no_procedure", "C1"), ("status.ten_missing", "e2")}

    def test_are_not_asked_of_a_quality_process(self) -> None:
        assert rules(Draft("khac_phuc", procedure=None).start().step("B1").end().way("start", "B1", "end")) == set()

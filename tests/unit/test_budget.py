"""The longest way from acceptance to status 9, and what the law says to it."""

import pytest

from engine.model.budget import longest_path
from engine.model.checks import check
from engine.model.findings import Finding
from engine.model.procedure import Legal, LegalLimit
from engine.timelimit import LimitRule, TimeLimit
from tests.unit.model_drafts import Draft, pairs


def ending(draft: Draft, limit: str = "1h") -> Draft:
    return draft.step("B8", limit, status="9").step("B9", "untimed", status="10").end().way("B8", "B9", "end")


def row(*limits: str) -> Draft:
    """B1, B2, ... with these limits, one after the other, the last of them B8 with status 9."""
    draft = Draft().start()
    codes = [f"B{n}" for n in range(1, len(limits))]
    for code, limit in zip(codes, limits[:-1], strict=True):
        draft.step(code, limit)
    return ending(draft, limits[-1]).way("start", *codes, "B8")


def legal(*limits: str, counts: bool = True, **variants: str) -> Legal:
    plain = [LegalLimit(c, None, TimeLimit.parse(t)) for c, t in zip(("direct", "online", "postal"), limits, strict=False)]
    others = [LegalLimit("direct", v, TimeLimit.parse(t)) for v, t in variants.items()]
    return Legal("1.001193", LimitRule.ELAPSED, (*plain, *others), counts)


def budget(draft: Draft, *called: Draft) -> tuple[int, tuple[str, ...]]:
    found = longest_path(draft.model(*called))
    return found.minutes, found.steps


def time_findings(draft: Draft, law: Legal) -> list[Finding]:
    return [f for f in check(draft.model(), law) if f.rule.startswith("budget.")]


class TestLongestPath:
    def test_adds_the_steps_up_to_status_nine(self) -> None:
        assert budget(row("1h", "0.5d", "2h")) == (60 + 240 + 120, ("B1", "B2", "B8"))

    def test_counts_nothing_for_untimed_and_for_a_stopped_clock(self) -> None:
        draft = ending(Draft().start().step("B1", "untimed").step("B2", "23d", clock="stops").way("start", "B1", "B2", "B8"))
        assert budget(draft) == (60, ("B1", "B2", "B8"))

    def test_takes_the_longer_of_two_branches(self) -> None:
        draft = ending(Draft().start().both("s").both("j").step("B1", "3h").step("B2", "1h").step("B3", "1h"))
        assert budget(draft.way("start", "s", "B1", "j", "B8").way("s", "B2", "B3", "j")) == (240, ("B1", "B8"))

    def test_counts_a_loop_once_and_the_way_back_not_at_all(self) -> None:
        draft = Draft().start().step("B1", "2h").step("B2", "1h", outcomes="a=A;b=B").xor("x", "x-B8").step("B3", "5h")
        ending(draft).way("start", "B1", "B2", "x", "B8").way("x", "B3", "B1", when="B2.outcome == 'b'")
        assert budget(draft) == (240, ("B1", "B2", "B8"))

    def test_takes_the_slower_of_two_decisions(self) -> None:
        draft = ending(Draft().start().xor("x", "x-B8").step("B1", "3d"))
        assert budget(draft.way("start", "x", "B8").way("x", "B1", "B8", when="channel == 'postal'")) == (3 * 480 + 60, ("B1", "B8"))

    def test_leaves_out_ways_that_the_channel_or_variant_cannot_take(self) -> None:
        draft = ending(Draft().start().xor("x", "x-B3").step("B1", "3d").step("B2", "2d").step("B3", "1d"))
        draft.way("start", "x", "B3", "B8").way("x", "B1", "B8", when="variant == 'shop'").way("x", "B2", "B8", when="channel == 'online'")
        model = draft.model()

        def way(**given: str) -> str:
            return longest_path(model, given=given).steps[0]

        assert [way(variant="shop"), way(variant="house"), way(variant="house", channel="direct")] == ["B1", "B2", "B3"]
        assert way(variant="house", channel="online") == "B2"

    def test_gives_the_way_with_the_least_room_where_a_step_extends(self) -> None:
        draft = Draft().start().xor("x", "x-B3").step("B1", "5d", extends="5d").step("B2", "1h").step("B3", "3h")
        ending(draft).way("start", "x", "B3", "B8").way("x", "B1", "B2", "B8", when="channel == 'online'")
        found = longest_path(draft.model())
        assert (found.minutes, found.extended_minutes, found.steps) == (240, 0, ("B3", "B8"))

    def test_follows_a_timer_that_ends_a_step(self) -> None:
        draft = Draft().start().step("B1", "untimed").timer("t", "4d", "B1").step("B2", "1d")
        assert budget(ending(draft).way("start", "B1", "B8").way("t", "B2", "B8")) == (5 * 480 + 60, ("B1", "B2", "B8"))

    def test_does_not_count_a_timer_on_a_step_that_stops_the_clock(self) -> None:
        draft = Draft().start().step("B1", "untimed", clock="stops").timer("t", "23d", "B1")
        assert budget(ending(draft).way("start", "B1", "B8").way("t", "B8")) == (60, ("B1", "B8"))

    @pytest.mark.parametrize(("limit", "minutes"), [("2d", 960), ("P2D", 960), ("PT4H", 240), ("PT20H", 480), ("P1M", 31 * 480)])
    def test_counts_a_timer_on_the_way(self, limit: str, minutes: int) -> None:
        assert budget(ending(Draft().start().timer("t", limit).way("start", "t", "B8")))[0] == minutes + 60

    def test_goes_through_called_processes_and_stops_inside_one(self) -> None:
        called = Draft("tra", procedure=None).start("s2").step("C1", "2h").step("C2", "3h", status="9").step("C3", "5h").end("e2")
        called.way("s2", "C1", "C2", "C3", "e2")
        plain = Draft("xem", procedure=None).start("s3").step("D1", "2h").end("e3").way("s3", "D1", "e3")
        main = Draft().start().step("B1").call("c", "xem").call("d", "tra").end().way("start", "B1", "c", "d", "end")
        assert budget(main, called, plain) == (60 + 120 + 300, ("B1", "D1", "C1", "C2"))

    def test_goes_to_an_end_when_there_is_no_status(self) -> None:
        draft = Draft(procedure=None).start().step("B1", "2d").step("B2", "1d").end().way("start", "B1", "B2", "end")
        assert budget(draft) == (3 * 480, ("B1", "B2"))

    def test_counts_the_day_of_the_calendar(self) -> None:
        assert longest_path(row("1d", "1h").model(), 450).minutes == 450 + 60


class TestAgainstTheLaw:
    def test_says_for_each_limit_how_much_is_to_spare_or_missing(self) -> None:
        fits, exceeded = sorted(time_findings(row("1h", "0.5d", "2h"), legal("8h", "8h", "6h")), key=lambda f: f.rule, reverse=True)
        assert (fits.rule, fits.severity, fits.facts["who"], fits.facts["slack_minutes"]) == ("budget.fits", "info", "direct, online", 60)
        assert (exceeded.rule, exceeded.severity, exceeded.facts["over_minutes"]) == ("budget.exceeded", "error", 60)
        assert exceeded.message == "postal: the longest way takes 7h, the limit is 6h (B1 → B2 → B8)."
        assert exceeded.remedy == "Shorten steps by 1h, or mend the limit."

    def test_finds_a_sum_that_meets_the_limit_exactly_to_fit(self) -> None:
        assert [(f.rule, f.facts["slack_minutes"]) for f in time_findings(row("4h", "0.5d"), legal("1d"))] == [("budget.fits", 0)]

    def test_adds_what_extends_on_its_way(self) -> None:
        draft = ending(Draft().start().step("B1", "5d", extends="5d").way("start", "B1", "B8"))
        assert [(f.rule, f.facts["allowed_minutes"]) for f in time_findings(draft, legal("1h"))] == [("budget.fits", 5 * 480 + 60)]

    def test_adds_calendar_days_as_days(self) -> None:
        assert [f.rule for f in time_findings(row("10cd", "5cd"), legal("15cd"))] == ["budget.fits"]
        assert [f.facts["over"] for f in time_findings(row("10cd", "6cd"), legal("15cd"))] == ["1cd"]

    def test_warns_of_working_days_in_a_calendar_limit(self) -> None:
        assert [f.rule for f in time_findings(row("10d", "5d"), legal("15cd"))] == ["budget.mixed", "budget.fits"]
        assert [f.rule for f in time_findings(row("5d", "5d"), legal("15cd"))] == ["budget.fits"]

    def test_takes_the_weekends_out_of_calendar_days_in_a_working_limit(self) -> None:
        assert [f.rule for f in time_findings(row("14cd", "1h"), legal("11d"))] == ["budget.mixed", "budget.fits"]

    def test_only_reports_shares_of_a_day(self) -> None:
        (finding,) = time_findings(row("5h", "5h"), legal("sameday@15:00"))
        assert (finding.rule, finding.severity, finding.facts["needed_minutes"]) == ("budget.shares", "info", 600)

    def test_only_reports_where_there_is_no_limit(self) -> None:
        assert [f.rule for f in time_findings(row("5h", "5h"), legal("untimed"))] == ["budget.untimed"]

    def test_judges_each_variant_by_its_own_way(self) -> None:
        draft = ending(Draft().start().xor("x", "x-B2").step("B1", "9d").step("B2", "1d"))
        draft.way("start", "x", "B2", "B8").way("x", "B1", "B8", when="variant == 'works'")
        assert {f.facts["who"]: f.rule for f in time_findings(draft, legal(works="10d", house="2d"))} == {
            "works (direct)": "budget.fits",
            "house (direct)": "budget.fits",
        }

    def test_asks_for_the_same_procedure_in_both(self) -> None:
        draft = row("1h")
        draft.procedure = "1.000656"
        assert [f.rule for f in time_findings(draft, legal("8h"))] == ["budget.procedure", "budget.fits"]

    def test_asks_to_stop_the_clock_where_consulting_does_not_count(self) -> None:
        draft = row("1h", "1h")
        refs = "".join(f"<bpmn:flowNodeRef>{i}</bpmn:flowNodeRef>" for i in draft.laned)
        draft.lanes = f'<bpmn:lane id="Lane_khai_sinh">{pairs({"role": "land_officer", "agency": "land_office"})}{refs}</bpmn:lane>'
        found = time_findings(draft, legal("8h", counts=False))
        assert [f.element_id for f in found if f.rule == "budget.coordination"] == ["B1", "B8"]
        assert [f.rule for f in time_findings(draft, legal("8h"))] == ["budget.fits"]

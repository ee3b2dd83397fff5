"""Breaches recomputed from ledgers, and the deadlines of steps under the stops of their dossier."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from engine.legalclock import ClockState, LedgerEntry, first_breach, replay, replay_step
from engine.timelimit import TimeLimit, is_late
from tests.unit.ledgers import CALENDARS, at, clock, entry, ledgers, local, off, spans, start, version


class TestFirstBreach:
    def test_waits_for_the_minute_to_be_over(self) -> None:
        history = clock(start("11-20T14:20", "3d")).history
        assert first_breach(history, at("11-26T14:20:59")) is None
        assert local(first_breach(history, at("11-26T14:21"))) == "11-26T14:20"

    def test_finds_one_that_a_later_extension_hid(self) -> None:
        history = clock(start("11-02T09:00", "1d"), entry("extend", "11-04T10:00", "5d")).history
        assert local(first_breach(history, at("11-03T09:30"))) == "11-03T09:00"  # touched since, after passing

    def test_finds_none_when_it_was_stopped_or_finished_in_time(self) -> None:
        for last in (entry("stop", "11-03T09:00:59"), entry("finish", "11-03T09:00:59"), entry("close", "11-03T08:00")):
            assert first_breach(clock(start("11-02T09:00", "1d"), last).history, at("12-31T09:00")) is None

    def test_does_not_blame_a_sweep_for_a_receipt_entered_later(self) -> None:
        paused = (start("11-02T09:00", "1d"), entry("stop", "11-02T10:00"), entry("resume", "11-03T10:00", entered="11-06T08:00"))
        history = clock(*paused).history
        assert first_breach(history, at("11-05T10:00")) is None
        assert local(first_breach(history, at("11-06T08:00"))) == "11-04T09:00"

    @given(ledgers(), st.integers(0, 90), st.integers(0, 90))
    def test_never_forgets(self, entries: list[LedgerEntry], one: int, more: int) -> None:
        history = replay(entries, CALENDARS).history
        earlier, later = entries[0].at + timedelta(days=one), entries[0].at + timedelta(days=one + more)
        found = first_breach(history, earlier)
        assert found is None or first_breach(history, later) == found

    @given(ledgers(), st.integers(0, 60))
    def test_agrees_with_sweeping_and_settling(self, entries: list[LedgerEntry], hours: int) -> None:
        """What a sweep every few hours and a settling before every entry write down is what the doctor recomputes."""
        at_last = max(one.known_at for one in entries) + timedelta(hours=hours)
        recorded: datetime | None = None
        for count in range(1, len(entries) + 1):
            state = replay(entries[:count], CALENDARS)
            until = entries[count].known_at if count < len(entries) else at_last
            sweep = entries[count - 1].known_at
            while recorded is None and state.clock in ("running", "stopped") and sweep <= until:
                recorded = state.due_at if is_late(state.due_at, sweep) else None
                sweep = min(sweep + timedelta(hours=5), until) if sweep < until else until + timedelta(seconds=1)
        assert first_breach(replay(entries, CALENDARS).history, at_last) == recorded


class TestReplayStep:
    LEDGER: ClassVar = (start("11-19T14:20", "3d"), entry("stop", "11-20T09:30"), entry("resume", "11-23T08:00", entered="11-23T09:00"))

    def step(self, opened: str, limit: str, ledger: tuple[LedgerEntry, ...] = LEDGER, **facts: object) -> ClockState:
        return replay_step(ledger, CALENDARS, opened_at=at(opened), limit=TimeLimit.parse(limit), calendar_version_id=1, **facts)  # type: ignore[arg-type]

    def test_stands_still_with_its_dossier(self) -> None:
        assert local(self.step("11-19T15:00", "1d", self.LEDGER[:1]).due_at) == "11-20T15:00"
        stopped = self.step("11-19T15:00", "1d", self.LEDGER[:2])
        assert (stopped.clock, stopped.due_at, stopped.remaining_minutes) == ("stopped", None, 240)
        assert local(self.step("11-19T15:00", "1d").due_at) == "11-23T13:30"

    def test_starts_on_resume_when_opened_meanwhile(self) -> None:
        waiting = self.step("11-20T15:00", "4h", self.LEDGER[:2])
        assert (waiting.clock, waiting.due_at, waiting.remaining_minutes, waiting.history) == ("stopped", None, 240, ())
        started = self.step("11-20T15:00", "4h")
        assert local(started.due_at) == "11-23T13:30"
        assert spans(started) == [("11-23T09:00", None, "11-23T13:30")]

    def test_does_not_start_before_it_was_opened(self) -> None:
        assert local(self.step("11-23T08:30", "4h").due_at) == "11-23T14:00"  # after the receipt, before its entry

    def test_knows_nothing_of_pauses_that_are_over(self) -> None:
        assert local(self.step("11-23T09:00", "4h").due_at) == "11-23T14:30"

    def test_waits_for_every_hold(self) -> None:
        ledger = (*self.LEDGER[:2], entry("stop", "11-20T10:00"), self.LEDGER[2])
        assert self.step("11-20T15:00", "4h", ledger).due_at is None
        freed = (*ledger, entry("resume", "11-25T10:00"))
        assert local(self.step("11-20T15:00", "4h", freed).due_at) == "11-25T15:30"

    def test_keeps_a_deadline_that_has_passed(self) -> None:
        assert local(self.step("11-19T15:00", "1h").due_at) == "11-19T16:00"
        assert local(first_breach(self.step("11-19T15:00", "1h").history, at("11-20T09:00"))) == "11-19T16:00"

    def test_has_no_deadline_when_it_stops_the_clock_itself(self) -> None:
        assert self.step("11-19T15:00", "3d", stops_clock=True) == ClockState("none")

    def test_counts_a_share_instead_of_its_limit(self) -> None:
        assert local(self.step("11-19T15:00", "1d", self.LEDGER[:1], limit_minutes=31).due_at) == "11-19T15:31"
        assert self.step("11-20T15:00", "1d", self.LEDGER[:2], limit_minutes=31).remaining_minutes == 31

    def test_is_not_lengthened_by_an_extension_of_the_dossier(self) -> None:
        ledger = (*self.LEDGER, entry("extend", "11-23T10:00", "5d"))
        assert self.step("11-19T15:00", "1d", ledger) == self.step("11-19T15:00", "1d")

    def test_goes_on_where_the_dossier_restarts(self) -> None:
        restarted = (*self.LEDGER[:2], replace(self.LEDGER[2], limit=TimeLimit.parse("3d")))
        assert self.step("11-19T15:00", "1d", restarted) == self.step("11-19T15:00", "1d")

    def test_ends_when_it_is_done(self) -> None:
        done = self.step("11-23T09:00", "4h", ended_at=at("11-23T14:31"))
        assert (done.clock, local(done.due_at)) == ("finished", "11-23T14:30")
        assert local(first_breach(done.history, at("11-23T10:00"))) == "11-23T14:30"
        assert self.step("11-20T15:00", "4h", self.LEDGER[:2], ended_at=at("11-20T16:00")).clock == "finished"

    def test_is_not_touched_by_what_its_completion_causes(self) -> None:
        ledger = (start("11-19T14:20", "3d"), entry("stop", "11-20T09:30"))
        done = self.step("11-20T08:00", "4h", ledger, ended_at=at("11-20T09:30"))
        assert local(done.due_at) == "11-20T13:30"

    def test_moves_with_its_own_calendar_alone(self) -> None:
        calendars = {1: version(1), 2: version(2, off("11-25")), 7: version(1, code="land-office")}
        ledger = (start("11-20T14:20", "10d"), entry("calendar", "11-23T08:00", version=2))
        facts = {"opened_at": at("11-20T14:20"), "limit": TimeLimit.parse("3d")}
        assert local(replay_step(ledger, calendars, calendar_version_id=1, **facts).due_at) == "11-27T14:20"  # type: ignore[arg-type]
        assert local(replay_step(ledger, calendars, calendar_version_id=7, **facts).due_at) == "11-26T14:20"  # type: ignore[arg-type]

    def test_pauses_a_timer_on_the_wall_clock(self) -> None:
        assert local(self.step("11-19T15:00", "PT48H").due_at) == "11-24T13:30"  # 29 h 30 min were left

    @given(ledgers())
    def test_is_the_dossiers_own_deadline_for_a_step_as_long_as_the_dossier(self, entries: list[LedgerEntry]) -> None:
        entries = [one for one in entries if one.kind != "extend"]
        first = entries[0]
        assert first.limit is not None
        step = replay_step(
            [one for one in entries if one.kind != "finish"],
            CALENDARS,
            opened_at=first.at,
            limit=first.limit,
            rule=first.rule,
            calendar_version_id=1,
            ended_at=entries[-1].at if entries[-1].kind == "finish" else None,
        )
        if entries[1:] and entries[1].known_at == first.at:
            return  # a stop in the very moment of opening: the step then starts on resume
        assert step == replay(entries, CALENDARS)

"""Timers are rows of ours: they fire in the sweep, at their own moment however late it comes, and stand still with the clock."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from engine.actor import SYSTEM, Actor
from engine.database import Database
from engine.errors import ConflictError
from engine.operations import Subject
from engine.tables import instances, timers
from engine.timelimit import LimitRule, TimeLimit
from processes.dossiers.operations import Accepted
from tests.office import Office, local, open_office

_HEAD = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:eiso:test">"""


def properties(**pairs: str) -> str:
    rows = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in pairs.items())
    return f"<bpmn:extensionElements><camunda:properties>{rows}</camunda:properties></bpmn:extensionElements>"


def task(code: str, limit: str, **more: str) -> str:
    return f'<bpmn:userTask id="{code}" name="{code} Việc {code}">{properties(code=code, limit=limit, **more)}</bpmn:userTask>'


def flow(source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="f_{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


def timer(limit: str) -> str:
    duration = f'<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{limit}</bpmn:timeDuration>'
    return f'<bpmn:timerEventDefinition id="t">{duration}</bpmn:timerEventDefinition>'


def process(name: str, nodes: str, *members: str) -> bytes:
    refs = "".join(f"<bpmn:flowNodeRef>{member}</bpmn:flowNodeRef>" for member in members)
    lane = f'<bpmn:lane id="l_{name}" name="Một cửa">{properties(role="intake_officer", unit="counter")}{refs}</bpmn:lane>'
    inside = f'<bpmn:laneSet id="ls_{name}">{lane}</bpmn:laneSet>{nodes}'
    return f'{_HEAD}<bpmn:process id="{name}" name="Thử {name}" isExecutable="true">{inside}</bpmn:process></bpmn:definitions>'.encode()


def ways(*codes: str) -> str:
    """Flows from each element to the next."""
    return "".join(flow(source, target) for source, target in pairwise(codes))


def with_boundary(step_limit: str, timer_limit: str, *, interrupting: bool) -> bytes:
    kind = f'attachedToRef="B1" cancelActivity="{str(interrupting).lower()}"'
    boundary = f'<bpmn:boundaryEvent id="late" {kind}>{timer(timer_limit)}</bpmn:boundaryEvent>'
    ends = '<bpmn:endEvent id="done"/><bpmn:endEvent id="over"/>'
    nodes = '<bpmn:startEvent id="go"/>' + task("B1", step_limit) + boundary + task("B2", "4h") + ends
    return process("reminder", nodes + ways("go", "B1", "done") + ways("late", "B2", "over"), "go", "B1", "late", "B2", "done", "over")


def with_wait(limit: str) -> bytes:
    wait = f'<bpmn:intermediateCatchEvent id="wait">{timer(limit)}</bpmn:intermediateCatchEvent>'
    order = ("go", "B1", "wait", "B2", "done")
    nodes = '<bpmn:startEvent id="go"/>' + task("B1", "1h") + wait + task("B2", "1h") + '<bpmn:endEvent id="done"/>'
    return process("posting", nodes + ways(*order), *order)


@dataclass
class Trial:
    """A model of ours run on a subject of no area, so that only the engine is tried."""

    office: Office

    def start(self, *sources: bytes, limit: str = "10d") -> Accepted:
        engine, commune = self.office.areas.engine, self.office.commune
        files = {f"model{index}.bpmn": source for index, source in enumerate(sources)}
        with self.office.database.writing() as connection:
            definition_id = engine.definitions.publish(connection, sources=files, actor=SYSTEM)
            moved = engine.start(
                connection,
                definition_id=definition_id,
                subject=Subject("trial", commune.ids.next(), "TH-1", "Thử mô hình", "Lường Văn Đạt"),
                agency_id=commune.agency_id,
                field="Chứng thực",
                limit=TimeLimit.parse(limit),
                rule=LimitRule.ELAPSED,
                actor=self.office.actor("nang.hoang"),
                variables={"variant": "", "channel": "direct"},
            )
        return Accepted(0, "TH-1", moved.instance["id"], moved.instance["due_at"], [step["id"] for step in moved.opened])

    def suspend(self, connection: Connection, started: Accepted, actor: Actor) -> None:
        engine = self.office.areas.engine
        engine.suspend(connection, instance_id=started.instance_id, actor=actor, reason="supplement", reference="1/HDHS")

    def timers(self) -> list[dict[str, Any]]:
        with self.office.database.reading() as connection:
            return [dict(row) for row in connection.execute(select(timers).order_by(timers.c.id)).mappings()]

    def codes(self, started: Accepted) -> list[tuple[str, str]]:
        return [(step["code"], step["status"]) for step in self.office.steps(started)]


@pytest.fixture
def trial(database: Database) -> Trial:
    return Trial(open_office(database).at("2026-11-20T08:00"))


class TestBoundaryTimer:
    def test_waits_as_a_row_in_working_time(self, trial: Trial) -> None:
        trial.start(with_boundary("2d", "1d", interrupting=True))
        (row,) = trial.timers()
        assert (row["status"], row["fire_at"]) == ("waiting", local("2026-11-23T08:00"))

    def test_that_interrupts_cancels_the_step_and_opens_what_follows(self, trial: Trial) -> None:
        started = trial.start(with_boundary("2d", "4h", interrupting=True))
        assert trial.office.at("2026-11-20T13:29").sweep().timers_fired == 0
        assert trial.office.at("2026-11-20T13:30").sweep().timers_fired == 1
        assert trial.codes(started) == [("B1", "cancelled"), ("B2", "open")]
        assert trial.timers()[0]["status"] == "fired"

    def test_that_does_not_interrupt_leaves_the_step_with_its_handler(self, trial: Trial) -> None:
        started = trial.start(with_boundary("2d", "4h", interrupting=False))
        trial.office.claim(started, "nang.hoang")
        trial.office.at("2026-11-20T14:00").sweep()
        assert trial.codes(started) == [("B1", "claimed"), ("B2", "open")]
        trial.office.complete(started, "nang.hoang", "B1")
        trial.office.complete(started, "nang.hoang", "B2")
        assert trial.office.instance(started)["status"] == "completed"

    def test_dies_with_its_step(self, trial: Trial) -> None:
        started = trial.start(with_boundary("2d", "4h", interrupting=True))
        trial.office.complete(started, "nang.hoang")
        assert trial.timers()[0]["status"] == "cancelled"
        assert trial.office.at("2026-11-24T09:00").sweep().timers_fired == 0

    def test_records_the_breach_of_the_step_that_it_cancels(self, trial: Trial) -> None:
        started = trial.start(with_boundary("2h", "4h", interrupting=True))
        swept = trial.office.at("2026-11-27T08:00").sweep()  # a week of downtime
        first = trial.office.steps(started)[0]
        assert (first["status"], first["done_at"]) == ("cancelled", local("2026-11-20T13:30"))
        assert first["breached_at"] == local("2026-11-20T10:00")
        assert (swept.timers_fired, swept.steps_overdue) == (1, 1)
        assert [row["source"] for row in trial.office.nonconformities()] == ["TH-1/B1/1"]

    def test_that_fired_before_the_deadline_spares_the_step_however_late_it_is_found(self, trial: Trial) -> None:
        started = trial.start(with_boundary("1d", "4h", interrupting=True))
        swept = trial.office.at("2026-11-27T08:00").sweep()
        first, second = trial.office.steps(started)
        assert (first["breached_at"], first["done_at"]) == (None, local("2026-11-20T13:30"))
        assert (second["opened_at"], second["due_at"]) == (
            local("2026-11-27T08:00"),
            local("2026-11-27T13:30"),
        )  # given when it could be seen
        assert swept.steps_overdue == 0

    def test_fires_before_the_officer_who_comes_later_than_the_timer(self, trial: Trial) -> None:
        started = trial.start(with_boundary("1d", "4h", interrupting=True))
        trial.office.at("2026-11-23T10:00")  # no sweep has run since the step's own deadline
        with pytest.raises(ConflictError) as refused:
            trial.office.complete(started, "nang.hoang", late_reason="workload")
        assert refused.value.code == "step_cancelled"
        assert trial.office.sweep().steps_overdue == 0  # as it would have been found by a sweep in time
        assert trial.codes(started) == [("B1", "cancelled"), ("B2", "open")]

    def test_that_does_not_interrupt_fires_first_and_the_officer_goes_on(self, trial: Trial) -> None:
        started = trial.start(with_boundary("2d", "4h", interrupting=False))
        trial.office.at("2026-11-20T15:00").complete(started, "nang.hoang")
        assert trial.codes(started) == [("B1", "completed"), ("B2", "open")]
        assert trial.timers()[0]["status"] == "fired"

    def test_fires_before_a_supplement_stops_the_clock(self, trial: Trial) -> None:
        started = trial.start(with_boundary("2d", "4h", interrupting=True))
        actor = trial.office.at("2026-11-20T15:00").actor("nang.hoang")
        with trial.office.database.writing() as connection:
            trial.suspend(connection, started, actor)
        assert trial.codes(started) == [("B1", "cancelled"), ("B2", "open")]
        assert trial.office.steps(started)[1]["due_at"] is None

    def test_found_by_a_sweep_of_an_earlier_moment_opens_steps_that_people_get_now(self, trial: Trial) -> None:
        started = trial.start(with_boundary("2d", "4h", interrupting=True))
        trial.office.at("2026-11-23T09:00").sweep("2026-11-20T14:00")
        assert trial.office.steps(started)[1]["opened_at"] == local("2026-11-23T09:00")


class TestIntermediateTimer:
    def test_holds_the_way_until_its_moment(self, trial: Trial) -> None:
        started = trial.start(with_wait("3d"))
        trial.office.at("2026-11-20T09:00").complete(started, "nang.hoang")
        assert trial.codes(started) == [("B1", "completed")]
        trial.office.at("2026-11-26T08:59").sweep()
        assert trial.codes(started) == [("B1", "completed")]
        trial.office.at("2026-11-26T09:00").sweep()  # 24/11 is a day off
        assert trial.codes(started) == [("B1", "completed"), ("B2", "open")]

    def test_runs_on_the_wall_clock_when_it_is_a_duration(self, trial: Trial) -> None:
        started = trial.start(with_wait("PT48H"))
        trial.office.at("2026-11-20T09:00").complete(started, "nang.hoang")
        assert trial.timers()[0]["fire_at"] == local("2026-11-22T09:00")

    def test_stands_still_while_the_clock_is_stopped(self, trial: Trial) -> None:
        started = trial.start(with_wait("8h"))
        trial.office.at("2026-11-20T09:00").complete(started, "nang.hoang")
        actor = trial.office.at("2026-11-20T10:00").actor("nang.hoang")
        with trial.office.database.writing() as connection:
            trial.suspend(connection, started, actor)
        assert (trial.timers()[0]["fire_at"], trial.timers()[0]["remaining_minutes"]) == (None, 420)
        assert trial.office.at("2026-12-01T08:00").sweep().timers_fired == 0
        actor = trial.office.actor("nang.hoang")
        with trial.office.database.writing() as connection:
            trial.office.areas.engine.resume(
                connection, instance_id=started.instance_id, actor=actor, effective_at=local("2026-12-01T07:30"), reference="1"
            )
        assert trial.timers()[0]["fire_at"] == local("2026-12-01T16:00")


class TestPoison:
    def test_one_broken_instance_is_parked_and_the_others_are_swept(self, trial: Trial) -> None:
        broken, whole = trial.office.accept(), trial.office.accept()
        with trial.office.database.writing() as connection:
            spoilt = update(instances).where(instances.c.id == broken.instance_id).values(trace_seq=0, trace_head=None)
            connection.execute(spoilt)  # its next entry would fork the chain, which the database refuses
        swept = trial.office.at("2026-11-20T10:30").sweep()
        parked = trial.office.instance(broken)
        assert (swept.parked, swept.steps_overdue) == (1, 1)
        assert parked["parked_at"] is not None
        assert parked["parked_error"]
        assert [row["source"][-9:] for row in trial.office.nonconformities()] == ["0002/B1/1"]
        assert trial.office.later(seconds=30).sweep().parked == 0  # not before its turn
        assert whole.code != broken.code


class TestCallActivity:
    def test_steps_of_the_called_process_stand_on_the_same_slip(self, trial: Trial) -> None:
        call = '<bpmn:callActivity id="check" name="Thẩm tra" calledElement="check_papers"/>'
        nodes = '<bpmn:startEvent id="go"/>' + task("B1", "1h") + call + task("B4", "1h") + '<bpmn:endEvent id="done"/>'
        order, inner_order = ("go", "B1", "check", "B4", "done"), ("go2", "B2", "B3", "done2")
        main = process("caller", nodes + ways(*order), *order)
        inner = '<bpmn:startEvent id="go2"/>' + task("B2", "2h") + task("B3", "2h") + '<bpmn:endEvent id="done2"/>'
        called = process("check_papers", inner + ways(*inner_order), *inner_order)
        started = trial.start(main, called)
        for _ in range(4):
            trial.office.later(minutes=10).complete(started, "nang.hoang")
        assert [code for code, _ in trial.codes(started)] == ["B1", "B2", "B3", "B4"]
        assert trial.office.instance(started)["status"] == "completed"

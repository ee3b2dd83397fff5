"""Builds the engine and the areas, once; the only place where one area hears another's events."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from engine.clock import Clock, SystemClock
from engine.definitions import Definitions
from engine.events import (
    DeadlineMoved,
    InstanceBreached,
    InstanceEnded,
    StatusReached,
    StepBreached,
    StepCancelled,
    StepCompleted,
    Subscribers,
)
from engine.ids import Ids, TimeOrderedIds
from engine.operations import Engine
from engine.performers import Calendars
from engine.progress import FINISHED
from processes.dossiers import following
from processes.dossiers.evidence import breach_evidence
from processes.dossiers.operations import Dossiers
from processes.organisation.calendars import PublishedCalendars
from processes.organisation.performers import OrganisationPerformers
from processes.quality.operations import Correction, Quality, Raised


@dataclass(frozen=True, slots=True)
class Areas:
    """Everything that can be asked to act."""

    engine: Engine
    dossiers: Dossiers
    quality: Quality
    calendars: Calendars


def build(*, clock: Clock | None = None, ids: Ids | None = None) -> Areas:
    """Build the engine with its areas; hand in a clock and ids to run at another time."""
    clock, ids = clock or SystemClock(), ids or TimeOrderedIds()
    calendars, subscribers = PublishedCalendars(), Subscribers()
    engine = Engine(
        clock=clock,
        ids=ids,
        calendars=calendars,
        performers=OrganisationPerformers(),
        subscribers=subscribers,
        definitions=Definitions(clock=clock, ids=ids),
    )
    quality = Quality(clock=clock, ids=ids)
    _connect(subscribers, quality, calendars)
    return Areas(engine, Dossiers(engine), quality, calendars)


def _connect(subscribers: Subscribers, quality: Quality, calendars: Calendars) -> None:
    """Who hears what. Breaches come first: what ends a step corrects the nonconformity that its lateness raised."""

    def raise_for_steps(connection: Connection, events: Sequence[StepBreached]) -> None:
        evidence = breach_evidence(connection, calendars, events)
        quality.raise_nonconformities(
            connection, [_of_step(event, facts) for event, facts in zip(events, evidence, strict=True)], events[0].actor
        )

    def raise_for_instances(connection: Connection, events: Sequence[InstanceBreached]) -> None:
        evidence = breach_evidence(connection, calendars, events)
        quality.raise_nonconformities(
            connection, [_of_instance(event, facts) for event, facts in zip(events, evidence, strict=True)], events[0].actor
        )

    def correct_completed(connection: Connection, events: Sequence[StepCompleted]) -> None:
        ended = [
            Correction(event.step_id, event.subject.instance_id, event.late_reason, event.note) for event in events if event.was_breached
        ]
        quality.correct(connection, ended, events[0].actor)

    def correct_cancelled(connection: Connection, events: Sequence[StepCancelled]) -> None:
        ended = [Correction(event.step_id, event.subject.instance_id, None, event.note) for event in events if event.was_breached]
        quality.correct(connection, ended, events[0].actor)

    def correct_finished(connection: Connection, events: Sequence[StatusReached]) -> None:
        finished = [
            Correction(None, event.subject.instance_id, None, None) for event in events if event.was_breached and event.status == FINISHED
        ]
        quality.correct(connection, finished, events[0].actor)

    def correct_ended(connection: Connection, events: Sequence[InstanceEnded]) -> None:
        quality.correct(
            connection, [Correction(None, event.subject.instance_id, None, None) for event in events if event.was_breached], events[0].actor
        )

    subscribers.on(StepBreached, raise_for_steps)
    subscribers.on(InstanceBreached, raise_for_instances)
    subscribers.on(StepCompleted, correct_completed)
    subscribers.on(StepCancelled, correct_cancelled)
    subscribers.on(StatusReached, correct_finished)
    subscribers.on(InstanceEnded, correct_ended)
    subscribers.on(StatusReached, following.apply_statuses)
    subscribers.on(DeadlineMoved, following.move_appointments)


def _of_step(event: StepBreached, evidence: dict[str, object]) -> Raised:
    return Raised(
        agency_id=event.agency_id,
        kind="step_overdue",
        source=f"{event.subject.code}/{event.step_code}/{event.step_pass}",
        title=f"{event.step_code} {event.step_name} quá hạn",
        subject_code=event.subject.code,
        procedure_name=event.subject.title,
        instance_id=event.subject.instance_id,
        step_id=event.step_id,
        step_code=event.step_code,
        unit_id=event.unit_id,
        handler_id=event.handler_id,
        external_provider=event.external,
        origin=event.subject.origin,
        occurred_at=event.breached_at,
        raised_at=event.at,
        evidence=evidence,
    )


def _of_instance(event: InstanceBreached, evidence: dict[str, object]) -> Raised:
    return Raised(
        agency_id=event.subject.agency_id,
        kind="dossier_overdue",
        source=event.subject.code,
        title="Hồ sơ quá hạn trả kết quả",
        subject_code=event.subject.code,
        procedure_name=event.subject.title,
        instance_id=event.subject.instance_id,
        step_id=None,
        step_code=None,
        unit_id=None,
        handler_id=None,
        external_provider=None,
        origin=event.subject.origin,
        occurred_at=event.breached_at,
        raised_at=event.at,
        evidence=evidence,
    )

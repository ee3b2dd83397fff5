"""The examination: every instance passes once under the checks of lives, then come the checks of whole tables."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from engine.definitions import Definitions
from engine.errors import EngineError
from engine.performers import Calendars
from engine.queries import last_sweep
from processes.doctor import breaches, clocks, dossiers, immutable, numbers, running, traces
from processes.doctor.lives import Circumstances, Life, lives
from processes.doctor.report import Finding, Report

_BEFORE_ANY_SWEEP = datetime.min.replace(tzinfo=UTC)

LifeCheck = Callable[[Life, Finding], None]
TableCheck = Callable[[Connection, Finding], None]

OF_LIVES: Mapping[str, LifeCheck] = {
    "breaches.steps": clocks.step_breaches,
    "breaches.dossiers": clocks.dossier_breaches,
    "nonconformities.of_breaches": breaches.every_breach_has_its_nonconformity,
    "breaches.of_nonconformities": breaches.every_nonconformity_has_its_breach,
    "clock.ledger": clocks.ledgers,
    "clock.instances": clocks.instance_clocks,
    "clock.steps": clocks.step_clocks,
    "clock.timers": clocks.timers,
    "running.waiting": running.waiting,
    "running.passes": running.passes,
    "running.limits": running.limits,
    "running.steps": running.steps_in_order,
    "dossiers.status": dossiers.statuses,
    "dossiers.moments": dossiers.moments,
    "dossiers.appointment": dossiers.appointments,
    "dossiers.supplements": dossiers.supplements,
    "trace.instances": traces.entries_of_instances,
}
OF_TABLES: Mapping[str, TableCheck] = {
    "nonconformities.stray": breaches.stray_nonconformities,
    "dossiers.filed": dossiers.filed,
    "numbers.dossiers": numbers.dossier_codes,
    "numbers.register": numbers.register_numbers,
    "numbers.forms": numbers.form_numbers,
    "numbers.nonconformities": numbers.nonconformity_numbers,
    "trace.heads": traces.heads,
    "trace.nonconformities": traces.entries_of_nonconformities,
    "trace.filings": traces.entries_of_filings,
    "trace.gone": traces.entries_without_rows,
    "definitions.models": immutable.models,
    "definitions.calendars": immutable.calendars,
}


def examine(
    connection: Connection,
    *,
    calendars: Calendars,
    definitions: Definitions,
    now: datetime,
    at: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Recompute every invariant. The connection must stand at the beginning of its transaction, so that all is seen at one moment.

    at: judge breaches as of this moment instead of that of the last sweep. calendars and definitions should be fresh: what they keep
    is not read again. `progress` is told the number of instances examined so far, now and then.
    """
    _see_one_moment(connection)
    beat = last_sweep(connection)
    as_of = at or (beat["at"] if beat is not None else None)
    latest = max(moment for moment in (now, as_of, beat["at"] if beat is not None else None) if moment is not None)
    about = Circumstances(connection, calendars, definitions, as_of=as_of or _BEFORE_ANY_SWEEP, until=latest)
    findings = [*_examine_lives(about, progress), *_examine_tables(connection)]
    return Report(as_of, tuple(finding.check() for finding in findings))


def _see_one_moment(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("set transaction isolation level repeatable read, read only"))
    else:
        connection.execute(text("select 1"))


def _examine_lives(about: Circumstances, progress: Callable[[int], None] | None) -> list[Finding]:
    findings = {name: Finding(name) for name in OF_LIVES}
    for number, life in enumerate(lives(about), 1):
        for name, check in OF_LIVES.items():
            try:
                check(life, findings[name])
            except EngineError as error:  # a ledger, a limit or a state that cannot even be read
                findings[name].fault(life.code, error.message)
        if progress is not None and number % 100 == 0:
            progress(number)
    return list(findings.values())


def _examine_tables(connection: Connection) -> list[Finding]:
    findings = []
    for name, check in OF_TABLES.items():
        finding = Finding(name)
        try:
            check(connection, finding)
        except EngineError as error:
            finding.fault(name, error.message)
        findings.append(finding)
    return findings

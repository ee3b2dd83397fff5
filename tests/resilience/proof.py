"""What must hold of a database at any moment, whoever has just died in the middle of what."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from engine.clock import Clock
from engine.database import Database
from engine.definitions import Definitions
from engine.ids import TimeOrderedIds
from engine.tables import instances, steps
from engine.trace.verification import verify
from processes.doctor.examination import examine
from processes.dossiers.models import dossiers, supplement_requests
from processes.organisation.calendars import PublishedCalendars
from processes.quality.models import nonconformities

_DONE = re.compile(r"^complete (\w+)/(\d+) of (\d+)$")
_DOSSIER = re.compile(r"^(accept|refuse|withdraw|return_result|request_supplement|receive_supplement) (\S+)")
_ENDED = {"refuse": 3, "withdraw": 7, "return_result": 10}


def faults(database: Database, clock: Clock, *, at: datetime | None = None) -> Iterator[str]:
    """Every invariant that does not hold: the doctor's, the trace's, breaches and nonconformities one to one, nobody parked.

    at: judge breaches as of this moment instead of that of the last sweep.
    """
    with database.reading() as connection:
        definitions = Definitions(clock=clock, ids=TimeOrderedIds())
        report = examine(connection, calendars=PublishedCalendars(), definitions=definitions, now=clock.now(), at=at)
        yield from (f"{check.name}: {check.detail}" for check in report.checks if not check.ok)
    with database.reading() as connection:
        trace = verify(connection)
        if not trace.ok:
            yield f"trace: {trace.first_fault}"
    with database.reading() as connection:
        yield from _counted(connection)


def _counted(connection: Connection) -> Iterator[str]:
    breached, raised, parked = connection.execute(
        select(
            select(func.count()).select_from(steps).where(steps.c.breached_at.is_not(None)).scalar_subquery()
            + select(func.count()).select_from(instances).where(instances.c.breached_at.is_not(None)).scalar_subquery(),
            select(func.count()).select_from(nonconformities).scalar_subquery(),
            select(func.count()).select_from(instances).where(instances.c.parked_at.is_not(None)).scalar_subquery(),
        )
    ).one()
    if breached != raised:
        yield f"one to one: {breached} breaches, {raised} nonconformities"
    if parked:
        yield f"{parked} instances are parked"


def lost(database: Database, told: Iterable[str]) -> Iterator[str]:
    """What workers were told was committed and is not there, or was told to two of them."""
    done: Counter[tuple[str, ...]] = Counter()
    verbs: Counter[tuple[str, str]] = Counter()
    for line in told:
        if step := _DONE.match(line):
            done[step.groups()] += 1
        elif dossier := _DOSSIER.match(line):
            verbs[dossier[1], dossier[2]] += 1
    with database.reading() as connection:
        yield from _lost_steps(connection, done)
        yield from _lost_verbs(connection, verbs)


def _lost_steps(connection: Connection, done: Counter[tuple[str, ...]]) -> Iterator[str]:
    query = select(steps.c.code, steps.c["pass"], steps.c.instance_id).where(steps.c.status == "completed")
    there = {(row[0], str(row[1]), str(row[2])) for row in connection.execute(query)}
    for step, times in done.items():
        if step not in there:
            yield f"lost: {step} was completed, and is not"
        if times > 1:
            yield f"doubled: {step} was completed {times} times"


def _lost_verbs(connection: Connection, verbs: Counter[tuple[str, str]]) -> Iterator[str]:
    status = {row.code: row.status for row in connection.execute(select(dossiers.c.code, dossiers.c.status))}
    requests, receipts = Counter[str](), Counter[str]()
    columns = supplement_requests.c
    query = select(dossiers.c.code, columns.received_at).join(dossiers, dossiers.c.id == columns.dossier_id)
    for code, received_at in connection.execute(query):
        requests[code] += 1
        receipts[code] += received_at is not None
    for (verb, code), times in verbs.items():
        if code not in status:
            yield f"lost: dossier {code} ({verb})"
        elif verb in _ENDED and status[code] != _ENDED[verb]:
            yield f"lost: {verb} of {code}, which has status {status[code]}"
        elif (verb == "request_supplement" and requests[code] < times) or (verb == "receive_supplement" and receipts[code] < times):
            yield f"lost: {verb} of {code}"


def breaches(connection: Connection) -> Counter[str]:
    """How many nonconformities of each kind there are."""
    query = select(nonconformities.c.kind, func.count()).group_by(nonconformities.c.kind)
    return Counter({kind: count for kind, count in connection.execute(query)})

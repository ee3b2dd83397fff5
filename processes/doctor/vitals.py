"""How the installation is doing at a glance: what health checks and metrics ask for, in a few statements that stay cheap."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from engine.clock import minute
from engine.queries import OPEN, last_sweep
from engine.tables import instances, steps


@dataclass(frozen=True, slots=True)
class Vitals:
    """The last sweep by the machine's own clock, and what is waiting.

    Unit: swept_seconds_ago in seconds of real time; None when no sweep has ever run.
    """

    swept_at: datetime | None  # the moment that it acted for
    swept_seconds_ago: float | None
    parked: int
    parked_since: datetime | None
    open_steps: int
    overdue_steps: int
    overdue_dossiers: int


def vitals(connection: Connection, *, now: datetime, recorded_now: datetime) -> Vitals:
    """Look once. Overdue is what is open past its deadline at this moment, swept or not."""
    beat = last_sweep(connection)
    late = minute(now)
    parked = connection.execute(select(func.count(), func.min(instances.c.parked_at)).where(instances.c.parked_at.is_not(None))).one()
    overdue = func.count().filter(steps.c.due_at < late)
    open_steps = connection.execute(select(func.count(), overdue).select_from(steps).where(steps.c.status.in_(OPEN))).one()
    overdue_dossiers = connection.execute(
        select(func.count()).select_from(instances).where(instances.c.clock.in_(("running", "stopped")), instances.c.due_at < late)
    ).scalar_one()
    return Vitals(
        swept_at=beat["at"] if beat is not None else None,
        swept_seconds_ago=(recorded_now - beat["recorded_at"]).total_seconds() if beat is not None else None,
        parked=int(parked[0]),
        parked_since=parked[1],
        open_steps=int(open_steps[0]),
        overdue_steps=int(open_steps[1]),
        overdue_dossiers=int(overdue_dossiers),
    )

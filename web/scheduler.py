"""The door to APScheduler: what has to happen by itself, at the office's own pace, whoever is logged in."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from engine.clock import SystemClock
from engine.database import Database
from engine.sweep import sweep
from engine.trace.sequencing import BATCH, sequence
from processes.organisation.sessions import forget_ended
from processes.wiring import Areas

SWEEP_EVERY = timedelta(seconds=30)
SEQUENCE_EVERY = timedelta(minutes=1)
FORGET_EVERY = timedelta(minutes=15)

_log = logging.getLogger("eiso.scheduler")


class Scheduler:
    """Sweeps, numbers the leaves of the trace, and forgets sessions that have ended, in threads of its own.

    There is no leader: any number of schedulers may run beside each other, since sweeps skip what others have locked and the
    sequencer waits its turn. A job that fails leaves a line in the log and runs again at its next time.
    """

    def __init__(self, database: Database, areas: Areas, *, sweep_every: timedelta = SWEEP_EVERY) -> None:
        self._database = database
        self._areas = areas
        self._sweep_every = sweep_every
        self._jobs: Any = None

    def start(self) -> None:
        """Begin; each job runs at once, then at its pace. One that is still running is not started a second time."""
        now = SystemClock().now()
        self._jobs = BackgroundScheduler(timezone="UTC", job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None})
        for job, every in ((self.sweep, self._sweep_every), (self.sequence, SEQUENCE_EVERY), (self.forget, FORGET_EVERY)):
            surviving = _surviving(job.__name__, job)
            self._jobs.add_job(surviving, "interval", seconds=every.total_seconds(), next_run_time=now, id=job.__name__)
        self._jobs.start()

    def stop(self) -> None:
        """Let the jobs that are running come to their end, and start no more."""
        if self._jobs is not None:
            self._jobs.shutdown(wait=True)
            self._jobs = None

    def sweep(self) -> None:
        """Fire what is due and record what is overdue."""
        swept = sweep(self._database, self._areas.engine)
        if swept.nonconformities_raised or swept.timers_fired:
            _log.info("swept: %d nonconformities raised, %d timers fired", swept.nonconformities_raised, swept.timers_fired)
        for error in swept.errors:
            _log.error("swept: parked instance %s", error)

    def sequence(self) -> None:
        """Give leaf numbers to all entries of the trace that have none, in transactions of bounded size."""
        numbered = BATCH
        while numbered == BATCH:
            with self._database.writing() as connection:
                numbered = sequence(connection)

    def forget(self) -> None:
        """Delete sessions that have ended."""
        with self._database.writing() as connection:
            forget_ended(connection, now=self._areas.engine.clock.now())


def _surviving(name: str, job: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            job()
        except Exception:  # noqa: BLE001  # whatever it was, the next run may go well; the log says what it was
            _log.exception("%s failed and is tried again at its next time", name)

    return run

"""The sweep's rounds, one every quarter of an hour of virtual time."""

from datetime import UTC, datetime, timedelta

from engine.sweep import Swept, sweep
from processes.simulation.queries import next_due
from processes.simulation.stage import Stage

EVERY = timedelta(minutes=15)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Rounds:
    """Sweeps at every quarter of an hour.

    A round in which nothing can be due is not made: it would change nothing but the heartbeat, which the next one that is made sets.
    """

    def __init__(self, stage: Stage) -> None:
        self.count = 0  # rounds that came, made or not
        self.parked = 0
        self.errors: list[str] = []
        self._stage = stage
        self._next = _EPOCH + -((_EPOCH - stage.now) // EVERY) * EVERY
        self._due: datetime | None = None

    def until(self, moment: datetime) -> bool:
        """Make every round that comes up to a moment; whether a timer fired in one of them."""
        has_fired = False
        while self._next <= moment:
            if self._stage.is_touched:
                self._ask()
            found_at = self._first_round_from(self._due) if self._due is not None else None
            if found_at is None or found_at > moment:
                self._skip_to(self._first_round_from(moment + timedelta(microseconds=1)))
                break
            self._skip_to(found_at)
            has_fired |= self.sweep(found_at).timers_fired > 0
            self._skip_to(found_at + EVERY)
        return has_fired

    def sweep(self, moment: datetime) -> Swept:
        """Sweep at a moment."""
        self._stage.clock.move_to(moment)
        swept = sweep(self._stage.database, self._stage.engine)
        self._stage.is_touched = True
        self.parked += swept.parked
        self.errors += swept.errors
        return swept

    def _ask(self) -> None:
        with self._stage.database.reading() as connection:
            self._due = next_due(connection)
        self._stage.is_touched = False

    def _first_round_from(self, moment: datetime) -> datetime:
        """The first quarter of an hour not before a moment, nor before the next round."""
        return max(self._next, _EPOCH + -((_EPOCH - moment) // EVERY) * EVERY)

    def _skip_to(self, moment: datetime) -> None:
        self.count += (moment - self._next) // EVERY
        self._next = moment

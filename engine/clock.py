"""The only place that tells the time."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the moment at which things happen, and the moment at which they are written down."""

    def now(self) -> datetime:
        """The moment of acting, aware, in UTC; virtual in simulations and tests."""
        ...

    def recorded_now(self) -> datetime:
        """The true moment of writing, aware, in UTC; never virtual."""
        ...


class SystemClock:
    """Tells the machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def recorded_now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """Stands still until it is moved; recorded_now() stays true."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        return self._moment

    def recorded_now(self) -> datetime:
        return datetime.now(UTC)

    def move_to(self, moment: datetime) -> None:
        self._moment = moment.astimezone(UTC)


def minute(moment: datetime) -> datetime:
    """The whole minute in which a moment lies (starts and lateness are judged by it)."""
    return moment.replace(second=0, microsecond=0)

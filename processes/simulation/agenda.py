"""What is to happen, in the order of its moments; of two things at one moment the one noted first comes first. Pure."""

import heapq
from collections.abc import Callable
from datetime import datetime

Action = Callable[[], None]


class Agenda:
    """Actions by their moments."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int, Action]] = []
        self._noted = 0

    def at(self, moment: datetime, action: Action) -> None:
        """Note that something happens at a moment."""
        self._noted += 1
        heapq.heappush(self._entries, (moment, self._noted, action))

    def next_until(self, end: datetime) -> tuple[datetime, Action] | None:
        """Take what happens next, unless it lies after the end."""
        if not self._entries or self._entries[0][0] > end:
            return None
        moment, _, action = heapq.heappop(self._entries)
        return moment, action

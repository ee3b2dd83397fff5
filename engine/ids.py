"""Time-ordered 64-bit ids, made without asking the database.

Layout: 41 bits milliseconds since 2025, 11 bits node, 11 bits sequence. The node is drawn at random for each process, so
two processes can, rarely, share one and then make the same id in the same millisecond; the primary key refuses the second row and
its whole operation rolls back, to be tried again. That is the accepted cost of having no coordinator.
"""

import os
import secrets
import threading
import time
from typing import Protocol

_EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_SEQUENCE_BITS = 11
_NODE_BITS = 11


class Ids(Protocol):
    """Hands out ids."""

    def next(self) -> int:
        """An id never handed out before, larger than those of earlier milliseconds."""
        ...


class TimeOrderedIds:
    """Ids that sort by the moment of their making; safe between threads and after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = -1
        self._last_ms = 0
        self._sequence = 0
        self._node = 0

    def next(self) -> int:
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._node = secrets.randbits(_NODE_BITS)
            now_ms = time.time_ns() // 1_000_000 - _EPOCH_MS
            if now_ms > self._last_ms:
                self._last_ms, self._sequence = now_ms, 0
            else:  # same millisecond, or the machine's clock stepped back: keep counting upward
                self._sequence += 1
                if self._sequence >> _SEQUENCE_BITS:
                    self._last_ms, self._sequence = self._last_ms + 1, 0
            return (self._last_ms << (_NODE_BITS + _SEQUENCE_BITS)) | (self._node << _SEQUENCE_BITS) | self._sequence

    def redraw(self) -> None:
        """Take another node: processes that know of each other need not share one by chance."""
        with self._lock:
            self._node = secrets.randbits(_NODE_BITS)

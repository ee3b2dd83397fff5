"""The entries of a legal clock's ledger, and the clock that they move, in one calendar."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from engine.clock import minute
from engine.errors import InvalidError
from engine.moving import Deadline, after_pause, begin, lengthen
from engine.timelimit import LimitRule, TimeLimit, is_late
from engine.worktime import WorkingCalendar

EntryKind = Literal["start", "stop", "resume", "extend", "calendar", "finish", "close"]
ClockStatus = Literal["none", "running", "stopped", "finished"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the ledger.

    at: when it takes effect; entered_at: when it was entered, if later (a resume takes effect at the receipt of the answer).
    limit: of a start, of an extend (the length added), and of a resume that restarts the limit instead of going on.
    calendar_version_id: read on start and calendar entries.
    limit_minutes: overrides the limit of a start (a same-day share).
    """

    kind: EntryKind
    at: datetime
    calendar_version_id: int = 0
    limit: TimeLimit | None = None
    rule: LimitRule = LimitRule.ELAPSED
    reason: str | None = None
    reference: str | None = None
    entered_at: datetime | None = None
    limit_minutes: int | None = None

    @staticmethod
    def read(row: Mapping[str, Any]) -> "LedgerEntry":
        """Make an entry from a row of clock_entries."""
        return LedgerEntry(
            kind=row["kind"],
            at=row["at"],
            calendar_version_id=row["calendar_version_id"],
            limit=TimeLimit.parse(row["limit_text"]) if row["limit_text"] else None,
            rule=LimitRule(row["limit_rule"] or LimitRule.ELAPSED),
            reason=row["reason"],
            reference=row["reference"],
            entered_at=row["entered_at"],
        )

    @property
    def known_at(self) -> datetime:
        """When the office's records began to show it."""
        return self.entered_at or self.at


@dataclass(slots=True)
class RunningClock:
    """The clock as its entries move it. Calendar entries are not its business: it counts in one calendar from start to end."""

    calendar: WorkingCalendar
    status: ClockStatus = "none"
    deadline: Deadline | None = None
    stopped_at: datetime | None = None
    _holds: int = 0  # stops not yet resumed: a drawn wait and a supplement may overlap, and the pause is counted once
    _released_at: datetime | None = None
    _closed_at: datetime | None = None  # closed before its time, so that it can be reopened
    _extensions: list[TimeLimit] = field(default_factory=list)

    def apply(self, entry: LedgerEntry) -> None:
        """Take one entry into account.

        Raises: InvalidError (ledger_invalid) for an entry that cannot follow the ones before.
        """
        match entry.kind:
            case "start":
                self._start(entry)
            case "stop":
                self._stop(entry)
            case "resume":
                self._resume(entry)
            case "extend":
                self._extend(entry)
            case "finish":
                self.status = "finished"
            case "close":
                self._closed_at = None if self.status == "finished" else minute(entry.at)
                self.status = "finished"

    @property
    def is_passed(self) -> bool:
        """Whether the deadline had passed when the clock stopped; then no pause moves it, its breach is settled."""
        return self.stopped_at is not None and self.deadline is not None and is_late(self.deadline.due_at, self.stopped_at)

    @property
    def in_force(self) -> datetime | None:
        """The deadline that can be missed, or was; None while what is left of it is held."""
        if self.deadline is None or (self.stopped_at is not None and not self.is_passed):
            return None
        return self.deadline.due_at

    def _start(self, entry: LedgerEntry) -> None:
        if self.status in ("running", "stopped") or entry.limit is None:
            raise _invalid(entry, "A clock starts once, with a limit.")
        self.deadline = begin(self.calendar, entry.at, entry.limit, entry.rule, entry.limit_minutes)
        self._run()
        self._extensions = []

    def _stop(self, entry: LedgerEntry) -> None:
        if self.status not in ("running", "stopped"):
            raise _invalid(entry, "Only a running clock can be stopped.")
        if self.status == "running":
            self.status, self.stopped_at = "stopped", minute(entry.at)
        self._holds += 1

    def _resume(self, entry: LedgerEntry) -> None:
        if self.status != "stopped" and self._closed_at is None:
            raise _invalid(entry, "Only a stopped clock can be resumed.")
        self.stopped_at = self.stopped_at or self._closed_at
        at = minute(entry.at)
        if self.deadline is None or self.stopped_at is None or at < self.stopped_at:
            raise _invalid(entry, "A clock cannot be resumed before it was stopped.")
        self._released_at = max(at, self._released_at or at)
        self._holds -= 1
        if self._holds > 0 and self._closed_at is None:
            return
        if entry.limit is not None and not self.is_passed:
            self.deadline = self._restarted(entry.limit, entry.rule, self._released_at)
        else:
            self.deadline = after_pause(self.calendar, self.deadline, self.stopped_at, self._released_at)
        self._run()

    def _restarted(self, limit: TimeLimit, rule: LimitRule, at: datetime) -> Deadline:
        """The limit from its beginning; what it was lengthened by stays granted."""
        deadline = begin(self.calendar, at, limit, rule)
        for extension in self._extensions:
            deadline = lengthen(self.calendar, deadline, extension)
        return deadline

    def _run(self) -> None:
        self.status, self._holds = "running", 0
        self.stopped_at = self._released_at = self._closed_at = None

    def _extend(self, entry: LedgerEntry) -> None:
        if self.deadline is None or entry.limit is None:
            raise _invalid(entry, "Only a clock that was started can be extended, by a length.")
        if self.status != "finished":
            self._extensions.append(entry.limit)
            self.deadline = lengthen(self.calendar, self.deadline, entry.limit)


def _invalid(entry: LedgerEntry, message: str) -> InvalidError:
    return InvalidError(message, code="ledger_invalid", kind=entry.kind, at=entry.at)

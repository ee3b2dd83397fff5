"""What a verification found, for people and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any

from engine.trace.entries import Fault

KEPT_FAULTS = 100


@dataclass(slots=True)
class Counted:
    """How much was looked at."""

    entries: int = 0
    loose: int = 0  # of the entries, those on no chain
    chains: int = 0
    values: int = 0
    leaves: int = 0
    unnumbered: int = 0  # entries that the sequencer has not numbered yet; no fault


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found."""

    counted: Counted
    faults: tuple[Fault, ...]  # oldest entry first, absences without an entry last; at most KEPT_FAULTS
    fault_count: int

    @property
    def ok(self) -> bool:
        return self.fault_count == 0

    @property
    def first_fault(self) -> Fault | None:
        return self.faults[0] if self.faults else None

    def as_dict(self) -> dict[str, Any]:
        """The report as `eiso trace verify --json` prints it."""
        first = self.first_fault
        return {
            "ok": self.ok,
            "counted": asdict(self.counted),
            "fault_count": self.fault_count,
            "first_fault": asdict(first) if first else None,
            "faults": [asdict(fault) for fault in self.faults],
        }


@dataclass(slots=True)
class Findings:
    """The report while it is being written."""

    counted: Counted = field(default_factory=Counted)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0

    def add(self, fault: Fault) -> None:
        self.fault_count += 1
        if len(self.faults) < KEPT_FAULTS:
            self.faults.append(fault)

    def report(self) -> Report:
        ordered = sorted(self.faults, key=lambda fault: (fault.entry_id is None, fault.entry_id or 0))
        return Report(self.counted, tuple(ordered), self.fault_count)

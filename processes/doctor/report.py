"""What an examination found, for people and for programs."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

NAMED_FAULTS = 5  # of each check; the number of all of them stands before


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: whether it holds, at how many places it was looked at, and the first places where it does not."""

    name: str
    ok: bool
    counted: int
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """All invariants, judged as of one moment; None when no sweep has ever run and none was given."""

    as_of: datetime | None
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """The report as `eiso doctor --json` prints it."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


@dataclass(slots=True)
class Finding:
    """A check while it is being made."""

    name: str
    counted: int = 0
    faults: int = 0
    named: list[str] = field(default_factory=list)

    def looked(self, times: int = 1) -> None:
        """Something more was looked at."""
        self.counted += times

    def fault(self, where: str, what: str) -> None:
        """Something does not hold; `where` is a dossier code or a number, never a row's id alone."""
        self.faults += 1
        if len(self.named) < NAMED_FAULTS:
            self.named.append(f"{where}: {what}")

    def expect(self, where: str, what: str, found: object, wanted: object) -> None:
        """One value must be another."""
        if found != wanted:
            self.fault(where, f"{what} is {shown(found)}, should be {shown(wanted)}")

    def check(self) -> Check:
        more = self.faults - len(self.named)
        detail = "; ".join(self.named) + (f"; and {more} more" if more else "")
        return Check(self.name, self.faults == 0, self.counted, detail)


def shown(value: object) -> str:
    """A value as a sentence names it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes" if not (value.second or value.microsecond) else "microseconds")
    if isinstance(value, bytes):
        return value.hex()[:16]
    return "nothing" if value is None else str(value)

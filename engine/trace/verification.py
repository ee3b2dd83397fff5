"""Verification of the whole trace as it lies in the database: every entry, every chain, every personal value, every leaf.

What it cannot see without a signed checkpoint kept elsewhere: that the owner of the database rebuilt everything from some
entry on, chain, heads, values and leaves together.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, exists, func, or_, select, text

from engine.errors import InvalidError
from engine.tables import trace_entries, trace_leaves, trace_values
from engine.trace.canonical import decode, personal_hash
from engine.trace.entries import EntryRow, Fault, fault_at, read_entry
from engine.trace.heads import head_location, head_locations
from engine.trace.leaves import check_leaves
from engine.trace.records import Chain, Head
from engine.trace.report import Findings, Report
from engine.trace.streaming import chained_entries, loose_entries

_LOOKUP = 500

Progress = Callable[[int], None]
_Read = tuple[str | None, dict[str, str]]  # the hash before it, and its personal hashes


def verify(connection: Connection, progress: Progress | None = None) -> Report:
    """Check the trace. The connection must stand at the beginning of its transaction, so that all is seen at one moment.

    `progress` is told the number of entries checked so far, now and then.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("set transaction isolation level repeatable read, read only"))
    else:
        connection.execute(text("select 1"))  # begins the transaction that the driver's cursors read in
    verification = _Verification(connection, progress or (lambda done: None))
    verification.run()
    return verification.findings.report()


@dataclass(slots=True)
class _ChainEnd:
    chain: Chain
    last: EntryRow


@dataclass(slots=True)
class _Verification:
    connection: Connection
    progress: Progress
    findings: Findings = field(default_factory=Findings)
    ends: list[_ChainEnd] = field(default_factory=list)

    def run(self) -> None:
        self._check_chains()
        for batch in loose_entries(self.connection):
            self._check_values([(row, read[1]) for row in batch if (read := self._entry(row)) and read[1]])
            self.findings.counted.loose += len(batch)
            self.findings.counted.entries += len(batch)
            self.progress(self.findings.counted.entries)
        self._check_bare_heads()
        self._check_stray_values()
        check_leaves(self.connection, self.findings)

    def _entry(self, row: EntryRow) -> _Read | None:
        read = read_entry(row)
        if isinstance(read, Fault):
            self.findings.add(read)
            return None
        return read

    # --- chains

    def _check_chains(self) -> None:
        before: EntryRow | None = None
        for batch in chained_entries(self.connection):
            personal = []
            for row in batch:
                read = self._entry(row)
                if before is not None and (before[4] != row[4] or before[3] != row[3]):
                    self._end_chain(before)
                    before = None
                self._check_link(before, row, read)
                if read is not None and read[1]:
                    personal.append((row, read[1]))
                before = row
            self._check_values(personal)
            self.findings.counted.entries += len(batch)
            self.progress(self.findings.counted.entries)
        if before is not None:
            self._end_chain(before)
        self._check_heads()

    def _check_link(self, before: EntryRow | None, row: EntryRow, read: _Read | None) -> None:
        seq, last_seq, prev = row[5] or 0, 0, None
        if before is not None:
            last_seq, prev = before[5] or 0, before[11].hex()
        if seq != last_seq + 1:
            self.findings.add(_out_of_step(row, last_seq, seq))
        elif read is not None and read[0] != prev:
            self.findings.add(self._blame(before, row))

    def _blame(self, before: EntryRow | None, row: EntryRow) -> Fault:
        """Of two neighbours that disagree about the hash of the first, the one whose leaf does not speak for it."""
        if before is None:
            return fault_at(row, "link", "it is the first of its chain, yet names an entry before it")
        leaf = self.connection.execute(select(trace_leaves.c.hash).where(trace_leaves.c.entry_id == before[0])).scalar_one_or_none()
        if leaf is not None and bytes(leaf) == before[11]:
            return fault_at(row, "link", f"it does not hold the hash of entry {before[0]} before it")
        return fault_at(before, "link", f"entry {row[0]} after it holds another hash of it: its body and hash were changed together")

    # --- heads

    def _end_chain(self, last: EntryRow) -> None:
        self.findings.counted.chains += 1
        self.ends.append(_ChainEnd(Chain(last[3] or "", last[4] or 0), last))
        if len(self.ends) >= _LOOKUP:
            self._check_heads()

    def _check_heads(self) -> None:
        kinds = {end.chain.kind for end in self.ends}
        heads = {kind: self._heads(kind, [end.chain.id for end in self.ends if end.chain.kind == kind]) for kind in kinds}
        for end in self.ends:
            self._check_head(end, heads[end.chain.kind].get(end.chain.id))
        self.ends.clear()

    def _heads(self, kind: str, ids: list[int]) -> dict[int, Head]:
        location = head_location(kind)
        if location is None:
            return {}
        id_, seq, head = location.columns()
        rows = self.connection.execute(select(id_, seq, head).where(id_.in_(ids)))
        return {row[0]: Head(row[1], None if row[2] is None else bytes(row[2])) for row in rows}

    def _check_head(self, end: _ChainEnd, head: Head | None) -> None:
        name, last = f"{end.chain.kind} {end.chain.id}", end.last
        seq = last[5] or 0
        if head is None:
            self.findings.add(fault_at(last, "head", f"no row keeps the head of its chain {name}"))
        elif head.seq > seq:
            self.findings.add(fault_at(last, "head", f"its chain {name} should go on to entry {head.seq}: the end of the chain is missing"))
        elif head.seq < seq:
            self.findings.add(fault_at(last, "head", f"its chain {name} ends at entry {head.seq} by its head: entries were added past it"))
        elif head.hash != last[11]:
            self.findings.add(fault_at(last, "head", f"it is the last of its chain {name}, but the head there holds another hash"))

    def _check_bare_heads(self) -> None:
        """Heads whose chain has lost every entry."""
        for kind, location in head_locations().items():
            id_, seq, head = location.columns()
            any_entry = exists().where(and_(trace_entries.c.chain_kind == kind, trace_entries.c.chain_id == id_))
            for row in self.connection.execute(select(id_, seq).where(or_(seq != 0, head.is_not(None)), ~any_entry).order_by(id_)):
                what = f"the chain {kind} {row[0]} should have {row[1]} entries and has none"
                self.findings.add(Fault("head", None, None, None, what))

    # --- personal values

    def _check_values(self, personal: list[tuple[EntryRow, dict[str, str]]]) -> None:
        for start in range(0, len(personal), _LOOKUP):
            part = personal[start : start + _LOOKUP]
            kept: dict[tuple[int, str], tuple[bytes, str]] = {}
            for entry_id, name, salt, value in self.connection.execute(
                select(trace_values).where(trace_values.c.entry_id.in_([row[0] for row, _ in part]))
            ):
                kept[entry_id, name] = salt, value
            for row, hashes in part:
                for name, hashed in hashes.items():
                    self._check_value(row, name, hashed, kept.get((row[0], name)))

    def _check_value(self, row: EntryRow, name: str, hashed: str, kept: tuple[bytes, str] | None) -> None:
        if kept is None:  # once shredding exists, an entry that records it makes this no fault
            self.findings.add(fault_at(row, "value", f"its personal value {name} is missing"))
            return
        self.findings.counted.values += 1
        if personal_hash(*kept) != hashed:
            self.findings.add(fault_at(row, "value", f"its personal value {name} or the salt of it was changed"))

    def _check_stray_values(self) -> None:
        """Personal values that no entry speaks of; looked for only when the numbers differ."""
        total = self.connection.execute(select(func.count()).select_from(trace_values)).scalar_one()
        if total == self.findings.counted.values:
            return
        entries = trace_entries.alias()
        rows = self.connection.execution_options(yield_per=_LOOKUP).execute(
            select(trace_values.c.entry_id, trace_values.c.name, entries.c.kind, entries.c.subject_code, entries.c.body)
            .outerjoin_from(trace_values, entries, entries.c.id == trace_values.c.entry_id)
            .order_by(trace_values.c.entry_id, trace_values.c.name)
        )
        for row in rows:
            if row.name not in _personal_names(row.body):
                what = f"a personal value {row.name} is kept for it that its body does not speak of"
                self.findings.add(Fault("value", row.entry_id, row.kind, row.subject_code, what))


def _out_of_step(row: EntryRow, last_seq: int, seq: int) -> Fault:
    if seq <= last_seq:
        return fault_at(row, "fork", f"its chain has a second entry numbered {seq}")
    missing = f"entry {seq - 1} is" if seq == last_seq + 2 else f"entries {last_seq + 1} to {seq - 1} are"
    return fault_at(row, "gap", f"{missing} missing before it in its chain {row[3]} {row[4]}")


def _personal_names(body: bytes | None) -> set[str]:
    try:
        personal = decode(bytes(body or b"{}")).get("personal")
    except InvalidError:
        return set()
    return set(personal) if isinstance(personal, dict) else set()

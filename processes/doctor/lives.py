"""Everything that is stored about one instance, read in batches, so that memory does not grow with the number of dossiers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from engine.definitions import Definitions
from engine.ledger import LedgerEntry
from engine.legalclock import ClockState, replay, replay_step, step_ledger
from engine.performers import Calendars
from engine.tables import clock_entries, instances, steps, timers, trace_entries
from engine.timelimit import TimeLimit
from engine.trace.canonical import decode
from engine.wayback import is_sent_back
from engine.worktime import WorkingCalendar
from processes.dossiers.models import dossiers, issued_forms, supplement_requests
from processes.quality.models import nonconformities

BATCH = 200

Row = Mapping[str, Any]

OPEN = ("open", "claimed")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an examination goes by.

    as_of: the moment of the last sweep: what had passed by then must have been found.
    until: the latest moment known: what is recorded must have passed by then.
    """

    connection: Connection
    calendars: Calendars
    definitions: Definitions
    as_of: datetime
    until: datetime

    def books(self, version_ids: Iterable[int]) -> dict[int, WorkingCalendar]:
        return {version_id: self.calendars.by_id(self.connection, version_id) for version_id in set(version_ids)}


@dataclass
class Life:
    """One instance with all its rows, and what replaying its ledger says. Replaying raises InvalidError for a ledger that cannot be."""

    instance: Row
    about: Circumstances
    steps: Sequence[Row] = ()
    timers: Sequence[Row] = ()
    ledger: Sequence[Row] = ()
    nonconformities: Sequence[Row] = ()
    dossier: Row | None = None
    supplements: Sequence[Row] = ()
    forms: Sequence[Row] = ()
    traced: Counter[str] = field(default_factory=Counter)  # entries on the instance's chain, by kind

    @property
    def code(self) -> str:
        return str(self.instance["subject_code"])

    @property
    def is_over(self) -> bool:
        return bool(self.instance["status"] != "running")

    @property
    def open_steps(self) -> list[Row]:
        return [step for step in self.steps if step["status"] in OPEN]

    @property
    def waiting_timers(self) -> list[Row]:
        return [timer for timer in self.timers if timer["status"] == "waiting"]

    @cached_property
    def entries(self) -> list[LedgerEntry]:
        return [LedgerEntry.read(row) for row in self.ledger]

    @cached_property
    def state(self) -> ClockState:
        """Where the legal clock stands."""
        return replay(self.entries, self._books())

    def step_state(self, step: Row) -> ClockState:
        """Where the clock of one step stands."""
        if step["id"] not in self._step_states:
            found_at = self.found_at(step)
            self._step_states[step["id"]] = self._ended_late(step, found_at) if found_at is not None else self._step_state(step)
        return self._step_states[step["id"]]

    def found_at(self, step: Row) -> datetime | None:
        """When a sweep found the timer that had cancelled this step; None for a step that ended when it was said to end.

        A timer takes effect at its own moment, however late it is found. Until then the step was open, and what was entered in
        between (a receipt, a calendar) counted for it.
        """
        if step["status"] != "cancelled" or is_sent_back(step):
            return None
        rows = [timer for timer in self.timers if timer["status"] == "fired" and timer["ended_at"] == step["done_at"]]
        return max((self._findings[timer["id"]] for timer in rows if timer["id"] in self._findings), default=None)

    def state_until_found(self, step: Row, found_at: datetime) -> ClockState:
        """Where the clock of a step stood when the timer was found that had cancelled it."""
        ledger = self._ledger_until(step, found_at)
        return replay(ledger, self._books(step["calendar_version_id"])) if ledger else ClockState("stopped")

    def _step_state(self, step: Row) -> ClockState:
        return replay_step(
            self.entries,
            self._books(step["calendar_version_id"]),
            ended_at=step["done_at"],
            stops_clock=step["stops_clock"],
            **_limit(step, step["opened_at"]),
        )

    def _ended_late(self, step: Row, found_at: datetime) -> ClockState:
        ledger = self._ledger_until(step, found_at)
        if not ledger:
            return ClockState("finished")
        end = LedgerEntry("finish", step["done_at"], step["calendar_version_id"])
        return replay([*ledger, end], self._books(step["calendar_version_id"]))

    def _ledger_until(self, step: Row, found_at: datetime) -> list[LedgerEntry]:
        if step["stops_clock"]:
            return []
        known = [entry for entry in self.entries if entry.known_at <= found_at and entry.kind not in ("finish", "close")]
        return step_ledger(known, self._books(step["calendar_version_id"]), **_limit(step, step["opened_at"]))

    def timer_state(self, timer: Row) -> ClockState:
        """Where a waiting timer stands."""
        books = self._books(timer["calendar_version_id"])
        return replay_step(self.entries, books, **_limit({**timer, "limit_minutes": None}, timer["started_at"]))

    def named(self, step: Row) -> str:
        """A step as nonconformities name it."""
        return f"{self.code}/{step['code']}/{step['pass']}"

    @cached_property
    def _findings(self) -> dict[int, datetime]:
        """By fired timer, the moment for which the sweep acted that found it: the n-th of an element has the n-th entry of it."""
        if not any(timer["status"] == "fired" for timer in self.timers):
            return {}
        entries = trace_entries.c
        query = select(entries.body, entries.at).where(entries.chain_kind == "instance", entries.chain_id == self.instance["id"])
        rows = self.about.connection.execute(query.where(entries.kind == "engine.timer.fired").order_by(entries.chain_seq))
        found: defaultdict[str, list[datetime]] = defaultdict(list)
        for body, at in rows:
            found[decode(bytes(body))["facts"]["element"]].append(at)
        moments = {element: iter(those) for element, those in found.items()}
        fired = sorted((timer for timer in self.timers if timer["status"] == "fired"), key=lambda timer: timer["id"])
        matched = [(timer["id"], next(moments.get(timer["element_id"], iter(())), None)) for timer in fired]
        return {timer_id: at for timer_id, at in matched if at is not None}

    @cached_property
    def _step_states(self) -> dict[int, ClockState]:
        return {}

    def _books(self, *more: int) -> dict[int, WorkingCalendar]:
        return self.about.books([*(entry.calendar_version_id for entry in self.entries), *more])


def _limit(row: Row, opened_at: datetime) -> dict[str, Any]:
    return {
        "opened_at": opened_at,
        "limit": TimeLimit.parse(row["limit_text"]),
        "limit_minutes": row["limit_minutes"],
        "calendar_version_id": row["calendar_version_id"],
    }


def lives(about: Circumstances) -> Iterator[Life]:
    """Every instance, batch by batch, in the order of their ids."""
    last = -1
    while True:
        query = select(instances).where(instances.c.id > last).order_by(instances.c.id).limit(BATCH)
        batch = [dict(row) for row in about.connection.execute(query).mappings()]
        if not batch:
            return
        last = batch[-1]["id"]
        yield from _read(about, batch)


def filings(connection: Connection) -> Iterator[tuple[Row, Sequence[Row]]]:
    """Every dossier that has no instance, with its supplement requests, batch by batch."""
    last = -1
    while True:
        query = select(dossiers).where(dossiers.c.id > last, dossiers.c.instance_id.is_(None)).order_by(dossiers.c.id).limit(BATCH)
        batch = [dict(row) for row in connection.execute(query).mappings()]
        if not batch:
            return
        last = batch[-1]["id"]
        requests = _requests(connection, [row["id"] for row in batch])
        yield from ((row, requests[row["id"]]) for row in batch)


def _read(about: Circumstances, batch: Sequence[Row]) -> Iterator[Life]:
    connection, ids = about.connection, [row["id"] for row in batch]
    steps_of = _grouped(connection, steps, steps.c.instance_id, ids, steps.c.id)
    timers_of = _grouped(connection, timers, timers.c.instance_id, ids, timers.c.id)
    ledgers = _grouped(connection, clock_entries, clock_entries.c.instance_id, ids, clock_entries.c.seq)
    raised = _grouped(connection, nonconformities, nonconformities.c.instance_id, ids, nonconformities.c.id)
    dossier_of = _grouped(connection, dossiers, dossiers.c.instance_id, ids, dossiers.c.id)
    dossier_ids = [row["id"] for rows in dossier_of.values() for row in rows]
    requests = _requests(connection, dossier_ids)
    forms = _grouped(connection, issued_forms, issued_forms.c.dossier_id, dossier_ids, issued_forms.c.id)
    traced = traced_kinds(connection, "instance", ids)
    for row in batch:
        dossier = next(iter(dossier_of[row["id"]]), None)
        dossier_id = dossier["id"] if dossier is not None else 0
        yield Life(
            instance=row,
            about=about,
            steps=steps_of[row["id"]],
            timers=timers_of[row["id"]],
            ledger=ledgers[row["id"]],
            nonconformities=raised[row["id"]],
            dossier=dossier,
            supplements=requests[dossier_id],
            forms=forms[dossier_id],
            traced=traced[row["id"]],
        )


def traced_kinds(connection: Connection, chain_kind: str, ids: Sequence[int]) -> defaultdict[int, Counter[str]]:
    """How many entries of each kind stand on each of these chains."""
    entries = trace_entries.c
    query = (
        select(entries.chain_id, entries.kind, func.count())
        .where(entries.chain_kind == chain_kind, entries.chain_id.in_(list(ids)))
        .group_by(entries.chain_id, entries.kind)
    )
    counted: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for chain_id, kind, count in connection.execute(query):
        counted[chain_id][kind] = count
    return counted


def _requests(connection: Connection, dossier_ids: Sequence[int]) -> defaultdict[int, list[Row]]:
    columns = supplement_requests.c
    return _grouped(connection, supplement_requests, columns.dossier_id, dossier_ids, columns.ordinal)


def _grouped(
    connection: Connection, table: Table, key: ColumnElement[Any], ids: Sequence[int], order: ColumnElement[Any]
) -> defaultdict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    if ids:
        for row in connection.execute(select(table).where(key.in_(ids)).order_by(key, order)).mappings():
            groups[row[key]].append(dict(row))
    return groups

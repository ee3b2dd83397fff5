"""Who comes when, wanting what, and what will become of it: drawn before the first day begins. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from typing import TypeVar

from engine.errors import InvalidError
from engine.worktime import WorkingCalendar
from processes.catalogue.queries import ProcedureInForce

T = TypeVar("T")

# How often each procedure is asked for; one that is not named is rare.
_DEMAND = {
    "2.000815": 34,
    "1.001193": 20,
    "2.000908": 12,
    "1.004873": 10,
    "1.001612": 9,
    "1.000656": 6,
    "1.000894": 6,
    "1.013225": 4,
    "1.012796": 3,
    "1.001699": 2,
}
_RARE = 2
_CHANNELS = {"direct": 0.50, "online": 0.44, "postal": 0.06}
_VARIANTS = {"standard": 0.85, "complex": 0.15, "house": 0.8, "works": 0.2}

_COUNTER_HOURS = {7: 0.9, 8: 1.5, 9: 1.6, 10: 1.2, 11: 0.6, 13: 0.9, 14: 1.1, 15: 0.7, 16: 0.4}  # weight of a minute; a peak in the morning
_PORTAL_HOURS = {
    6: 0.3,
    7: 0.6,
    8: 1.2,
    9: 1.4,
    10: 1.2,
    11: 0.8,
    12: 0.6,
    13: 0.8,
    14: 1.2,
    15: 1.0,
    16: 0.8,
    19: 0.7,
    20: 1.0,
    21: 0.8,
    22: 0.3,
}
_WEEKDAYS = (1.3, 1.05, 1.0, 0.95, 0.9, 0.35, 0.25)

_SUPPLEMENTED, _LAST_MINUTE, _REFUSED, _WITHDRAWN, _SLOW, _FORGOTTEN = 0.07, 0.008, 0.025, 0.022, 0.06, 0.02
# Those who come so shortly before the end that nobody gets round to them, and those whom somebody has forgotten when it ends.
_LEFT_FILED, _LEFT_ACCEPTED, _LEFT_FORGOTTEN = 0.007, 0.01, 0.014


class Fate(StrEnum):
    """What will happen to a dossier on its way."""

    SMOOTH = "smooth"
    SLOW = "slow"  # difficult: every step takes longer
    FORGOTTEN = "forgotten"  # one step slips to the bottom of the pile
    SUPPLEMENTED = "supplemented"
    LAST_MINUTE = "last_minute"  # a supplement is asked for minutes before the step is due
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody hands in a dossier at the counter, or files one online."""

    at: datetime
    procedure: str
    channel: str
    variant: str | None
    fate: Fate
    is_left_lying: bool = False  # waits untouched when the simulation ends

    @property
    def is_filing(self) -> bool:
        return self.channel == "online"


@dataclass(frozen=True, slots=True)
class _Slot:
    start: datetime
    end: datetime
    weight: float


def plan_arrivals(
    chance: Random,
    count: int,
    procedures: Sequence[ProcedureInForce],
    calendar: WorkingCalendar,
    *,
    begin: datetime,
    end: datetime,
    closed_on: date | None = None,
) -> list[Arrival]:
    """Exactly so many arrivals from begin until shortly before end, in the order of their moments.

    closed_on: a day on which the counter will be shut although the calendar does not know it yet.

    Raises: InvalidError (simulation_without_arrivals) where nobody could come: no procedure, or no hour in which the office is open.
    """
    counter = list(_slots(_open_hours(calendar, begin, end, closed_on), _COUNTER_HOURS, calendar))
    portal = list(_slots([(begin, end)], _PORTAL_HOURS, calendar))
    if not procedures or not counter:
        raise InvalidError("There is no procedure, or no day, on which anybody could come.", code="simulation_without_arrivals")
    offer = {one.code: one for one in sorted(procedures, key=lambda one: one.code)}
    left = [round(count * share + 0.5) if count >= 20 else 0 for share in (_LEFT_FILED, _LEFT_ACCEPTED, _LEFT_FORGOTTEN)]
    fates = _fates(chance, count - sum(left))
    arrivals = []
    for fate in fates:
        procedure, channel, variant = _wish(chance, offer, _CHANNELS)
        at = _moment_in(chance, portal or counter if channel == "online" else counter)
        arrivals.append(Arrival(at, procedure, channel, variant, fate))
    arrivals += _last_ones(chance, offer, left, counter, end)
    return sorted(arrivals, key=lambda one: one.at)


def _last_ones(
    chance: Random, offer: Mapping[str, ProcedureInForce], left: Sequence[int], counter: Sequence[_Slot], end: datetime
) -> Iterator[Arrival]:
    """Those who are still waiting when it ends: filed just now, accepted just now, forgotten some days ago."""
    filed, accepted, forgotten = left
    for _ in range(filed):
        procedure, channel, variant = _wish(chance, offer, {"online": 1.0})
        yield Arrival(end - timedelta(seconds=chance.randint(60, 5400)), procedure, channel, variant, Fate.SMOOTH, True)
    for _ in range(accepted):
        procedure, channel, variant = _wish(chance, offer, {"direct": 1.0})
        last = counter[-1]
        within = int((last.end - last.start).total_seconds())
        yield Arrival(last.end - timedelta(seconds=chance.randint(1, min(900, within))), procedure, channel, variant, Fate.SMOOTH, True)
    for _ in range(forgotten):
        procedure, channel, variant = _wish(chance, offer, {"direct": 1.0})
        yield Arrival(_moment_in(chance, counter[-40:-4] or counter), procedure, channel, variant, Fate.FORGOTTEN, True)


def _wish(chance: Random, offer: Mapping[str, ProcedureInForce], channels: Mapping[str, float]) -> tuple[str, str, str | None]:
    """A procedure, a channel through which it is offered (one of those named, where there is one), a variant."""
    named = {code: one for code, one in offer.items() if any(one.limit(_first_variant(one), channel) for channel in channels)}
    procedure = offer[weighted(chance, {code: float(_DEMAND.get(code, _RARE)) for code in named or offer})]
    variants = {key: _VARIANTS.get(key, 1.0) for key in sorted(procedure.variants)}
    variant = weighted(chance, variants) if variants else None
    usable = {channel: weight for channel, weight in (channels if named else _CHANNELS).items() if procedure.limit(variant, channel)}
    return procedure.code, weighted(chance, usable), variant


def _first_variant(procedure: ProcedureInForce) -> str | None:
    return min(procedure.variants, default=None)


def weighted(chance: Random, weights: Mapping[T, float]) -> T:
    """One of the keys, the heavier the likelier; they must come in an order that does not change."""
    return chance.choices(list(weights), weights=list(weights.values()))[0]


def _fates(chance: Random, count: int) -> list[Fate]:
    """Fixed shares, shuffled: chance decides whom it hits, not whether it hits anybody."""
    shares = {
        Fate.SUPPLEMENTED: _SUPPLEMENTED,
        Fate.LAST_MINUTE: _LAST_MINUTE,
        Fate.REFUSED: _REFUSED,
        Fate.WITHDRAWN: _WITHDRAWN,
        Fate.SLOW: _SLOW,
        Fate.FORGOTTEN: _FORGOTTEN,
    }
    fates = [fate for fate, share in shares.items() for _ in range(round(count * share + 0.3))][:count]
    fates += [Fate.SMOOTH] * (count - len(fates))
    chance.shuffle(fates)
    return fates


def _open_hours(calendar: WorkingCalendar, begin: datetime, end: datetime, closed_on: date | None) -> Iterator[tuple[datetime, datetime]]:
    for on in days_between(calendar, begin, end):
        if on != closed_on:
            yield from ((max(start, begin), min(close, end)) for start, close in calendar.sessions_on(on) if start < end and close > begin)


def days_between(calendar: WorkingCalendar, begin: datetime, end: datetime) -> list[date]:
    """The local dates from one moment to another, both included."""
    first, last = calendar.local(begin).date(), calendar.local(end).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _slots(spans: Iterable[tuple[datetime, datetime]], hours: Mapping[int, float], calendar: WorkingCalendar) -> Iterator[_Slot]:
    """The spans cut by the hour, each weighing what an hour of its weekday weighs; hours that are not named fall out."""
    for start, end in spans:
        at = start
        while at < end:
            local = calendar.local(at)
            next_hour = calendar.to_utc(datetime.combine(local.date(), time(local.hour), calendar.zone) + timedelta(hours=1))
            until = min(next_hour, end)
            weight = hours.get(local.hour, 0.0) * _WEEKDAYS[local.weekday()] * (until - at).total_seconds()
            if weight > 0:
                yield _Slot(at, until, weight)
            at = until


def _moment_in(chance: Random, slots: Sequence[_Slot]) -> datetime:
    slot = chance.choices(slots, weights=[one.weight for one in slots])[0]
    return slot.start + timedelta(seconds=int(chance.random() * (slot.end - slot.start).total_seconds()))

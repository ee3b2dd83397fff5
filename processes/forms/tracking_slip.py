"""The slip that tracks a dossier from hand to hand (Mẫu 06; 05 before 15/9/2025). Source: facts 2.6, field by field."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.timelimit import Punctuality
from processes.forms.heading import Heading
from processes.forms.rendering import render
from processes.forms.wording import hours_in_words, moment_in_words, short_moment

PRINTED_BLOCKS = 4  # what the form has on its A5; with more handovers it grows to A4

_RESULTS = {Punctuality.EARLY: "Trước hạn", Punctuality.ON_TIME: "Đúng hạn", Punctuality.OVERDUE: "Quá hạn"}


@dataclass(frozen=True, slots=True)
class Hand:
    """One who gives or receives: a unit and, once somebody did, the person who signed by account, and when."""

    unit: str
    person: str | None = None
    account: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockPause:
    """A time in which the legal clock stood still.

    Unit: minutes are working minutes not counted; None where days are counted. until: None while it lasts.
    """

    reason: str  # "chờ công dân bổ sung"
    form: str  # "Mẫu 02, số 5/HDHS"; empty when no form is behind it
    since: datetime
    until: datetime | None
    minutes: int | None


@dataclass(frozen=True, slots=True)
class EarlierHand:
    """One who held the step before it was given on.

    Unit: minutes are working minutes in which the clock ran.
    """

    person: str
    until: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One handover: the step that the giver ended, or still has in hand while nobody received it.

    Unit: minutes are working minutes in which the clock ran.
    """

    step_code: str
    number: int  # 2, 3, ... when the step is done again
    status: str  # open | claimed | completed | cancelled
    giver: Hand  # at: given on; None while the step is in hand
    receivers: tuple[Hand, ...]
    result: Punctuality | None
    used_minutes: int
    limit_minutes: int | None
    limit: str  # "15 ngày"; printed where the limit is not in working minutes
    due_at: datetime | None
    late_minutes: int
    late_reason: str | None  # in words
    note: str | None
    pauses: tuple[ClockPause, ...]
    earlier: tuple[EarlierHand, ...] = ()
    sent_back_to: str | None = None  # the step that is done again instead; the note is the reason


@dataclass(frozen=True, slots=True)
class TrackingSlipData:
    """Everything printed on form 06, in its order."""

    heading: Heading  # the dossier code stands in it
    owner: str
    received_at: datetime
    promised_at: datetime | None
    handling_body: str
    coordinating_bodies: tuple[str, ...]
    legs: tuple[Leg, ...]
    ending: str  # how the dossier ended early: withdrawn, refused, stopped; else empty
    as_of: datetime
    template: str = "tracking_slip"


def tracking_slip_pdf(data: TrackingSlipData) -> bytes:
    """Form 06 as PDF: A5, or A4 when the dossier went through more hands than the form has blocks."""
    return render(data.template, for_template(data), made_at=data.as_of, qr=data.heading.dossier_code)


def for_template(data: TrackingSlipData) -> dict[str, Any]:
    """The slip as its template reads it: everything in the words of the form."""
    return {
        "heading": data.heading.for_template(),
        "owner": data.owner,
        "received": moment_in_words(data.received_at),
        "promised": moment_in_words(data.promised_at) if data.promised_at is not None else "không hẹn trước",
        "handling_body": data.handling_body,
        "coordinating_bodies": "; ".join(data.coordinating_bodies) or "không có",
        "legs": [_leg(leg) for leg in data.legs],
        "empty_blocks": max(0, PRINTED_BLOCKS - len(data.legs)),
        "is_long": len(data.legs) > PRINTED_BLOCKS,
        "ending": data.ending,
        "as_of": moment_in_words(data.as_of),
    }


def notes(leg: Leg) -> list[str]:
    """Column D of a block: how long the step took and who else held it, why it was late or went back, when the clock stood still."""
    code = leg.step_code if leg.number == 1 else f"{leg.step_code} lần {leg.number}"
    told = [f"{code}: {_time_taken(leg)}{_lateness(leg)}."]
    told += [f"{hand.person} giữ {hours_in_words(hand.minutes)}, đến {short_moment(hand.until)}." for hand in leg.earlier]
    if leg.status == "cancelled" and leg.sent_back_to is None:
        told.append("Chấm dứt khi chưa làm xong.")
    if leg.late_reason:
        told.append(f"Lý do: {_lower_first(leg.late_reason)}.")
    if leg.note or leg.sent_back_to:
        told.append(_ended(f"Trả lại {leg.sent_back_to}: {leg.note}" if leg.sent_back_to else leg.note or ""))
    return told + [_pause(pause) for pause in leg.pauses]


def _ended(text: str) -> str:
    return text if text.rstrip().endswith((".", "?", "!")) else f"{text}."


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "giver": _hand(leg.giver),
        "receivers": [_hand(hand) for hand in leg.receivers],
        "given": moment_in_words(leg.giver.at) if leg.giver.at is not None else "",
        "result": _RESULTS[leg.result] if leg.result is not None else "",
        "notes": notes(leg),
    }


def _hand(hand: Hand) -> dict[str, str]:
    return {
        "unit": hand.unit,
        "person": hand.person or "",
        "account": hand.account or "",
        "at": short_moment(hand.at) if hand.at is not None else "",
    }


def _time_taken(leg: Leg) -> str:
    used = "dùng" if leg.status in ("completed", "cancelled") else "đang giữ, đã dùng"
    told = f"{used} {hours_in_words(leg.used_minutes)}"
    if leg.limit_minutes is not None:
        return f"{told} trên {hours_in_words(leg.limit_minutes)}"
    return f"{told}, thời hạn {leg.limit}" if leg.due_at is not None else f"{told}, không tính thời hạn"


def _lateness(leg: Leg) -> str:
    if leg.result is Punctuality.OVERDUE:
        return f", quá hạn {hours_in_words(leg.late_minutes)}" if leg.late_minutes else ", quá hạn"
    still_open = leg.status in ("open", "claimed")
    return f", hạn {short_moment(leg.due_at)}" if still_open and leg.due_at is not None else ""


def _pause(pause: ClockPause) -> str:
    why = f"{pause.reason} ({pause.form})" if pause.form else pause.reason
    if pause.until is None:
        return f"Đồng hồ dừng từ {short_moment(pause.since)}: {why}."
    told = f"Đồng hồ dừng từ {short_moment(pause.since)} đến {short_moment(pause.until)}: {why}."
    return f"{told} Không tính {hours_in_words(pause.minutes)}." if pause.minutes else told


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]

"""The parts of the intake page: procedures found, the paper check-list, fee, appointment, and what an ID number says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import url_for
from markupsafe import Markup, escape
from sqlalchemy import Connection

from engine.actor import Actor
from engine.errors import EngineError, InvalidError
from engine.explanation import ExplainLine, explain_limit
from engine.folding import fold
from engine.timelimit import LimitKind, TimeLimit, deadline
from engine.worktime import WorkingCalendar
from processes.catalogue.queries import ProcedureInForce, find_procedures
from processes.dossiers.worklists import EarlierParty
from processes.organisation.identifiers import CitizenNumber, IdentifierKind, Sex, describe, normalise_identifier
from processes.organisation.rules import local_day
from web import errors, timephrases, wording
from web.services import services
from web.views.explained import crossed_years, explained_days
from web.views.intakeform import OTHER_NUMBERS, SORTS

FOUND = 30  # procedures; what is beyond is counted, and found by typing more
_MOST_COUNTED = 500


def chosen_key(code: str, variant: str | None) -> str:
    return f"{code}:{variant}" if variant else code


# --- 1. the procedure ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What the finder shows: the choices, and how many procedures match that it does not show."""

    choices: list[dict[str, Any]]
    left_out: int


def procedures_view(connection: Connection, text: str, today: date, chosen: str) -> Found:
    """The procedures that match, each variant a choice of its own; the one chosen stays in sight."""
    code = chosen.partition(":")[0]
    matching = find_procedures(connection, text, today, _MOST_COUNTED) if text.strip() or not code else []
    found, left_out = matching[:FOUND], max(0, len(matching) - FOUND)
    if code and code not in {one.code for one in found}:
        found = [one for one in find_procedures(connection, code, today, 1) if one.code == code] + found
    choices = [choice for procedure in found for choice in _choices(procedure, text)]
    return Found(sorted(choices, key=lambda choice: choice["key"] != chosen) if chosen else choices, left_out)


def _choices(procedure: ProcedureInForce, text: str) -> list[dict[str, Any]]:
    variants: Mapping[str | None, str] = procedure.variants or {None: ""}  # type: ignore[assignment]
    facts = [procedure.field, f"Quyết định {procedure.facts['decision']}" if procedure.facts.get("decision") else ""]
    line = ". ".join(part for part in (*facts, f"Bản {procedure.version}, từ {timephrases.full_day(procedure.effective_from)}") if part)
    return [
        {
            "key": chosen_key(procedure.code, variant),
            "code": _marked(procedure.code, text),
            "name": _marked(procedure.name, text) + (Markup("<br>") + escape(label) if label else ""),
            "limit": _limit_words(procedure, variant),
            "line": line,
            "href": url_for("intake.intake", procedure=chosen_key(procedure.code, variant)),
        }
        for variant, label in variants.items()
    ]


def _limit_words(procedure: ProcedureInForce, variant: str | None) -> str:
    limit = procedure.limit(variant, "direct") or procedure.limit(variant, "online") or procedure.limit(variant, "postal")
    return limit.in_vietnamese().split(" (")[0] if limit is not None else ""


def _marked(name: str, text: str) -> Markup:
    """The name with what was typed marked in it, accents or not."""
    folded = [fold(letter) or " " for letter in name]
    if any(len(letter) != 1 for letter in folded):
        return Markup(escape(name))
    plain, marked = "".join(folded), [False] * len(name)
    for word in fold(text).split():
        start = plain.find(word)
        while start >= 0:
            marked[start : start + len(word)] = [True] * len(word)
            start = plain.find(word, start + 1)
    told, inside = Markup(""), False
    for letter, is_hit in zip(name, marked, strict=True):
        told += Markup("<mark>" if is_hit else "</mark>") if is_hit != inside else Markup("")
        told, inside = told + escape(letter), is_hit
    return told + Markup("</mark>") if inside else told


# --- 2. papers and fee -----------------------------------------------------------------------------------------------


def papers_view(procedure: ProcedureInForce | None, form: Mapping[str, str], problems: Mapping[str, str]) -> list[dict[str, Any]]:
    """The check-list; before anything was typed the counts are those that the procedure asks for."""
    if procedure is None:
        return []
    return [_paper(paper, form, problems) for paper in procedure.papers]


def _paper(paper: Mapping[str, Any], form: Mapping[str, str], problems: Mapping[str, str]) -> dict[str, Any]:
    name = f"paper_{paper['code']}"
    received = bool(form.get(name))
    problem = problems.get(name)
    if problem is None and "papers" in problems and paper["required"] and not received:
        problem = "Bắt buộc, chưa nhận."
    counts = {sort: form.get(f"{name}_{sort}", paper[sort]) for sort in SORTS}
    return {
        "code": paper["code"],
        "name": paper["name"],
        "line": paper.get("condition") or "",
        "required": paper["required"],
        "received": received,
        "problem": problem,
        **counts,
    }


def fee_view(procedure: ProcedureInForce | None, form: Mapping[str, str]) -> dict[str, Any] | None:
    fee = procedure.facts.get("fee") if procedure is not None else None
    if not fee:
        return None
    name = "Lệ phí" if fee["kind"] == "charge" else "Phí"
    per = fee["unit"].partition("/")[2]
    amount = wording.money(fee["amount"]) + (f"/{per}" if per else "") if fee["amount"] else ""
    return {
        "name": name,
        "amount": amount,
        "line": ("thu khi nộp hồ sơ" if fee["when"] == "intake" else "thu khi trả kết quả") if amount else "",
        "note": fee.get("note") or "",
        "asked": fee["when"] == "intake" and bool(amount),
        "paid": bool(form.get("fee_paid")),
        "typed_amount": form.get("fee_amount", wording.number(fee["amount"])),
        "receipt": form.get("fee_receipt", ""),
    }


# --- 3. the appointment ----------------------------------------------------------------------------------------------


def appointment_view(
    connection: Connection, actor: Actor, procedure: ProcedureInForce | None, variant: str | None, channel: str, now: datetime
) -> dict[str, Any] | None:
    """When the result would be promised if the dossier were accepted now, and why."""
    areas = services().areas
    if procedure is None or areas is None or actor.agency_id is None:
        return None
    limit = procedure.limit(variant, channel)
    if limit is None:
        return {"refused": "Thủ tục này không nhận qua kênh đó. Chọn kênh khác."}
    _, calendar = areas.calendars.current(connection, actor.agency_id)
    try:
        due_at = deadline(calendar, now, limit, procedure.rule)
        lines = explain_limit(calendar, now, limit, procedure.rule)
    except InvalidError as refused:
        return {"refused": errors.sentence_of(refused)}
    if due_at is None:
        return {"hour_and_day": "Không hẹn giờ", "date": "", "line": "Thủ tục này không tính thời hạn.", "warning": None, "explained": None}
    local = calendar.local(due_at)
    return {
        "hour_and_day": f"{local:%H:%M} {timephrases.WEEKDAYS[local.weekday()]}",
        "date": timephrases.full_day(local.date()),
        "line": _counted_from(limit, lines, now, calendar),
        "warning": _warning(lines),
        "explained": explained_days(lines, calendar, limit, procedure.rule),
    }


def _counted_from(limit: TimeLimit, lines: Sequence[ExplainLine], now: datetime, calendar: WorkingCalendar) -> str:
    """The limit and from when it counts; what comes outside office hours counts from the next session."""
    words = limit.in_vietnamese()
    told = wording.opening(words)
    starts = [day.sessions[0].from_ for line in lines for day in line.days if day.sessions]
    if starts and starts[0] > now:
        return f"{told}; {timephrases.received_outside_hours(now, starts[0], now, calendar.zone)}."
    received = timephrases.moment(now, now, calendar.zone)
    return f"{told}; nhận lúc {received}." if limit.kind is LimitKind.SAME_DAY else f"{told} kể từ lúc nhận, {received}."


def _warning(lines: Sequence[ExplainLine]) -> str | None:
    years = crossed_years(lines)
    if not years:
        return None
    return f"Lịch nghỉ năm {', '.join(map(str, years))} chưa có quyết định. Giờ hẹn có thể đổi khi có lịch chính thức."


# --- 4. who ----------------------------------------------------------------------------------------------------------


def person_check(id_kind: str, number: str, now: datetime) -> tuple[dict[str, Any] | None, str | None]:
    """What an ID number says while it is typed, and the number as it is kept once it is whole."""
    typed = "".join(letter for letter in number if not letter.isspace() and letter not in ".-")
    if not typed:
        return None, None
    today = local_day(now)
    if id_kind == IdentifierKind.CITIZEN.value and typed.isascii() and typed.isdecimal() and len(typed) < 12:
        return {"ok": None, "text": f"Đang có {len(typed)} trên 12 số."}, None
    try:
        kept = normalise_identifier(IdentifierKind(id_kind), number, today=today)
    except EngineError as refused:
        return {"ok": False, "text": OTHER_NUMBERS.get(id_kind) or errors.sentence_of(refused)}, None
    except ValueError:
        return None, None
    if id_kind == IdentifierKind.CITIZEN.value:
        return {"ok": True, "text": f"Đủ 12 số: {_meaning(describe(kept, today=today))}."}, kept
    return {"ok": True, "text": "Số đúng cách viết."}, kept


def _meaning(citizen: CitizenNumber) -> str:
    place = citizen.place_name or "đăng ký khai sinh ở nước ngoài"
    return f"{place} (mã {citizen.place_code}), {'nữ' if citizen.sex is Sex.FEMALE else 'nam'}, sinh năm {citizen.birth_year}"


def earlier_view(found: EarlierParty | None, part: str, now: datetime) -> dict[str, Any] | None:
    """An earlier applicant, ready to be filled in again."""
    if found is None:
        return None
    values = {"name": found.name, "address": found.address, "phone": found.phone, "email": found.email}
    return {
        "line": f"Từng nộp ở đây ngày {timephrases.full_day(local_day(found.filed_at))}.",
        "fill": {f"{part}_{name}": value for name, value in values.items() if value},
        "focus": f"{part}_phone",
    }

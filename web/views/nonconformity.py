"""One nonconformity with its evidence: what the slip and the clock say, who held it, what was done about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import Connection

from engine.actor import Actor
from engine.explanation import DayLine, ExplainLine, explain
from engine.legalclock import LedgerEntry, step_ledger
from engine.performers import Calendars
from engine.queries import ledger_of
from engine.timelimit import TimeLimit
from engine.worktime import WorkingCalendar
from processes.dossiers.slip import SlipLine, tracking_slip
from processes.organisation.queries import agency, names_of, unit_names
from processes.organisation.rights import may
from processes.quality import rules
from processes.quality.queries import nonconformity
from processes.quality.register import HistoryEntry, history, subject_of
from web import timephrases, wording
from web.services import services
from web.views.addresses import dossier_href
from web.views.explained import explained_ledger
from web.views.nonconformities import KINDS, SEVERITIES
from web.views.problem import Problem

_STOPS = {"supplement": "yêu cầu bổ sung", "financial_duty": "nghĩa vụ tài chính", "drawn_wait": "chờ theo quy trình"}
_LEDGER = {
    "start": "Đồng hồ bắt đầu",
    "stop": "Dừng",
    "resume": "Tính tiếp",
    "extend": "Gia hạn",
    "calendar": "Tính theo lịch mới",
    "finish": "Có kết quả",
    "close": "Kết thúc",
}


def nonconformity_view(connection: Connection, actor: Actor, number: str, now: datetime, problem: Problem | None) -> dict[str, Any]:
    """Everything that nonconformity.html shows; a fixed number of statements."""
    areas = services().areas
    assert areas is not None
    row = nonconformity(connection, actor, number)
    evidence = row["evidence"]
    held = evidence.get("slip", {}).get("holders", [])
    past = history(connection, actor, row["number"])
    people = names_of(
        connection,
        [
            row["handler_id"],
            row["corrected_by_id"],
            row["closed_by_id"],
            row["cancelled_by_id"],
            *(one["person"] for one in held),
            *(entry.actor_id for entry in past),
        ],
    )
    units = unit_names(connection, [row["unit_id"]])
    line = _slip_line(connection, areas.calendars, row, now)
    return {
        "found": _heading(connection, actor, row, line, now),
        "stages": _stages(row, now),
        "evidence": {
            "rows": [_evidence_row(actor, row, line, people, units)],
            "sum": _sum(connection, areas.calendars, row, line, now),
            "holders": _holders(row, people),
            "ledger": [_ledger_line(entry) for entry in evidence["ledger"]],
            "line": f"Quy trình {evidence['model']}, lịch làm việc {evidence['calendar']}, thời hạn {_limit(evidence['limit'])}.",
        },
        "correction": _correction(row, people, now),
        "closing": _closing(row, people, now),
        "history": [_history_entry(entry, people, now) for entry in past],
        "to_do": _to_do(row),
        "to_do_line": "" if row["is_light"] else "Phiếu này đi theo quy trình hành động khắc phục.",
        "main": _close_action(actor, row, problem),
        "others": _cancel_action(actor, row, problem),
    }


# --- heading and stages -----------------------------------------------------------------------------------------------


def _heading(connection: Connection, actor: Actor, row: Mapping[str, Any], line: SlipLine | None, now: datetime) -> dict[str, Any]:
    parts = ["điều 8.5.1" if not row["external_provider"] else "điều 8.4, cơ quan ngoài hệ thống", SEVERITIES[row["severity"]]]
    if row["agency_id"] != actor.agency_id:
        parts.append(f"của {agency(connection, row['agency_id']).name}, hiện ở đây vì hồ sơ là của cơ quan")
    if row["origin"] != "live":
        parts.append({"simulated": "dữ liệu mô phỏng", "imported": "hồ sơ nhập từ hệ thống cũ"}.get(row["origin"], "hồ sơ nhập sau"))
    parts.append(f"hệ thống lập lúc {timephrases.moment(row['raised_at'], now, services().zone)}")
    late = f" {timephrases.length(line.late_minutes)}" if line is not None and line.late_minutes else ""
    return {
        "number": row["number"],
        "clause_line": ", ".join(parts),
        "title": f"{row['title']}{late}",
        "dossier_code": row["subject_code"],
        "dossier_href": dossier_href(row["subject_code"]) if may(actor, "dossier.read") else None,
    }


def _stages(row: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The light path: raised, corrected, closed; a cancelled one ends where it was cancelled."""
    moments = {"raised": row["raised_at"], "corrected": row["corrected_at"], "closed": row["closed_at"]}
    path: list[str] = [status for status in moments if row["status"] != "cancelled" or moments[status] is not None]
    if row["status"] == "cancelled":
        moments["cancelled"] = row["cancelled_at"]
        path.append("cancelled")
    zone = services().zone
    shown = []
    for status in path:
        at, is_last = moments[status], status in ("closed", "cancelled")
        state = "next" if at is None else "now" if status == row["status"] and not is_last else "done"
        line = timephrases.ago(at, now, zone) if at is not None else {"corrected": "khi xong việc", "closed": "thư ký ISO"}[status]
        shown.append({"word": wording.NONCONFORMITY_STATUSES[status], "state": state, "icon": _stage_icon(status, state), "line": line})
    return shown


def _stage_icon(status: str, state: str) -> str:
    return "x" if status == "cancelled" else {"done": "tick", "now": "clock"}.get(state, "")


# --- evidence ---------------------------------------------------------------------------------------------------------


def _slip_line(connection: Connection, calendars: Calendars, row: Mapping[str, Any], now: datetime) -> SlipLine | None:
    if row["instance_id"] is None or row["step_id"] is None:
        return None
    slip = tracking_slip(connection, calendars, row["instance_id"], now)
    return next((line for line in slip.lines if line.step_id == row["step_id"]), None)


def _evidence_row(
    actor: Actor, row: Mapping[str, Any], line: SlipLine | None, people: Mapping[int, str], units: Mapping[int, str]
) -> dict[str, Any]:
    zone = services().zone
    who = row["external_provider"] or ", ".join(
        part for part in (people.get(row["handler_id"] or 0), units.get(row["unit_id"] or 0)) if part
    )
    shown: dict[str, Any] = {
        "code": row["subject_code"],
        "href": dossier_href(row["subject_code"]),
        "procedure_name": row["procedure_name"],
        "step_code": row["step_code"] or "",
        "step_name": "Cả hồ sơ" if line is None else line.name,
        "step_line": ", ".join(part for part in (who, f"thời hạn {_limit(row['evidence']['limit'])}") if part),
        "times": [f"hạn {timephrases.on_form(row['occurred_at'], zone)}"],
        "state": "overdue",
        "word": "Quá hạn",
    }
    if line is not None:
        times = (("giao", line.opened_at), ("nhận", line.claimed_at), ("hạn", row["occurred_at"]), ("xong", line.done_at))
        known = sorted((at, word) for word, at in times if at is not None)
        shown["times"] = [f"{word} {at.astimezone(zone):%H:%M %d/%m/%Y}" for at, word in known]
        shown["word"] = f"Quá hạn {timephrases.length(line.late_minutes)}" if line.late_minutes else "Quá hạn"
        if line.done_at is None:
            shown["times"].append("bước đã hủy" if line.status == "cancelled" else "chưa xong")
    return shown


def _limit(text: str) -> str:
    return TimeLimit.parse(text).in_vietnamese()


def _sum(
    connection: Connection, calendars: Calendars, row: Mapping[str, Any], line: SlipLine | None, now: datetime
) -> dict[str, Any] | None:
    """How the deadline came about, from the clock's ledger as it stands now."""
    subject = subject_of(connection, row["instance_id"])
    if subject is None:
        return None
    entries = [LedgerEntry.read(entry) for entry in ledger_of(connection, [row["instance_id"]])]
    known = {version: calendars.by_id(connection, version) for version in {entry.calendar_version_id for entry in entries}}
    calendar = known[subject["calendar_version_id"]]
    if line is None:
        told = explained_ledger(explain(entries, known, now), calendar)
        lines = [{"cells": cells.cells, "off": cells.off} for cells in told.lines] if told is not None else []
        return {"caption": "Sổ đồng hồ của hồ sơ", "lines": lines}
    own = step_ledger(
        entries,
        known,
        opened_at=line.opened_at,
        limit=TimeLimit.parse(line.limit_text),
        calendar_version_id=subject["calendar_version_id"],
        limit_minutes=line.limit_minutes,
        ended_at=line.done_at,
    )
    lines = _step_lines(explain(own, known, None if line.done_at is not None else now), calendar) if own else []
    lines += [{"cells": ("Quá hạn", _until(row, line, calendar), timephrases.ledger(line.late_minutes)), "late": True}]
    return {"caption": "Cách tính hạn của bước", "lines": lines}


def _step_lines(lines: Sequence[ExplainLine], calendar: WorkingCalendar) -> list[dict[str, Any]]:
    """A step's clock, session by session, up to its deadline."""
    words = {"start": "Bước mở", "stop": "Đồng hồ dừng", "resume": "Tính tiếp", "calendar": "Theo lịch mới"}
    told: list[dict[str, Any]] = []
    for line in lines:
        told += [_day(day) for day in line.days if day.minutes or day.days or day.day is not None]
        if line.kind in words:
            told.append({"cells": (words[line.kind], _local(line.at, calendar), ""), "off": line.kind == "stop"})
    return told


def _day(day: DayLine) -> dict[str, Any]:
    when = wording.opening(timephrases.day(day.on))
    if not day.minutes and not day.days:
        return {"cells": (when, f"nghỉ {day.day.name}, không tính" if day.day is not None else "không tính", "0:00"), "off": True}
    if day.days:
        return {"cells": (when, "tính một ngày", f"{day.counted} ngày")}
    zone = services().zone
    sessions = "; ".join(f"{one.from_.astimezone(zone):%H:%M}–{one.until.astimezone(zone):%H:%M}" for one in day.sessions)
    return {"cells": (when, sessions, timephrases.ledger(day.minutes))}


def _until(row: Mapping[str, Any], line: SlipLine, calendar: WorkingCalendar) -> str:
    end = _local(line.done_at, calendar) if line.done_at is not None else "đến lúc này"
    return f"{_local(row['occurred_at'], calendar)} – {end}"


def _local(at: datetime, calendar: WorkingCalendar) -> str:
    local = calendar.local(at)
    return f"{local:%H:%M} {timephrases.day(local.date())}"


def _holders(row: Mapping[str, Any], people: Mapping[int, str]) -> list[tuple[str, str]]:
    """Who held the step how long before the deadline passed: handing it on does not shift blame (rule 3.6)."""
    slip = row["evidence"].get("slip")
    if slip is None:
        return []
    held = [(people.get(one["person"], "người đã nghỉ việc"), timephrases.hours(one["minutes_before_due"])) for one in slip["holders"]]
    unclaimed = slip["unclaimed_minutes"]
    return [*held, *([("Chưa ai nhận", timephrases.hours(unclaimed))] if unclaimed else [])]


def _ledger_line(entry: Mapping[str, Any]) -> dict[str, str]:
    zone = services().zone
    at = datetime.fromisoformat(entry["at"])
    due = datetime.fromisoformat(entry["due_after"]) if entry["due_after"] else None
    why = _STOPS.get(entry["reason"] or "", "") if entry["kind"] == "stop" else ""
    return {
        "what": " ".join(part for part in (_LEDGER[entry["kind"]], why) if part),
        "at": timephrases.exact(at, zone),
        "due": f"hạn {timephrases.exact(due, zone)}" if due is not None else f"còn {timephrases.hours(entry['remaining_minutes'] or 0)}",
    }


# --- correction, closing, history -------------------------------------------------------------------------------------


def _correction(row: Mapping[str, Any], people: Mapping[int, str], now: datetime) -> dict[str, str] | None:
    if row["corrected_at"] is None:
        return None
    who = people.get(row["corrected_by_id"] or 0, "Hệ thống")
    reason = rules.LATE_REASONS.get(row["reason_code"] or "", "")
    text = ". ".join(part.rstrip(".") for part in (reason, row["correction"] or "") if part)
    return {
        "line": f"{timephrases.moment(row['corrected_at'], now, services().zone)}, {who}",
        "text": f"{text}." if text else "Việc đã kết thúc; không ai ghi lý do vì bước hoặc hồ sơ kết thúc theo cách khác.",
    }


def _closing(row: Mapping[str, Any], people: Mapping[int, str], now: datetime) -> dict[str, str] | None:
    zone = services().zone
    if row["cancelled_at"] is not None:
        who = people.get(row["cancelled_by_id"] or 0, "")
        return {
            "title": "3. Đã hủy",
            "line": f"{timephrases.moment(row['cancelled_at'], now, zone)}, {who}",
            "text": f"{row['cancel_reason']} Căn cứ: {row['cancel_document']}.",
        }
    if row["closed_at"] is not None:
        who = people.get(row["closed_by_id"] or 0, "")
        line = f"{timephrases.moment(row['closed_at'], now, zone)}, {who}"
        return {"title": "3. Đóng phiếu", "line": line, "text": row["close_note"] or "Đóng phiếu nhẹ, không ghi thêm."}
    return None


def _history_entry(entry: HistoryEntry, people: Mapping[int, str], now: datetime) -> dict[str, Any]:
    verb = entry.kind.rsplit(".", 1)[1]
    by_itself = verb in ("raised", "corrected")  # whoever's action brought the lateness to light, nobody wrote the slip by hand
    who = "Hệ thống" if by_itself else people.get(entry.actor_id or 0, "Hệ thống")
    words = {"raised": "lập phiếu", "corrected": "ghi nhận đã khắc phục", "closed": "đóng phiếu", "cancelled": "hủy phiếu"}
    icons = {"raised": ("alert", "overdue"), "corrected": ("tick", "early"), "closed": ("flag", "done"), "cancelled": ("x", "")}
    icon, tone = icons.get(verb, ("dots", ""))
    return {
        "icon": icon,
        "tone": tone,
        "title": f"{who} {words.get(verb, verb)}",
        "when": timephrases.moment(entry.at, now, services().zone),
    }


# --- what can be done ---------------------------------------------------------------------------------------------------


def _to_do(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    if row["status"] not in ("raised", "corrected"):
        return []
    is_corrected = row["corrected_at"] is not None
    return [
        {"ok": is_corrected, "text": "Bước hoặc hồ sơ đã xong, lý do đã ghi" if is_corrected else "Bước hoặc hồ sơ còn đang làm"},
        {"ok": False, "text": "Thư ký ISO xem và đóng phiếu"},
    ]


def _is_own(actor: Actor, row: Mapping[str, Any]) -> bool:
    return bool(row["agency_id"] == actor.agency_id)


def _close_action(actor: Actor, row: Mapping[str, Any], problem: Problem | None) -> dict[str, Any] | None:
    if not _is_own(actor, row) or row["status"] != "corrected" or not may(actor, "quality.close"):
        return None
    mine = problem if problem is not None and problem.form == "close" else None
    return {
        "id": "close",
        "label": "Đóng phiếu",
        "icon": "tick",
        "title": f"Đóng {row['number']}?",
        "text": f"{KINDS[row['kind']]} đã được khắc phục. Phiếu đóng rồi vẫn xem được, chỉ hủy được khi lập nhầm.",
        "action": url_for("quality.close", number=row["number"]),
        "button": "Đóng phiếu",
        "reason": "optional",
        "danger": False,
        "problem": mine,
        "typed": mine.typed if mine is not None else {},
    }


def _cancel_action(actor: Actor, row: Mapping[str, Any], problem: Problem | None) -> list[dict[str, Any]]:
    if not _is_own(actor, row) or row["status"] == "cancelled" or not may(actor, "quality.cancel"):
        return []
    mine = problem if problem is not None and problem.form == "cancel" else None
    return [
        {
            "id": "cancel",
            "label": "Hủy phiếu lập nhầm, cần lý do",
            "icon": "x",
            "title": f"Hủy {row['number']}?",
            "text": 'Phiếu không mất: vẫn hiện với chữ "Đã hủy", lý do và tên bạn.',
            "action": url_for("quality.cancel", number=row["number"]),
            "button": "Hủy phiếu",
            "reason": "required",
            "danger": True,
            "document": True,
            "problem": mine,
            "typed": mine.typed if mine is not None else {},
        }
    ]

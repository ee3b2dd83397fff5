"""The page of a dossier: head, summary, budget, papers, forms, nonconformities, versions."""

from collections.abc import Mapping
from typing import Any

from flask import url_for

from engine.timelimit import LimitKind
from processes.dossiers import rules
from processes.organisation.identifiers import mask_identifier
from processes.organisation.rules import local_day
from web import timephrases, wording
from web.timephrases import TimeLeft
from web.views.actions import actions_view, first_step
from web.views.budget import budget_view
from web.views.diagram import diagrams
from web.views.dossierfacts import DossierFacts
from web.views.explained import explained_ledger
from web.views.forms import form_href, form_on
from web.views.intakeform import CHANNELS, ID_KINDS
from web.views.links import nonconformity_href, trace_href
from web.views.problem import Problem
from web.views.slip import slip_rows

_NONCONFORMITY_STATES = {"raised": "next", "corrected": "ontime", "closed": "done", "cancelled": "next"}
_WAITS = {
    ("step_overdue", "raised"): "tự khắc phục khi bước hoàn thành",
    ("dossier_overdue", "raised"): "tự khắc phục khi có kết quả",
    ("step_overdue", "corrected"): "chờ thư ký ISO xem và đóng",
    ("dossier_overdue", "corrected"): "chờ thư ký ISO xem và đóng",
}


def dossier_page(facts: DossierFacts, problem: Problem | None = None, revealed: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Everything that dossier.html shows."""
    run = facts.run
    return {
        "dossier": _head(facts),
        "status": _status(facts),
        "promised": _promised(facts),
        "step_due": _step_due(facts),
        "owner": {"name": facts.view.owner["name"], "line": _owner_line(facts)},
        "parties": _parties(facts, revealed or {}),
        "budget": budget_view(facts),
        "explained": explained_ledger(run.explained, facts.calendar) if run is not None else None,
        "slip": slip_rows(facts),
        "models": diagrams(facts),
        "papers": [_paper(one, facts) for one in facts.view.papers],
        "forms": _forms(facts),
        "nonconformities": [_nonconformity(one, facts) for one in facts.nonconformities],
        "versions": _versions(facts),
        "problem": problem,
        **actions_view(facts, problem),
    }


def _head(facts: DossierFacts) -> dict[str, Any]:
    row = facts.view.row
    book = f"sổ {row['book_no']:02d}/{row['book_year']}, số thứ tự {wording.number(row['running_no'])}" if row["running_no"] else ""
    return {
        "code": facts.code,
        "procedure_name": facts.procedure.name,
        "procedure_code": facts.procedure.code,
        "variant": facts.procedure.variants.get(row["variant"] or "", ""),
        "book_line": book,
        "slip_href": form_href(facts.code, "tracking_slip") if facts.run is not None else None,
        "trace_href": trace_href(facts.code),
    }


def _status(facts: DossierFacts) -> dict[str, Any]:
    name = wording.STATUSES[facts.status]
    if facts.status in (*rules.CLOSED, rules.FINISHED, rules.RETURNED):
        reason = facts.view.row["close_reason"]
        return {"state": "done", "word": name, "line": f"Lý do: {reason}" if reason else _received(facts) or _where(facts)}
    if facts.run is None:
        time = timephrases.left(facts.view.row["answer_due_at"], facts.now, facts.calendar)
        return {"state": time.state, "word": name, "line": f"Chờ trả lời, {time}"}
    if facts.status in rules.PAUSED or facts.run.instance["clock"] == "stopped":
        return {"state": "paused", "word": None, "line": f"{name}. {_where(facts)}".strip()}
    due_at = facts.run.instance["due_at"]
    state = timephrases.left(due_at, facts.now, facts.calendar, soon_minutes=facts.calendar.minutes_per_working_day).state
    return {"state": state, "word": None, "line": _where(facts)}


def _received(facts: DossierFacts) -> str:
    """Who has the result, once it was returned."""
    row = facts.view.row
    if row["returned_at"] is None or not row["result_receiver"]:
        return ""
    return f"{row['result_receiver']} nhận lúc {timephrases.moment(row['returned_at'], facts.now, facts.calendar.zone)}"


def _where(facts: DossierFacts) -> str:
    """In whose hands the dossier is."""
    if facts.run is None:
        return ""
    told = []
    for line in facts.run.slip.lines:
        if line.status in ("open", "claimed"):
            told.append(f"{line.code} {line.name}, ở {line.giver.person or line.giver.unit}")
    return "; ".join(told)


def _promised(facts: DossierFacts) -> dict[str, Any] | None:
    if facts.run is None:
        return None
    instance = facts.run.instance
    judged_by = instance["breached_at"] or instance["due_at"]
    if instance["finished_at"] is not None:
        told = timephrases.finished(judged_by, instance["finished_at"], facts.calendar)
        told = TimeLeft(
            told.length, f"xong {timephrases.moment(instance['finished_at'], facts.now, facts.calendar.zone)}", told.exact, told.state, ""
        )
        return {"label": "Kết quả so với hẹn trả", "time": told}
    if instance["status"] == "cancelled":
        return None
    if instance["clock"] == "stopped" and instance["due_at"] is None:
        told = timephrases.paused(instance["stopped_at"], instance["remaining_minutes"], facts.now, facts.calendar)
        return {"label": "Hẹn trả kết quả", "time": told}
    in_days = facts.run.limit.kind is LimitKind.CALENDAR_DAYS
    day = facts.calendar.minutes_per_working_day
    told = timephrases.left(instance["due_at"], facts.now, facts.calendar, calendar_days=in_days, soon_minutes=day)
    return {"label": "Hẹn trả kết quả", "time": told}


def _step_due(facts: DossierFacts) -> dict[str, Any] | None:
    step = first_step(facts)
    if step is None or (step["due_at"] is None and step["reply_due_at"] is None):
        return None
    if step["due_at"] is None:
        at = timephrases.moment(step["reply_due_at"], facts.now, facts.calendar.zone)
        exact = timephrases.exact(step["reply_due_at"], facts.calendar.zone)
        return {"label": f"Chờ trả lời ở bước {step['code']}", "time": TimeLeft(f"đến {at}", "đồng hồ đang dừng", exact, "paused", "")}
    return {"label": f"Hạn của bước {step['code']}", "time": timephrases.left(step["due_at"], facts.now, facts.calendar)}


# --- who -------------------------------------------------------------------------------------------------------------


def _owner_line(facts: DossierFacts) -> str:
    owner, filer = facts.view.owner, facts.view.filer
    phone = (wording.phone if facts.in_clear else wording.masked)(owner["phone"]) if owner["phone"] else ""
    by = f"{filer['name']} nộp thay" if filer is not None else "tự nộp"
    return ", ".join(part for part in (phone, by, CHANNELS[facts.view.row["channel"]].lower()) if part)


def _parties(facts: DossierFacts, revealed: Mapping[str, str]) -> list[dict[str, Any]]:
    entries = [("owner", "Chủ hồ sơ", facts.view.owner), ("filer", "Người nộp", facts.view.filer)]
    return [_party(part, title, party, facts, revealed.get(part)) for part, title, party in entries if party is not None]


def _party(part: str, title: str, party: Mapping[str, Any], facts: DossierFacts, shown: str | None) -> dict[str, Any]:
    """Address, telephone and e-mail in clear or not at all; the ID number only on asking, which leaves a trace."""
    hidden = "" if facts.in_clear else "•••"
    return {
        "part": part,
        "title": title,
        "name": party["name"],
        "id_label": ID_KINDS.get(party["id_kind"], "Số giấy tờ"),
        "id_number": shown or mask_identifier(party["id_number"]),
        "is_shown": shown is not None,
        "reveal_href": url_for("dossier.identifier", code=facts.code, part=part) if facts.in_clear and shown is None else None,
        "phone": (wording.phone if facts.in_clear else wording.masked)(party["phone"]) if party["phone"] else "",
        "address": hidden or party["address"],
        "email": hidden if party["email"] and hidden else party["email"],
    }


# --- what is in it ---------------------------------------------------------------------------------------------------


def _paper(paper: Mapping[str, Any], facts: DossierFacts) -> dict[str, Any]:
    at = timephrases.moment(paper["received_at"], facts.now, facts.calendar.zone)
    return {
        "name": paper["name"],
        "line": f"bổ sung lần {paper['supplement_no']}, {at}" if paper["supplement_no"] else f"nhận {at}",
        "originals": paper["originals"],
        "copies": paper["certified"] + paper["copies"],
        "href": None,
    }


def _forms(facts: DossierFacts) -> list[dict[str, Any]]:
    zone = facts.calendar.zone
    rows = []
    for form in facts.view.forms:
        known = form_on(form["form"], local_day(form["issued_at"]))
        ordinal = f", lần {form['data']['ordinal']}" if "ordinal" in form["data"] else ""
        by = facts.names.get(form["issued_by_id"] or 0)
        rows.append(
            {
                "name": f"{known.number} {known.title}{ordinal}",
                "line": ", ".join(part for part in (f"số {form['number']}", by) if part),
                "href": form_href(facts.code, form["form"]) if facts.in_clear else None,  # it shows the ID number
                "at": timephrases.moment(form["issued_at"], facts.now, zone),
            }
        )
    if facts.run is not None:
        known = form_on("tracking_slip", local_day(facts.now))
        started = timephrases.moment(facts.run.instance["started_at"], facts.now, zone)
        rows.append(
            {
                "name": f"{known.number} {known.title}",
                "line": "luôn là bản mới nhất",
                "href": form_href(facts.code, "tracking_slip"),
                "at": started,
            }
        )
    return rows


def _nonconformity(one: Mapping[str, Any], facts: DossierFacts) -> dict[str, Any]:
    return {
        "number": one["number"],
        "href": nonconformity_href(one["number"]),
        "line": f"{one['title']}, hạn {timephrases.moment(one['occurred_at'], facts.now, facts.calendar.zone)}.",
        "state": _NONCONFORMITY_STATES[one["status"]],
        "word": wording.NONCONFORMITY_STATUSES[one["status"]],
        "waits": _WAITS.get((one["kind"], one["status"]), ""),
    }


def _versions(facts: DossierFacts) -> list[tuple[str, str]]:
    procedure = facts.procedure
    told = [("Thủ tục", f"{procedure.code}, bản {procedure.version}, từ {timephrases.full_day(procedure.effective_from)}")]
    if facts.run is not None:
        told.append(("Quy trình", f"{facts.run.definition['key']}, lần {facts.run.definition['version']}"))
        told.append(("Thời hạn", facts.run.limit.in_vietnamese()))
    told.append(("Lịch làm việc", f"bản {facts.calendar.version}"))
    return [*told, ("Biểu mẫu", form_on("receipt_slip", local_day(facts.now)).circular)]

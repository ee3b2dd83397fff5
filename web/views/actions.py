"""What this actor can do with a dossier now; the operations decide again, this only spares people what they would refuse."""

from collections.abc import Mapping
from typing import Any

from flask import url_for

from engine.timelimit import is_late
from processes.dossiers import rules
from processes.organisation.rights import may
from processes.quality.rules import LATE_REASONS
from web import timephrases, wording
from web.views.dossierfacts import DossierFacts, Run
from web.views.intakeparts import papers_view
from web.views.moveactions import move_entries
from web.views.problem import Problem

STEP_FORM = "step-{step_id}"


def actions_view(facts: DossierFacts, problem: Problem | None) -> dict[str, Any]:
    """work: the steps that the actor holds or may take; others: what opens a dialog; waiting: what is said when there is no work."""
    work = [_work(step, facts, problem) for step in facts.view.open_steps if _is_mine(step, facts)] if facts.run is not None else []
    others = [entry for entry in (_receive(facts), _accept(facts), _supplement(facts), _refuse(facts), _withdraw(facts)) if entry]
    others = [*(entry for entry in others if entry["main"]), *move_entries(facts), *(entry for entry in others if not entry["main"])]
    for entry in others:
        entry["problem"] = problem if problem is not None and problem.form == entry["id"] else None
        entry["typed"] = entry["problem"].typed if entry["problem"] else {}
    return {"work": work, "others": others, "waiting": _waiting(facts)}


def first_step(facts: DossierFacts) -> Mapping[str, Any] | None:
    """The open step that matters most to the actor: one they hold, one they may take, else the first."""

    def rank(step: Mapping[str, Any]) -> int:
        return 0 if _is_held(step, facts) else 1 if _is_mine(step, facts) else 2

    return min(facts.view.open_steps, key=rank, default=None)


def _is_held(step: Mapping[str, Any], facts: DossierFacts) -> bool:
    return step["handler_id"] is not None and step["handler_id"] == facts.actor.person_id


def _is_mine(step: Mapping[str, Any], facts: DossierFacts) -> bool:
    if step["agency_id"] != facts.actor.agency_id or not may(facts.actor, "step.work"):
        return False
    return facts.actor.holds(step["role"], step["unit_id"]) and step["handler_id"] in (None, facts.actor.person_id)


# --- steps -----------------------------------------------------------------------------------------------------------


def _work(step: Mapping[str, Any], facts: DossierFacts, problem: Problem | None) -> dict[str, Any]:
    assert facts.run is not None
    name, held = f"{step['code']} {step['name']}", _is_held(step, facts)
    form = STEP_FORM.format(step_id=step["id"])
    of_step = problem if problem is not None and problem.form == form else None
    entry: dict[str, Any] = {
        "form": form,
        "step_id": step["id"],
        "step_code": step["code"],
        "step_name": step["name"],
        "problem": of_step,
        "typed": of_step.typed if of_step is not None else {},
        "claim": None,
        "release": _step_address("release", step, facts) if held else None,
        "complete": None,
        "hand_over": None,
    }
    own = _own_work(step, facts.run, facts)
    if own is not None:
        return entry | {"text": f"Bạn đã làm {own}, nên không tự làm {name}. Người khác cùng vai trò nhận bước này."}
    if not held:
        return entry | {"text": f"Chưa ai nhận bước {name}.", "claim": _step_address("claim", step, facts)}
    if facts.run.instance["clock"] == "stopped" and not step["stops_clock"]:
        return entry | {"text": f"Bạn đang giữ bước {name}. Đồng hồ đang dừng; bước này hoàn thành được khi đồng hồ chạy tiếp."}
    if step["status_on_completion"] == rules.RETURNED:
        address = _step_address("return_result", step, facts)
        if not may(facts.actor, "dossier.return_result"):
            return entry | {"text": f"Bạn đang giữ bước {name}."}
        return entry | {"text": "Kết quả đã có. Ghi người nhận rồi trả.", "hand_over": address}
    outcomes = [(one.key, one.label) for one in facts.run.model.steps[step["element_id"]].outcomes]
    ask = "Chọn kết quả rồi hoàn thành." if outcomes else "Làm xong thì hoàn thành."
    complete = {
        "action": _step_address("complete", step, facts),
        "outcomes": outcomes,
        "late": step["breached_at"] is not None or is_late(step["due_at"], facts.now),
        "reasons": list(LATE_REASONS.items()),
        "next_line": _next_line(facts.run) if not outcomes else None,
    }
    return entry | {"text": f"Bạn đang giữ bước {name}. {ask}", "complete": complete}


def _step_address(verb: str, step: Mapping[str, Any], facts: DossierFacts) -> str:
    return url_for(f"dossier.{verb}", code=facts.code, step_id=step["id"])


def _own_work(step: Mapping[str, Any], run: Run, facts: DossierFacts) -> str | None:
    """The step that the actor has done and that keeps them from doing this one."""
    rule = run.model.steps[step["element_id"]].handler
    if rule is None or rule.kind != "not":
        return None
    done_by = run.instance["tally"].get(rule.code, (0, None))[1]
    return rule.code if done_by is not None and done_by == facts.actor.person_id else None


def _next_line(run: Run) -> str | None:
    if not run.ahead:
        return None
    after = run.ahead[0]
    return f"Chuyển tới {after.code} {after.title}, {run.units.get(after.lane_id, '')}.".replace(", .", ".")


def _waiting(facts: DossierFacts) -> str:
    """Where the dossier is, for whom there is nothing to do."""
    told = []
    for step in facts.view.open_steps:
        holder = facts.names.get(step["handler_id"] or 0)
        told.append(f"{step['code']} {step['name']} đang ở {holder}." if holder else f"{step['code']} {step['name']} chưa ai nhận.")
    if told:
        return f"Không có bước nào của bạn. {' '.join(told)}"
    row, zone = facts.view.row, facts.calendar.zone
    ended = row["returned_at"] or row["closed_at"]
    if ended is not None:
        return f"{wording.STATUSES[facts.status]} {timephrases.moment(ended, facts.now, zone)}. Không còn việc gì."
    return "Hồ sơ chờ trả lời của bộ phận tiếp nhận." if facts.run is None else "Không có bước nào đang mở."


# --- operations on the dossier ---------------------------------------------------------------------------------------


def _allowed(facts: DossierFacts, permission: str, wanted: int) -> bool:
    row = facts.view.row
    return may(facts.actor, permission, agency_id=row["agency_id"]) and rules.may_become(row["status"], row["status_before"], wanted)


def _receive(facts: DossierFacts) -> dict[str, Any] | None:
    if facts.status != rules.SUPPLEMENT or not may(facts.actor, "dossier.supplement", agency_id=facts.view.row["agency_id"]):
        return None
    local = facts.calendar.local(facts.now)
    since = facts.run.instance["stopped_at"] if facts.run is not None else None
    stopped = f" Đồng hồ dừng từ {timephrases.moment(since, facts.now, facts.calendar.zone)}." if since is not None else ""
    return {
        "id": "receive",
        "main": True,
        "key": "b",
        "label": "Nhận bổ sung",
        "line": "đồng hồ chạy tiếp",
        "icon": "tick",
        "title": "Nhận bổ sung",
        "text": f"Đồng hồ chạy tiếp từ lúc nhận giấy tờ, không phải lúc nhập.{stopped}",
        "action": url_for("dossier.receive_supplement", code=facts.code),
        "button": "Nhận bổ sung",
        "reason": None,
        "danger": False,
        "fields": "_fields_receive.html",
        "received_at": f"{local:%H:%M %d/%m/%Y}",
        "papers": [{**paper, "received": False, "required": False} for paper in papers_view(facts.procedure, {}, {})],
    }


def _accept(facts: DossierFacts) -> dict[str, Any] | None:
    if facts.status != rules.FILED or not _allowed(facts, "dossier.accept", rules.ACCEPTED):
        return None
    return {
        "id": "accept",
        "main": True,
        "key": "h",
        "label": "Tiếp nhận hồ sơ",
        "line": "đồng hồ bắt đầu chạy",
        "icon": "tick",
        "title": "Tiếp nhận hồ sơ trực tuyến",
        "text": "Hồ sơ vào sổ, đồng hồ bắt đầu từ bây giờ, Mẫu 01 và 06 được lập.",
        "action": url_for("dossier.accept", code=facts.code),
        "button": "Tiếp nhận hồ sơ",
        "reason": None,
        "danger": False,
        "fields": None,
    }


def _supplement(facts: DossierFacts) -> dict[str, Any] | None:
    if not _allowed(facts, "dossier.supplement", rules.SUPPLEMENT):
        return None
    asked, allowed = len(facts.view.supplements), int(facts.procedure.facts.get("supplement", {}).get("times", 1))
    used_up = asked >= allowed
    now = timephrases.clock_time(facts.now, facts.calendar.zone)
    left = (
        facts.calendar.between(facts.now, due_at) if facts.run is not None and (due_at := facts.run.instance["due_at"]) is not None else 0
    )
    remaining = f", khi còn {timephrases.hours(left)}" if left > 0 else ""
    again = f" Thủ tục cho yêu cầu {allowed} lần, đã dùng {asked} lần." if used_up else ""
    return {
        "id": "supplement",
        "main": False,
        "key": None,
        "label": "Yêu cầu bổ sung (Mẫu 02)",
        "line": f"đã dùng {asked} lần, cần lý do" if asked else "đồng hồ dừng, cần lý do",
        "icon": "edit",
        "title": "Yêu cầu bổ sung (Mẫu 02)",
        "text": f"Đồng hồ dừng từ bây giờ, {now}{remaining}. Chỉ nên yêu cầu một lần: liệt kê đủ giấy tờ.{again}",
        "action": url_for("dossier.supplement", code=facts.code),
        "button": "Gửi Mẫu 02",
        "reason": "required",
        "danger": False,
        "fields": "_fields_supplement.html",
        "used_up": used_up,
    }


def _refuse(facts: DossierFacts) -> dict[str, Any] | None:
    if not _allowed(facts, "dossier.refuse", rules.REFUSED):
        return None
    return {
        "id": "refuse",
        "main": False,
        "key": None,
        "label": "Từ chối (Mẫu 03)",
        "line": "cần lý do, không mở lại được",
        "icon": "x",
        "title": "Từ chối (Mẫu 03)",
        "text": f"Từ chối hồ sơ của {facts.view.owner['name']}? Mẫu 03 được lập và gửi ngay. Ghi lý do cụ thể, người nộp sẽ đọc.",
        "action": url_for("dossier.refuse", code=facts.code),
        "button": "Từ chối và gửi Mẫu 03",
        "reason": "required",
        "danger": True,
        "fields": None,
    }


def _withdraw(facts: DossierFacts) -> dict[str, Any] | None:
    if not _allowed(facts, "dossier.withdraw", rules.WITHDRAWN):
        return None
    return {
        "id": "withdraw",
        "main": False,
        "key": None,
        "label": "Cho rút hồ sơ",
        "line": "theo đề nghị của công dân, cần lý do",
        "icon": "undo",
        "title": "Cho rút hồ sơ",
        "text": f"Cho {facts.view.owner['name']} rút hồ sơ? Hồ sơ đóng lại, giấy tờ trả cho người nộp.",
        "action": url_for("dossier.withdraw", code=facts.code),
        "button": "Cho rút hồ sơ",
        "reason": "required",
        "danger": True,
        "fields": None,
    }

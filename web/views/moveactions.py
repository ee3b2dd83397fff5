"""The moves without drawn arrows as dialogs on a dossier's page: hand over, take over, send back."""

from collections.abc import Mapping
from typing import Any

from flask import url_for

from processes.organisation.moves import Choices
from web.views.dossierfacts import DossierFacts

_DIALOG: Mapping[str, Any] = {"main": False, "key": None, "danger": False, "fields": None}


def move_entries(facts: DossierFacts) -> list[dict[str, Any]]:
    """A dialog for each move of each open step that the actor could make."""
    found = []
    for step in facts.view.open_steps:
        offered = facts.moves.get(step["id"], Choices())
        found += [
            entry
            for entry in (_hand_over(step, offered, facts), _take_over(step, offered, facts), _send_back(step, offered, facts))
            if entry
        ]
    return found


def _hand_over(step: Mapping[str, Any], offered: Choices, facts: DossierFacts) -> dict[str, Any] | None:
    if not offered.colleagues:
        return None
    held = step["handler_id"] == facts.actor.person_id
    holder = facts.names.get(step["handler_id"] or 0)
    whose = "" if held else f"{holder} đang giữ bước này. " if holder else "Chưa ai nhận bước này. "
    return {
        **_DIALOG,
        "id": f"handover-{step['id']}",
        "label": "Bàn giao cho người khác",
        "line": _named(step),
        "icon": "user",
        "title": f"Bàn giao {_named(step)}",
        "text": f"{whose}Thời hạn của bước giữ nguyên; số phút của mỗi người đã giữ vẫn ghi ở bước.",
        "action": url_for("dossier.hand_over", code=facts.code, step_id=step["id"]),
        "button": "Bàn giao",
        "reason": "optional" if held else "required",
        "fields": "_fields_handover.html",
        "people": [(str(person.id), _person(person.full_name, person.title)) for person in offered.colleagues],
    }


def _take_over(step: Mapping[str, Any], offered: Choices, facts: DossierFacts) -> dict[str, Any] | None:
    if not offered.may_take_over:
        return None
    holder = facts.names.get(step["handler_id"] or 0) or "Người khác"
    return {
        **_DIALOG,
        "id": f"takeover-{step['id']}",
        "label": f"Nhận thay {step['code']}",
        "line": f"{holder} đang giữ, cần lý do",
        "icon": "hand",
        "title": f"Nhận thay {_named(step)}",
        "text": f"{holder} đang giữ bước này. Số phút người đó đã giữ vẫn ghi ở bước.",
        "action": url_for("dossier.take_over", code=facts.code, step_id=step["id"]),
        "button": "Nhận thay",
        "reason": "required",
    }


def _send_back(step: Mapping[str, Any], offered: Choices, facts: DossierFacts) -> dict[str, Any] | None:
    if not offered.earlier:
        return None
    rest = "Bước làm lại có đủ thời hạn của bước; ngày hẹn trả không đổi."
    latest = offered.earlier[0]
    text = f"Trả lại {latest.code}{f' cho {latest.done_by}' if latest.done_by else ''}? {rest}"
    return {
        **_DIALOG,
        "id": f"send-back-{step['id']}",
        "label": "Trả lại bước trước",
        "line": f"từ {step['code']}, cần lý do",
        "icon": "undo",
        "title": f"Trả lại bước trước {_named(step)}",
        "text": text if len(offered.earlier) == 1 else f"Chọn bước phải làm lại. {rest}",
        "action": url_for("dossier.send_back", code=facts.code, step_id=step["id"]),
        "button": "Trả lại",
        "reason": "required",
        "danger": True,
        "fields": "_fields_send_back.html",
        "earlier": [(one.code, _person(f"{one.code} {one.name}", one.done_by)) for one in offered.earlier],
    }


def _named(step: Mapping[str, Any]) -> str:
    return f"{step['code']} {step['name']}"


def _person(name: str, more: str) -> str:
    return f"{name}, {more}" if more else name

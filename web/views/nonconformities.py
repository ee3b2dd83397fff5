"""The register of nonconformities in words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from engine.actor import Actor
from processes.organisation.rights import may
from processes.quality import rules
from processes.quality.register import AGE_DAYS, OPEN, NonconformityFilter, NonconformityLine, Stage
from web import timephrases, wording
from web.views.addresses import Asked, dossier_href, nonconformity_href, read_choice, read_number, without_blanks

PAGE_SIZE = 50
KINDS: Mapping[str, str] = {"step_overdue": "Bước quá hạn", "dossier_overdue": "Hồ sơ quá hạn trả"}
SEVERITIES: Mapping[str, str] = {"low": "mức nhẹ", "medium": "mức vừa", "high": "mức nặng"}
STATE_OF: Mapping[str, str] = {"raised": "soon", "corrected": "ontime", "closed": "done", "cancelled": "next"}


def read_filter(asked: Asked) -> NonconformityFilter:
    """What the address bar asks."""
    return NonconformityFilter(
        statuses=tuple(status for status in asked.getlist("status") if status in rules.STATUSES),
        kind=read_choice(asked, "kind", rules.KINDS),
        unit_id=read_number(asked, "unit"),
        step_code=asked.get("step", "").strip()[:16] or None,
        text=asked.get("q", "").strip()[:100],
    )


def parameters(asked: NonconformityFilter, **more: Any) -> dict[str, Any]:
    """The filter as parameters of an address."""
    values = {
        "status": list(asked.statuses),
        "kind": asked.kind,
        "unit": asked.unit_id,
        "step": asked.step_code,
        "q": asked.text,
        **more,
    }
    return without_blanks(values)


def href(asked: NonconformityFilter, **more: Any) -> str:
    """The address of the register, filtered."""
    return url_for("quality.nonconformities", **parameters(asked, **more))


def counters(stages: Mapping[str, Stage], asked: NonconformityFilter) -> list[dict[str, Any]]:
    """How many there are in each state; each leads to them, and back."""
    icons = {"raised": "alert", "corrected": "tick", "closed": "flag", "cancelled": "x"}
    tones = {"raised": "overdue", "corrected": "soon", "closed": "done", "cancelled": ""}
    lines = {
        "raised": "bước hoặc hồ sơ còn đang làm",
        "corrected": "chờ thư ký ISO đóng",
        "closed": "không còn việc",
        "cancelled": "lập nhầm, vẫn lưu",
    }
    shown = []
    for status in rules.STATUSES:
        stage, pressed = stages.get(status), asked.statuses == (status,)
        count = stage.count if stage is not None else 0
        shown.append(
            {
                "name": wording.NONCONFORMITY_STATUSES[status],
                "icon": icons[status],
                "tone": tones[status] if count else "",
                "count": count,
                "line": lines[status],
                "href": href(replace(asked, statuses=() if pressed else (status,))),
                "pressed": pressed,
            }
        )
    return shown


def ages(stages: Mapping[str, Stage], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """How long the open ones have been where they are."""
    heads = [f"đến {AGE_DAYS[0]} ngày", f"{AGE_DAYS[0] + 1}–{AGE_DAYS[1]} ngày", f"trên {AGE_DAYS[1]} ngày", "Lâu nhất từ"]
    rows = []
    for status in OPEN:
        stage = stages.get(status)
        if stage is not None:
            oldest = timephrases.ago(stage.oldest_since, now, zone) if stage.oldest_since is not None else ""
            rows.append(
                {
                    "word": wording.NONCONFORMITY_STATUSES[status],
                    "state": STATE_OF[status],
                    "figures": [stage.young, stage.older, stage.old],
                    "oldest": oldest,
                }
            )
    return {"heads": heads, "rows": rows}


def line_view(line: NonconformityLine, actor: Actor, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    days = (now - line.stage_since).days
    return {
        "number": line.number,
        "href": nonconformity_href(line.number),
        "kind": KINDS[line.kind],
        "title": line.title,
        "code": line.subject_code,
        "dossier_href": dossier_href(line.subject_code) if may(actor, "dossier.read") else None,
        "procedure_name": line.procedure_name,
        "whose": whose(line),
        "note": "cơ quan ngoài hệ thống (8.4)" if line.external_provider else "" if line.is_own else "của cơ quan khác",
        "occurred": timephrases.moment(line.occurred_at, now, zone),
        "occurred_exact": timephrases.exact(line.occurred_at, zone),
        "state": STATE_OF[line.status],
        "word": wording.NONCONFORMITY_STATUSES[line.status],
        "age": "" if line.status not in OPEN else ("hôm nay" if days < 1 else f"{wording.number(days)} ngày"),
        "is_old": line.status in OPEN and days > AGE_DAYS[1],
        "may_close": line.is_own and line.status == "corrected" and may(actor, "quality.close"),
        "may_cancel": line.is_own and line.status != "cancelled" and may(actor, "quality.cancel"),
    }


def whose(line: NonconformityLine) -> str:
    """The handler when the deadline passed, else the unit; another agency by its name (rule 3.6)."""
    if line.external_provider:
        return line.external_provider
    if not line.is_own:
        return line.agency_name
    return ", ".join(part for part in (line.handler_name, line.unit_name) if part) or "Cả hồ sơ"


def told_filter(asked: NonconformityFilter, units: Sequence[tuple[int, str]]) -> list[str]:
    told = [wording.NONCONFORMITY_STATUSES[status].lower() for status in asked.statuses]
    if asked.kind:
        told.append(KINDS[asked.kind].lower())
    if asked.unit_id is not None:
        told.append(dict(units).get(asked.unit_id, "đơn vị khác"))
    if asked.step_code:
        told.append(f"bước {asked.step_code}")
    if asked.text:
        told.append(f'có "{asked.text}"')
    return told

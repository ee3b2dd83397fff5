"""What the search found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from engine.timelimit import is_late
from processes.dossiers import rules
from processes.dossiers.queries import DossierLine
from web import timephrases, wording

SHOWN = 50


def found_view(found: Sequence[DossierLine], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The lines of search.html; one more than is shown tells that there are more."""
    return {"rows": [_row(one, now, zone) for one in found[:SHOWN]], "has_more": len(found) > SHOWN, "most": SHOWN}


def _row(one: DossierLine, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    state = _state(one, now)
    return {
        "code": one.code,
        "href": url_for("dossier.dossier", code=one.code),
        "owner": one.owner_name,
        "procedure_name": one.procedure_name,
        "procedure_code": one.procedure_code,
        "state": state,
        "word": "Quá hạn" if state == "overdue" else wording.STATUSES[one.status],
        "line": _line(one, now, zone),
    }


def _state(one: DossierLine, now: datetime) -> str:
    if one.status in (*rules.CLOSED, rules.RETURNED, rules.FINISHED):
        return "done"
    if is_late(one.due_at, now):
        return "overdue"
    return "paused" if one.status in rules.PAUSED else "running"


def _line(one: DossierLine, now: datetime, zone: ZoneInfo) -> str:
    ended = one.returned_at or one.closed_at or one.finished_at
    if ended is not None:
        return f"xong {timephrases.ago(ended, now, zone)}"
    if one.promised_at is not None and one.status not in rules.PAUSED:
        return f"hẹn trả {timephrases.moment(one.promised_at, now, zone)}"
    return f"nộp {timephrases.ago(one.filed_at, now, zone)}"

"""A line of the online filings that wait for their answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from engine.worktime import WorkingCalendar
from processes.dossiers.worklists import Filing
from web import timephrases, wording
from web.timephrases import TimeLeft


@dataclass(frozen=True)
class FilingRow:
    """An online filing as the desk shows it; its answer clock is its own, never a step's."""

    code: str
    href: str
    owner: str
    phone: str
    procedure_name: str
    procedure_code: str
    filed: str
    state: str
    word: str | None
    time: TimeLeft
    accept_action: str
    refuse_href: str


def filing_row(filing: Filing, asked: dict[str, Any], now: datetime, calendar: WorkingCalendar) -> FilingRow:
    """Only whoever may accept sees these lines, and sees the telephone number in clear."""
    time = timephrases.left(filing.answer_due_at, now, calendar)
    return FilingRow(
        code=filing.code,
        href=url_for("dossier.dossier", code=filing.code),
        owner=filing.owner_name,
        phone=wording.phone(filing.owner_phone),
        procedure_name=filing.procedure_name,
        procedure_code=filing.procedure_code,
        filed=f"nộp {timephrases.moment(filing.filed_at, now, calendar.zone)}",
        state=time.state,
        word="Quá giờ trả lời" if time.state == "overdue" else None,
        time=time,
        accept_action=url_for("desk.accept_filing", code=filing.code, **asked),
        refuse_href=url_for("dossier.dossier", code=filing.code, _anchor="now"),
    )

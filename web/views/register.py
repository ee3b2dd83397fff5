"""The dossier register as a page and as a file: what is asked, its lines in words, the columns of Mẫu 07."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from processes.dossiers import rules
from processes.organisation.rules import local_day
from processes.reporting.figures import FIGURES
from processes.reporting.register import BY, STATES, RegisterFilter, RegisterLine
from web import timephrases, wording
from web.views.addresses import Asked, dossier_href, read_choice, read_number, read_period, told_period, without_blanks
from web.views.downloads import Row

PAGE_SIZE = 50

# Source: facts 2.7, set and order of the columns of Mẫu 07.
COLUMNS = (
    "TT",
    "Mã hồ sơ",
    "Tên thủ tục hành chính",
    "Số lượng hồ sơ (bộ)",
    "Tên cá nhân, tổ chức",
    "Địa chỉ, số điện thoại",
    "Cơ quan chủ trì giải quyết",
    "Nhận hồ sơ",
    "Hẹn trả kết quả",
    "Chuyển hồ sơ đến cơ quan giải quyết",
    "Nhận kết quả từ cơ quan giải quyết",
    "Trả kết quả: ngày, tháng, năm",
    "Phương thức nhận kết quả",
    "Ký nhận",
    "Ghi chú",
)
WIDTHS = (6, 26, 34, 8, 24, 34, 26, 17, 17, 17, 17, 17, 14, 20, 34)

RESULT_CHANNELS: Mapping[str, str] = {"counter": "trực tiếp", "postal": "bưu chính công ích", "online": "trực tuyến"}
ORIGINS: Mapping[str, str] = {"simulated": "mô phỏng", "imported": "nhập từ hệ thống cũ", "retroactive": "nhập sau"}


def read_filter(asked: Asked, now: datetime) -> RegisterFilter:
    """What the address bar asks of the register."""
    statuses = tuple(int(text) for text in asked.getlist("status") if text in {str(one) for one in wording.STATUSES})
    return RegisterFilter(
        period=read_period(asked, local_day(now)),
        by=read_choice(asked, "by", BY) or "accepted",
        procedure_code=asked.get("procedure", "").strip()[:16] or None,
        statuses=statuses,
        state=read_choice(asked, "state", STATES),
        text=asked.get("q", "").strip()[:200],
        unit_id=read_number(asked, "unit"),
        holder_id=read_number(asked, "holder"),
        step_code=asked.get("step", "").strip()[:16] or None,
        live_only=asked.get("origin") == "live",
    )


def parameters(asked: RegisterFilter) -> dict[str, Any]:
    """The filter as parameters of an address."""
    return without_blanks(
        {
            "since": asked.period.since.isoformat() if asked.period else None,
            "until": asked.period.until.isoformat() if asked.period else None,
            "by": asked.by if asked.by != "accepted" else None,
            "procedure": asked.procedure_code,
            "status": list(asked.statuses),
            "state": asked.state,
            "q": asked.text,
            "unit": asked.unit_id,
            "step": asked.step_code,
            "origin": "live" if asked.live_only else None,
        }
    ) | ({"holder": asked.holder_id} if asked.holder_id is not None else {})


def register_href(asked: RegisterFilter, **more: Any) -> str:
    """The address of the register, filtered."""
    return url_for("register.register", **parameters(asked), **more)


def state_choices() -> list[tuple[str, str]]:
    """States to filter by, in the words of the figures."""
    return [(state, FIGURES[state].name) for state in STATES]


def line_view(line: RegisterLine, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """A line as the table shows it; an online filing that nobody has accepted yet has no number."""
    state, word = _state(line, now, zone)
    return {
        "number": wording.number(line.running_no) if line.running_no else "–",
        "code": line.code,
        "href": dossier_href(line.code),
        "procedure_name": line.procedure_name,
        "procedure_code": line.procedure_code,
        "sets": line.sets,
        "owner": line.owner_name,
        "contact": _contact(line, wording.phone),
        "unit": line.unit_name or "",
        "dates": [
            _date("Nhận", line.accepted_at or line.filed_at, zone),
            _date("Hẹn", line.promised_at, zone),
            _date("Chuyển", line.handed_over_at, zone),
            _date("Có kết quả", line.finished_at, zone),
            _date("Trả", line.returned_at, zone),
        ],
        "result_channel": RESULT_CHANNELS.get(line.result_channel, line.result_channel),
        "receiver": line.result_receiver or "",
        "state": state,
        "word": word,
        "note": _note(line),
        "is_late": line.breached_at is not None,
    }


def file_rows(lines: Iterator[RegisterLine], now: datetime, zone: ZoneInfo) -> Iterator[Row]:
    """The fifteen columns of each line, for CSV and Excel."""
    for line in lines:
        yield (
            line.running_no or "–",
            line.code,
            f"{line.procedure_name} ({line.procedure_code})",
            line.sets,
            line.owner_name,
            "; ".join(_contact(line)),
            line.unit_name,
            line.accepted_at or line.filed_at,
            line.promised_at,
            line.handed_over_at,
            line.finished_at,
            line.returned_at,
            RESULT_CHANNELS.get(line.result_channel, line.result_channel),
            line.result_receiver,
            ", ".join(part for part in (_state(line, now, zone)[1], *_note(line)) if part),
        )


def told_filter(asked: RegisterFilter, procedures: Sequence[tuple[str, str]], names: Mapping[str, str]) -> list[str]:
    """What the list is filtered by, in words; for the heading, the print and whoever follows a figure here."""
    told: list[str] = []
    if asked.period is not None:
        moment = {"resolved": "giải quyết xong", "book": "kỳ"}.get(asked.by, "nhận")
        told.append(f"{moment} {told_period(asked.period)}")
    if asked.procedure_code:
        told.append(dict(procedures).get(asked.procedure_code, asked.procedure_code))
    told += [wording.STATUSES[status].lower() for status in asked.statuses]
    if asked.state:
        told.append(FIGURES[asked.state].name.lower())
    if asked.step_code or asked.unit_id is not None or asked.holder_id is not None:
        parts = ("có bước quá hạn", asked.step_code or "", names.get("unit", ""), names.get("holder", ""))
        told.append(" ".join(part for part in parts if part))
    if asked.text:
        told.append(f'có "{asked.text}"')
    if asked.live_only:
        told.append("không kể hồ sơ nhập lại, mô phỏng")
    return told


def counters(asked: RegisterFilter, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many of the filtered lines stand where; each leads to them."""
    shown = (
        ("open", "desk", ""),
        ("overdue", "alert", "overdue"),
        ("paused", "pause", "paused"),
        ("resolved", "check", ""),
        ("late", "alert", ""),
    )
    return [
        {
            "name": FIGURES[state].name,
            "meaning": FIGURES[state].meaning,
            "icon": icon,
            "tone": tone,
            "count": counts[state],
            "href": register_href(with_state(asked, state)),
            "pressed": asked.state == state,
        }
        for state, icon, tone in shown
    ]


def with_state(asked: RegisterFilter, state: str) -> RegisterFilter:
    """The same filter, of another state; asking for the same once more takes it away."""
    return replace(asked, state=None if asked.state == state else state)


def file_href(asked: RegisterFilter, format: str) -> str:
    """Where the filtered register is taken away as a file."""
    return url_for(f"register.register_{format}", **parameters(asked))


def file_name(now: datetime) -> str:
    return f"so-theo-doi-{local_day(now):%Y%m%d}"


def _date(label: str, moment: datetime | None, zone: ZoneInfo) -> dict[str, str]:
    """A moment in two lines of a narrow column: the hour, then the date."""
    if moment is None:
        return {"label": label, "hour": "", "day": "", "exact": ""}
    local = moment.astimezone(zone)
    return {"label": label, "hour": f"{local:%H:%M}", "day": f"{local:%d/%m/%Y}", "exact": timephrases.exact(moment, zone)}


def _contact(line: RegisterLine, phone: Callable[[str], str] = str) -> list[str]:
    if line.owner_address is None and line.owner_phone is None:
        return ["•••"]
    return [part for part in (line.owner_address, phone(line.owner_phone or "")) if part]


def _state(line: RegisterLine, now: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """The state key and the word of a line."""
    status = wording.STATUSES[line.status]
    if line.finished_at is not None and line.status in (rules.FINISHED, rules.RETURNED):
        return _finished(line, zone), status
    if line.status in rules.CLOSED:
        return "done", status
    if line.breached_at is not None or (line.clock == "running" and line.due_at is not None and line.due_at < now.replace(second=0)):
        return "overdue", "Quá hạn hẹn trả"
    if line.clock == "stopped":
        return "paused", (status if line.status in rules.PAUSED else "Chờ theo quy trình")
    return "running", status


def _finished(line: RegisterLine, zone: ZoneInfo) -> str:
    if line.breached_at is not None:
        return "overdue"
    assert line.finished_at is not None
    if line.due_at is not None and line.finished_at.astimezone(zone).date() < line.due_at.astimezone(zone).date():
        return "early"
    return "ontime"


def _note(line: RegisterLine) -> list[str]:
    """Lateness, which the citizen was made to bear, and where the line comes from."""
    notes = []
    if line.breached_at is not None and (line.finished_at is not None or line.closed_at is not None):
        notes.append("trả kết quả quá hạn")
    if line.origin in ORIGINS:
        notes.append(ORIGINS[line.origin])
    return notes

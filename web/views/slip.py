"""Form 06 as a live table: handovers, pauses, what is in somebody's hands now, and what comes after."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.timelimit import Punctuality, TimeLimit, is_late
from processes.dossiers.slip import Holder, Pause, SlipLine
from processes.quality.rules import LATE_REASONS
from web import timephrases
from web.views.dossierfacts import DossierFacts, Run
from web.views.links import nonconformity_href

_STATES = {Punctuality.EARLY: "early", Punctuality.ON_TIME: "ontime", Punctuality.OVERDUE: "overdue"}
_PAUSES = {
    "supplement": "Đồng hồ dừng, chờ công dân bổ sung",
    "financial_duty": "Đồng hồ dừng, chờ công dân thực hiện nghĩa vụ tài chính",
    "drawn_wait": "Đồng hồ dừng, chờ theo quy trình",
}


def slip_rows(facts: DossierFacts) -> list[dict[str, Any]]:
    """The rows of _slip.html, in the order in which things happened."""
    run = facts.run
    if run is None:
        return []
    rows: list[tuple[datetime, int, dict[str, Any]]] = []
    for line in run.slip.lines:
        if line.status in ("open", "claimed"):
            rows.append((facts.now, 1, _now_row(line, facts, run)))
        else:
            rows.append((line.done_at or line.opened_at, 0, _handover(line, facts, run)))
    rows += [(pause.since, 0, _pause(pause, facts)) for pause in run.slip.pauses]
    told = [row for _, _, row in sorted(rows, key=lambda one: (one[0], one[1]))]
    return [*told, *_next_row(facts, run)]


def used_words(line: SlipLine) -> str:
    """ "dùng 45 phút trên 2 giờ"; without a limit only what was used."""
    if line.stops_clock:
        return "chờ theo quy trình, đồng hồ dừng"
    if line.limit_minutes is None:
        return "" if line.limit_text == "untimed" else f"thời hạn {TimeLimit.parse(line.limit_text).in_vietnamese()}"
    return f"dùng {timephrases.hours(line.used_minutes)} trên {timephrases.hours(line.limit_minutes)}"


def line_state(line: SlipLine, now: datetime) -> tuple[str, str | None]:
    """The key of a step's state, and the word when it is not the usual one."""
    if line.status == "cancelled":
        return "next", "Trả lại" if line.sent_back_to else "Đã hủy"
    if line.punctuality is not None:
        return _STATES[line.punctuality], None
    if line.status == "completed":
        return "done", None
    if line.stops_clock or (line.due_at is None and line.remaining_minutes is not None):
        return "paused", None
    return "running", "Đang làm" if line.status == "claimed" else "Chờ nhận"


def _handover(line: SlipLine, facts: DossierFacts, run: Run) -> dict[str, Any]:
    zone, state = facts.calendar.zone, line_state(line, facts.now)
    assert line.done_at is not None
    received = f"nhận {timephrases.clock_time(line.received_at, zone)}" if line.received_at is not None else "chưa nhận"
    is_last = line.status == "completed" and run.model.codes[line.code].status == 10
    at_line = f"giao {timephrases.clock_time(line.done_at, zone)}, {received}" if line.receivers else ""
    found = _nonconformity(line, facts)
    return {
        "kind": "handover",
        "given": _holder(line.giver),
        "received": _receiver(facts) if is_last else "; ".join(_holder(one) for one in line.receivers),
        "at": timephrases.on_form(line.done_at, zone),
        "at_line": at_line,
        "state": state[0],
        "word": state[1],
        "step_code": _code(line),
        "note": ". ".join(_notes(line, run)),
        "late_href": nonconformity_href(found["number"]) if found is not None else None,
        "late_number": found["number"] if found is not None else None,
    }


def _notes(line: SlipLine, run: Run) -> list[str]:
    told = [used_words(line) or line.name]
    if line.punctuality is Punctuality.EARLY and line.limit_minutes is not None and line.limit_minutes > line.used_minutes:
        told[0] += f", sớm {timephrases.hours(line.limit_minutes - line.used_minutes)}"
    if line.late_minutes:
        told[0] += f", quá {timephrases.hours(line.late_minutes)}"
    labels = {outcome.key: outcome.label for outcome in run.model.codes[line.code].outcomes}
    told += _earlier_hands(line)
    if line.outcome is not None and line.sent_back_to is None:
        told.append(labels.get(line.outcome, line.outcome))
    if line.late_reason is not None:
        told.append(LATE_REASONS.get(line.late_reason, line.late_reason))
    note = (line.note or "").strip().rstrip(".")
    if note or line.sent_back_to:
        told.append(f"Trả lại {line.sent_back_to}: {note}" if line.sent_back_to else note)
    return told


def _earlier_hands(line: SlipLine) -> list[str]:
    return [f"{one.person} giữ {timephrases.hours(one.minutes)} trước đó" for one in line.earlier]


def _now_row(line: SlipLine, facts: DossierFacts, run: Run) -> dict[str, Any]:
    zone, (state, word) = facts.calendar.zone, line_state(line, facts.now)
    late = is_late(line.due_at, facts.now) or state == "overdue"
    since = line.claimed_at or line.opened_at
    held = line.giver.person is not None
    found = _nonconformity(line, facts)
    after = run.ahead[0] if run.ahead else None
    received = f"{run.units[after.lane_id]} (khi {line.code} xong)" if after is not None and after.lane_id in run.units else ""
    return {
        "kind": "now",
        "given": _holder(line.giver),
        "received": received,
        "at": f"{'đang giữ' if held else 'chờ nhận'} từ {timephrases.on_form(since, zone)}",
        "at_line": "",
        "state": "overdue" if late else state,
        "word": None if late else word,
        "step_code": _code(line),
        "note": ", ".join(
            part
            for part in (
                used_words(line) or line.name,
                f"quá {timephrases.hours(line.late_minutes)}" if late else "",
                *_earlier_hands(line),
            )
            if part
        ),
        "late_href": nonconformity_href(found["number"]) if found is not None else None,
        "late_number": found["number"] if found is not None else None,
    }


def _pause(pause: Pause, facts: DossierFacts) -> dict[str, Any]:
    zone = facts.calendar.zone
    asked = next((one for one in facts.view.supplements if one["requested_at"] == pause.since), None)
    told = []
    if asked is not None:
        told.append(f"Mẫu 02 lần {asked['ordinal']}: {asked['content'].strip().rstrip('.')}")
    if pause.until is not None:
        told.append(f"Không tính {timephrases.hours(facts.calendar.between(pause.since, pause.until))}")
    elif asked is not None and asked["answer_due_at"] is not None:
        told.append(f"Trả lời đến {timephrases.moment(asked['answer_due_at'], facts.now, zone)}")
    return {
        "kind": "rest",
        "what": _PAUSES.get(pause.reason, "Đồng hồ dừng"),
        "at": timephrases.on_form(pause.since, zone),
        "until": timephrases.on_form(pause.until, zone) if pause.until is not None else None,
        "note": ". ".join(told),
    }


def _next_row(facts: DossierFacts, run: Run) -> list[dict[str, Any]]:
    if not run.ahead:
        return []
    due_at, at = run.instance["due_at"], ""
    if due_at is not None and run.instance["clock"] == "running":
        at = f"{'đã quá hẹn' if is_late(due_at, facts.now) else 'chậm nhất'} {timephrases.on_form(due_at, facts.calendar.zone)}"
    told = ", ".join(f"{step.code} {step.title} ({run.model.lanes[step.lane_id].name})" for step in run.ahead)
    return [{"kind": "next", "what": f"Sau đó: {told}", "at": at, "note": _limits(facts, run)}]


def _limits(facts: DossierFacts, run: Run) -> str:
    """ "2 + 1 giờ" when all are hours, else each with its unit."""
    told = [words for step in run.ahead if (words := run.limit_words(step, facts.calendar))]
    units = {words.partition(" ")[2] for words in told}
    if len(units) == 1 and len(told) > 1:
        return f"{' + '.join(words.partition(' ')[0] for words in told)} {units.pop()}"
    return " + ".join(told)


def _nonconformity(line: SlipLine, facts: DossierFacts) -> Mapping[str, Any] | None:
    return next((one for one in facts.nonconformities if one["step_id"] == line.step_id), None)


def _receiver(facts: DossierFacts) -> str:
    receiver = facts.view.row["result_receiver"]
    return f"{receiver} (nhận kết quả)" if receiver else ""


def _holder(holder: Holder) -> str:
    return ", ".join(part for part in (holder.unit, holder.person) if part) or "chưa rõ"


def _code(line: SlipLine) -> str:
    return line.code if line.number == 1 else f"{line.code} (lần {line.number})"

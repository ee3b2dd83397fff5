"""Procedures in words: limits by channel, papers, fee, and the model with its steps."""

from collections.abc import Mapping
from typing import Any

from engine.model.elements import ModelStep, Process, ProcessModel
from engine.timelimit import LimitKind, LimitRule, TimeLimit
from processes.catalogue.queries import ProcedureInForce
from processes.catalogue.versions import ModelVersion
from processes.organisation.rules import ROLE_TITLES
from web import wording

CHANNELS: Mapping[str, str] = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính"}
RULES: Mapping[LimitRule, str] = {
    LimitRule.ELAPSED: "tính từng giờ làm việc kể từ lúc nhận",
    LimitRule.END_OF_DAY: "tính ngày trọn vẹn, không tính ngày nhận, hạn vào cuối ngày",
}
KINDS: Mapping[LimitKind, str] = {
    LimitKind.CALENDAR_DAYS: "ngày liên tục, không tính ngày nhận; ngày cuối là ngày nghỉ thì lùi sang ngày làm việc",
    LimitKind.SAME_DAY: "trả trong ngày làm việc",
    LimitKind.UNTIMED: "không tính thời hạn",
}
_FEE_KINDS = {"fee": "phí", "charge": "lệ phí"}
_FEE_MOMENTS = {"intake": "thu khi tiếp nhận", "return": "thu khi trả kết quả"}


def procedure_line(procedure: ProcedureInForce, model: ModelVersion | None) -> dict[str, Any]:
    """A procedure as the list shows it."""
    required = sum(bool(paper["required"]) for paper in procedure.papers)
    return {
        "code": procedure.code,
        "name": procedure.name,
        "field": procedure.field,
        "limits": limits(procedure),
        "papers": len(procedure.papers),
        "required": required,
        "fee": fee(procedure),
        "model": model_words(model),
        "since": f"{procedure.effective_from:%d/%m/%Y}",
    }


def procedure_page(procedure: ProcedureInForce, version: ModelVersion | None, model: ProcessModel) -> dict[str, Any]:
    """Everything that procedure.html shows."""
    facts = procedure.facts
    supplement = facts.get("supplement", {})
    answer = TimeLimit.parse(supplement["answer_limit"]).in_vietnamese() if supplement.get("answer_limit") else "không đặt thời hạn"
    after = "tính tiếp phần còn lại" if supplement.get("after") != "restart" else "tính lại từ đầu"
    years = facts.get("retention_years")
    drawn = [process for process in model.processes if process.file in model.sources and process.drawn]
    return {
        "procedure": {
            "code": procedure.code,
            "name": procedure.name,
            "field": procedure.field,
            "facts": [
                ("Quyết định công bố", facts.get("decision") or "chưa ghi"),
                ("Căn cứ", "; ".join(facts.get("legal_basis", ())) or "chưa ghi"),
                ("Kết quả", facts.get("result") or "chưa ghi"),
                ("Lưu hồ sơ", "vĩnh viễn" if years == 0 else f"{years} năm"),
                ("Phí, lệ phí", fee(procedure)),
                ("Bổ sung", f"{supplement.get('times', 1)} lần; công dân trả lời trong {answer}; xong thì {after}"),
                ("Cách tính hạn", _way_of_counting(procedure)),
                ("Bản", f"{procedure.version}, áp dụng từ {procedure.effective_from:%d/%m/%Y}"),
                ("Quy trình", model_words(version)),
            ],
            "limits": limits(procedure),
            "papers": [_paper(paper) for paper in procedure.papers],
        },
        "models": [_diagram(process, number) for number, process in enumerate(drawn)],
        "processes": [
            {"name": process.name, "steps": [_step(process, step) for step in process.steps.values()]} for process in model.processes
        ],
    }


def limits(procedure: ProcedureInForce) -> list[dict[str, Any]]:
    """The legal limit of each variant, channels with the same limit together."""
    variants: Mapping[str, str] = procedure.variants or {"": ""}
    shown = []
    for key, label in variants.items():
        channels: dict[str, list[str]] = {}
        for channel, name in CHANNELS.items():
            limit = procedure.limit(key, channel)
            if limit is not None:
                channels.setdefault(limit.in_vietnamese(), []).append(name)
        rows = [("mọi kênh" if len(names) == len(CHANNELS) else ", ".join(names).lower(), limit) for limit, names in channels.items()]
        shown.append({"label": label, "rows": rows})
    return shown


def _way_of_counting(procedure: ProcedureInForce) -> str:
    """How the limits are counted; a procedure whose variants differ says each."""
    found = [procedure.limit(key, channel) for key in (procedure.variants or {"": ""}) for channel in CHANNELS]
    kinds = dict.fromkeys(limit.kind for limit in found if limit is not None)
    return "; ".join(KINDS.get(kind, RULES[procedure.rule]) for kind in kinds)


def fee(procedure: ProcedureInForce) -> str:
    """What it costs, in words; an amount of nothing is free unless the note says whose tariff holds."""
    found = procedure.facts.get("fee")
    if not found:
        return "không thu"
    if not found["amount"]:
        return str(found["note"] or "miễn phí")
    amount = wording.money(found["amount"]).removesuffix(" đ")
    parts = (f"{amount} {found['unit']}", _FEE_KINDS.get(found["kind"], ""), _FEE_MOMENTS.get(found["when"], ""), found["note"] or "")
    return "; ".join(part for part in parts if part)


def model_words(model: ModelVersion | None) -> str:
    return f"{model.key}, lần {model.version}" if model is not None else ""


def _paper(paper: Mapping[str, Any]) -> dict[str, Any]:
    counts = (("bản chính", paper["originals"]), ("bản sao chứng thực", paper["certified"]), ("bản sao", paper["copies"]))
    return {
        "code": paper["code"],
        "name": paper["name"],
        "counts": ", ".join(f"{count} {word}" for word, count in counts if count) or "khi có",
        "is_required": paper["required"],
        "condition": paper.get("condition") or "",
    }


def _diagram(process: Process, number: int) -> dict[str, Any]:
    tags = {
        step.id: _limit(step).split(" (")[0].removesuffix(" làm việc") for step in process.steps.values() if step.limit.text != "untimed"
    }
    return {"id": f"model-{number}", "title": process.name, "file": process.file, "tags": tags}


def _step(process: Process, step: ModelStep) -> dict[str, Any]:
    lane = process.lanes.get(step.lane_id)
    notes = []
    if step.stops_clock:
        notes.append("đồng hồ dừng trong lúc chờ")
    if step.extends is not None:
        notes.append(f"vào bước này thì hạn của hồ sơ dài thêm {step.extends.in_vietnamese()}")
    if step.outcomes:
        notes.append("kết quả: " + ", ".join(outcome.label for outcome in step.outcomes))
    if step.handler is not None:
        notes.append(
            f"người đã làm {step.handler.code}" if step.handler.kind == "same_as" else f"không phải người đã làm {step.handler.code}"
        )
    if step.status in wording.STATUSES:
        notes.append(f"xong thì hồ sơ: {wording.STATUSES[step.status or 0]}")
    return {
        "code": step.code,
        "title": step.title,
        "lane": lane.name if lane is not None else "",
        "role": ROLE_TITLES.get(lane.role, "") if lane is not None else "",
        "limit": _limit(step),
        "notes": notes,
    }


def _limit(step: ModelStep) -> str:
    return step.limit.in_vietnamese()

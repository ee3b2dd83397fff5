"""Every kind of trace entry that the code writes is told in Vietnamese; the kinds are derived from the sources."""

import ast
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.trace.queries import TraceEntry
from tests.architecture.sources import modules, name
from web import trace_sentences
from web.trace_sentences import SENTENCES, Change, Names, tell

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_KIND = re.compile(r"(engine|dossier|quality|organisation|catalogue|trace|personal)\.[a-z_]+\.[a-z_]+")
_NOT_WRITTEN = {"web/trace_sentences.py"}
NAMES = Names(ZONE, {7: "Hoàng Thị Nắng", 8: "Nguyễn Văn Sớm"}, {70: "Phòng Kinh tế"}, {3: "vn bản 2"})

# One entry of each kind as the operations write it; a kind that is new needs its line here.
STEP = {"step": "B2", "pass": 1, "name": "Phân công", "limit": "1h", "due_at": "2026-11-20T07:00:00.000000Z"}
FACTS: dict[str, dict[str, Any]] = {
    "dossier.dossier.filed": {"channel": "online", "procedure": "1.001612"},
    "dossier.dossier.accepted": {
        "channel": "direct",
        "procedure": "1.001612",
        "procedure_version": 3,
        "papers": [{"code": "TP1"}],
        "promised_at": "2026-11-25T07:20:00.000000Z",
    },
    "dossier.dossier.refused": {"form": "4/TTPVHCC"},
    "dossier.dossier.withdrawn": {"form": None},
    "dossier.form.issued": {"form": "receipt_slip", "number": "12/TTPVHCC"},
    "dossier.supplement.requested": {"ordinal": 1, "form": "3/HDHS"},
    "dossier.supplement.received": {"ordinal": 1, "received_at": "2026-11-23T01:00:00.000000Z", "papers": []},
    "dossier.result.returned": {"result_number": "18/GP", "channel": "counter"},
    "dossier.register.exported": {"format": "xlsx", "filter": {}, "personal": False},
    "personal.identifier.viewed": {"part": "owner", "purpose": "thẩm định bước B3"},
    "engine.instance.started": {"definition": 1, "calendar": 3, "limit": "3d", "due_at": "2026-11-25T07:20:00.000000Z", "opened": []},
    "engine.instance.overdue": {"due_at": "2026-11-25T07:20:00.000000Z", "limit": "3d"},
    "engine.instance.cancelled": {"reason": "refused", "reference": "4/TTPVHCC"},
    "engine.step.claimed": STEP,
    "engine.step.released": STEP,
    "engine.step.completed": {
        **STEP,
        "outcome": None,
        "late_reason": "workload",
        "punctuality": "overdue",
        "opened": [{"step": "B3", "pass": 1, "due_at": None, "unit": 70, "role": "specialist"}],
    },
    "engine.step.handed_over": {**STEP, "from": 7, "to": 8, "taken_over": False},
    "engine.step.sent_back": {**STEP, "to_step": "B1", "to_name": "Tiếp nhận", "to": 8},
    "engine.step.cancelled": STEP,
    "engine.step.overdue": {**STEP, "handler": 8, "unit": 70},
    "engine.clock.stopped": {"reason": "supplement", "reference": "3/HDHS", "remaining_minutes": 1160, "reply_due_at": None},
    "engine.clock.resumed": {"effective_at": "2026-11-23T01:00:00.000000Z", "reference": "1", "due_at": None, "restart": False},
    "engine.timer.fired": {"element": "quiet", "limit": "12cd"},
    "engine.calendar.applied": {"calendar": 3, "approved": False, "reference": "CV 9/UBND", "moved": ["B2", "dossier"]},
    "quality.nonconformity.raised": {
        "number": "KPH-2026-0298",
        "kind": "step_overdue",
        "source": "H99.018.01-261119-0009/B2/1",
        "handler_id": 8,
        "unit_id": 70,
        "external_provider": None,
    },
    "quality.nonconformity.corrected": {"number": "KPH-2026-0298", "before": "raised", "after": "corrected", "reason_code": "absence"},
    "quality.nonconformity.closed": {"number": "KPH-2026-0298", "before": "corrected", "after": "closed"},
    "quality.nonconformity.cancelled": {"number": "KPH-2026-0298", "before": "raised", "after": "cancelled", "cancel_document": "TB 12"},
    "trace.timeline.viewed": {"personal": False},
    "trace.timeline.exported": {"filter": {}},
    "trace.log.verified": {"ok": False, "entries": 5214, "faults": 2},
    "organisation.agency.created": {"after": {"code": "H99.018", "name": "UBND xã Suối Mây"}},
    "organisation.unit.added": {"after": {"unit_id": 70, "key": "economy", "name": "Phòng Kinh tế", "is_counter": False}},
    "organisation.field.assigned": {"field": "Hộ tịch", "before": "office", "after": "economy"},
    "organisation.partner.registered": {"key": "land_office", "before": None, "after": {"partner_agency_id": 5, "name": None}},
    "organisation.calendar.published": {"code": "vn", "version": 2, "source": "QĐ 1/QĐ-TTg"},
    "organisation.person.added": {"person_id": 7, "after": {"login": "nang.hoang", "title": "Công chức"}},
    "organisation.person.disabled": {"person_id": 7, "login": "nang.hoang", "sessions_ended": 1},
    "organisation.seat.granted": {"person_id": 7, "login": "nang.hoang", "after": {"role": "specialist", "unit": "economy"}},
    "organisation.seat.revoked": {"person_id": 7, "login": "nang.hoang", "before": {"role": "specialist", "unit_id": 70}},
    "organisation.password.reset": {"person_id": 7, "login": "nang.hoang", "sessions_ended": 0},
    "organisation.password.changed": {"person_id": 7, "login": "nang.hoang", "sessions_ended": 0},
    "organisation.session.opened": {"person_id": 7},
    "organisation.session.closed": {"person_id": 7},
    "organisation.session.refused": {"person_id": 7, "failures": 3},
    "organisation.permission.refused": {"code": "not_permitted", "asked": "register.register"},
}


def entry(kind: str, facts: dict[str, Any] | None = None, *, actor_id: int | None = 7, label: str = "nang.hoang") -> TraceEntry:
    at = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    return TraceEntry(
        id=1,
        kind=kind,
        chain_kind="instance",
        chain_seq=1,
        subject_code="H99.018.01-261119-0009",
        actor_id=actor_id,
        actor_label=label,
        on_behalf_of_id=None,
        at=at,
        recorded_at=at,
        hash=b"\x9f\x3c",
        facts=FACTS[kind] if facts is None else facts,
        personal_names=(),
    )


def written_kinds() -> set[str]:
    """The kinds that stand in the sources as whole strings."""
    found: set[str] = set()
    for path in modules("engine", "processes", "web"):
        if name(path) in _NOT_WRITTEN:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KIND.fullmatch(node.value):
                found.add(node.value)
    return found


class TestSentences:
    def test_exist_for_every_kind_that_the_code_writes(self) -> None:
        speechless = written_kinds() - SENTENCES.keys()
        assert not speechless, f"give these kinds a sentence in web/trace_sentences.py and an entry in FACTS here: {sorted(speechless)}"

    def test_do_not_outlive_their_kinds(self) -> None:
        assert SENTENCES.keys() - written_kinds() == set()

    def test_are_tried_with_what_the_operations_write(self) -> None:
        assert SENTENCES.keys() == FACTS.keys()

    @pytest.mark.parametrize("kind", sorted(SENTENCES))
    def test_are_whole_sentences(self, kind: str) -> None:
        told = tell(entry(kind), NAMES)
        assert told.words.endswith(".")
        assert told.words[0].islower()
        assert "None" not in told.words
        assert "  " not in told.words
        assert not [change for change in told.changes if "None" in f"{change.before}{change.after}" and change.before is not None]

    def test_tell_of_a_kind_that_they_do_not_know(self) -> None:
        assert tell(entry("dossier.moon.landed", {}), NAMES).words == "ghi việc dossier.moon.landed."


class TestTell:
    def test_puts_who_did_it_first(self) -> None:
        told = tell(entry("engine.step.claimed"), NAMES)
        assert (told.who, told.words) == ("Hoàng Thị Nắng", "nhận bước B2 Phân công.")

    def test_says_the_system_where_it_noticed_by_itself(self) -> None:
        told = tell(entry("engine.step.overdue"), NAMES)
        assert (told.who, told.words) == (
            trace_sentences.SYSTEM,
            "ghi nhận B2 Phân công quá hạn, hạn 14:00 thứ Sáu 20/11/2026, Nguyễn Văn Sớm, Phòng Kinh tế.",
        )

    def test_names_the_command_line(self) -> None:
        assert tell(entry("organisation.agency.created", actor_id=None, label="cli:root"), NAMES).who == "Dòng lệnh (root)"

    def test_says_how_a_step_went_and_where_it_leads(self) -> None:
        told = tell(entry("engine.step.completed"), NAMES)
        assert told.words == (
            "hoàn thành B2 Phân công, thời hạn 1 giờ làm việc, quá hạn, bàn giao sang B3 (Phòng Kinh tế)."
            " Lý do quá hạn: Nhiều hồ sơ cùng lúc."
        )
        assert told.tone == "overdue"

    def test_names_the_hands_that_a_step_goes_into(self) -> None:
        handed = FACTS["engine.step.handed_over"]
        assert tell(entry("engine.step.handed_over"), NAMES).words == "bàn giao B2 Phân công cho Nguyễn Văn Sớm."
        taken = {**handed, "from": 8, "to": 7, "taken_over": True}
        assert tell(entry("engine.step.handed_over", taken), NAMES).words == "nhận thay B2 Phân công của Nguyễn Văn Sớm."
        assert tell(entry("engine.step.sent_back"), NAMES).words == "trả lại B1 Tiếp nhận cho Nguyễn Văn Sớm, từ bước B2 Phân công."

    def test_shows_before_and_after(self) -> None:
        assert tell(entry("quality.nonconformity.closed"), NAMES).changes == (Change("Giai đoạn", "Đã khắc phục", "Đã đóng"),)
        assert tell(entry("engine.clock.stopped"), NAMES).changes == (Change("Đồng hồ", "chạy", "dừng, còn 19 giờ 20 phút"),)

    def test_counts_the_pass_of_a_step_done_again(self) -> None:
        assert tell(entry("engine.step.claimed", {**STEP, "pass": 2}), NAMES).words == "nhận bước B2 Phân công lần 2."

"""What each kind of trace entry says in Vietnamese (wording.md section 8): who did what, with before and after."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from engine.timelimit import TimeLimit
from engine.trace.queries import TraceEntry
from processes.organisation.rules import ROLE_TITLES
from processes.quality.rules import LATE_REASONS
from web import timephrases, wording

NOTHING = "chưa có"
SYSTEM = "Hệ thống"


@dataclass(frozen=True, slots=True)
class Names:
    """The names behind the ids that entries hold."""

    zone: ZoneInfo
    people: Mapping[int, str] = field(default_factory=dict)
    units: Mapping[int, str] = field(default_factory=dict)
    calendars: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """Something before and after; no before where there was none."""

    name: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry in words: the subject stands first, in bold, the words go on."""

    who: str
    words: str
    icon: str
    tone: str
    changes: tuple[Change, ...] = ()


Facts = Mapping[str, Any]
Words = Callable[[Facts, Names], str]
Changes = Callable[[Facts, Names], Sequence[Change]]


def _no_changes(facts: Facts, names: Names) -> Sequence[Change]:
    return ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """How a kind is told. by_itself: it is the system that noticed, whoever's action brought it to light."""

    words: Words
    icon: str = "dots"
    tone: str = ""
    changes: Changes = _no_changes
    by_itself: bool = False


def tell(entry: TraceEntry, names: Names) -> Told:
    """An entry in words; a kind that nobody has given a sentence is told by its name, never left out."""
    sentence = SENTENCES.get(entry.kind) or Sentence(lambda facts, names: f"ghi việc {entry.kind}.")
    behalf = names.people.get(entry.on_behalf_of_id or 0)
    words = sentence.words(entry.facts, names)
    who = SYSTEM if sentence.by_itself else who_did(entry, names)
    tone = _TONES.get(str(entry.facts.get("punctuality")), sentence.tone)
    return Told(who, f"thay mặt {behalf} {words}" if behalf else words, sentence.icon, tone, tuple(sentence.changes(entry.facts, names)))


def who_did(entry: TraceEntry, names: Names) -> str:
    if entry.actor_id is not None:
        return names.people.get(entry.actor_id, entry.actor_label)
    return f"Dòng lệnh ({entry.actor_label.removeprefix('cli:')})" if entry.actor_label.startswith("cli:") else SYSTEM


def ids_in(entries: Sequence[TraceEntry]) -> Mapping[str, set[int]]:
    """The ids whose names the sentences of these entries need: people, units, calendars."""
    found: dict[str, set[int]] = {"people": set(), "units": set(), "calendars": set()}
    for entry in entries:
        facts = entry.facts
        people = (
            entry.actor_id,
            entry.on_behalf_of_id,
            *(facts.get(name) for name in ("handler", "handler_id", "person_id", "from", "to")),
        )
        opened = facts.get("opened") or ()
        units = (*(facts.get(name) for name in ("unit", "unit_id")), *(one.get("unit") for one in opened if isinstance(one, Mapping)))
        found["people"] |= {one for one in people if isinstance(one, int)}
        found["units"] |= {one for one in units if isinstance(one, int)}
        found["calendars"] |= {one for one in (facts.get("calendar"),) if isinstance(one, int)}
    return found


# --- pieces of sentences ------------------------------------------------------------------------------------------------

_TONES = {"early": "early", "ontime": "ontime", "overdue": "overdue"}
_PUNCTUALITY = {"early": "trước hạn", "ontime": "đúng hạn", "overdue": "quá hạn"}
_CHANNELS = {"direct": "tại quầy", "online": "nộp trực tuyến", "postal": "nộp qua bưu chính"}
_RESULT_CHANNELS = {"counter": "trực tiếp", "postal": "qua bưu chính", "online": "trực tuyến"}
_FORMS = {
    "receipt_slip": "Mẫu 01",
    "supplement_request": "Mẫu 02",
    "refusal_notice": "Mẫu 03",
    "apology_notice": "Mẫu 04",
    "stop_notice": "Mẫu 05",
    "tracking_slip": "Mẫu 06",
}
_STOPS = {"supplement": "chờ bổ sung", "financial_duty": "chờ nghĩa vụ tài chính", "drawn_wait": "chờ theo quy trình"}
_PARTS = {"owner": "chủ hồ sơ", "filer": "người nộp"}
_CLOSED = {"refused": "từ chối", "withdrawn": "rút hồ sơ", "stopped": "dừng giải quyết"}


def _moment(text: Any, names: Names) -> str:
    return timephrases.exact(datetime.fromisoformat(text), names.zone) if text else NOTHING


def _step(facts: Facts) -> str:
    again = f" lần {facts['pass']}" if facts.get("pass", 1) != 1 else ""
    return f"{facts['step']} {facts.get('name') or ''}".strip() + again


def _limit(text: Any) -> str:
    return TimeLimit.parse(str(text)).in_vietnamese()


def _unit(unit_id: Any, names: Names) -> str:
    return names.units.get(unit_id or 0, "")


def _onward(facts: Facts, names: Names) -> str:
    """Where a completed step leads, with the unit that gets it."""
    opened = [f"{one['step']}{f' ({unit})' if (unit := _unit(one.get('unit'), names)) else ''}" for one in facts.get("opened") or ()]
    return f", bàn giao sang {', '.join(opened)}" if opened else ""


def _completed(facts: Facts, names: Names) -> str:
    judged = _PUNCTUALITY.get(facts.get("punctuality") or "", "")
    parts = [f"hoàn thành {_step(facts)}", f"thời hạn {_limit(facts['limit'])}", judged]
    reason = LATE_REASONS.get(facts.get("late_reason") or "", "")
    return ", ".join(part for part in parts if part) + _onward(facts, names) + (f". Lý do quá hạn: {reason}." if reason else ".")


def _to_person(facts: Facts, names: Names) -> str:
    person = names.people.get(facts.get("to") or 0)
    return f" cho {person}" if person else ""


def _handed_over(facts: Facts, names: Names) -> str:
    giver = names.people.get(facts.get("from") or 0)
    if facts.get("taken_over"):
        return f"nhận thay {_step(facts)}{f' của {giver}' if giver else ''}."
    return f"bàn giao {_step(facts)}{_to_person(facts, names)}."


def _accepted(facts: Facts, names: Names) -> str:
    channel, papers = _CHANNELS.get(facts.get("channel") or "", ""), len(facts.get("papers") or ())
    return f"tiếp nhận hồ sơ {channel}, thủ tục {facts['procedure']} bản {facts['procedure_version']}, {papers} giấy tờ."


def _raised(facts: Facts, names: Names) -> str:
    what = "hồ sơ quá hạn trả" if facts["kind"] == "dossier_overdue" else f"{str(facts['source']).split('/')[1]} quá hạn"
    whose = facts.get("external_provider") or names.people.get(facts.get("handler_id") or 0) or _unit(facts.get("unit_id"), names)
    return f"lập {facts['number']} vì {what}{f', của {whose}' if whose else ''}."


def _promise(facts: Facts, names: Names) -> Sequence[Change]:
    return (Change("Trạng thái", None, "2 Được tiếp nhận"), Change("Hẹn trả", None, _moment(facts.get("promised_at"), names)))


def _stage(facts: Facts, names: Names) -> Sequence[Change]:
    word = wording.NONCONFORMITY_STATUSES
    return (Change("Giai đoạn", word.get(facts["before"], facts["before"]), word.get(facts["after"], facts["after"])),)


def _clock_stopped(facts: Facts, names: Names) -> Sequence[Change]:
    left = facts.get("remaining_minutes")
    rest = f"dừng, còn {timephrases.hours(left)}" if left is not None else "dừng"
    reply = facts.get("reply_due_at")
    return (Change("Đồng hồ", "chạy", rest), *((Change("Chờ trả lời đến", None, _moment(reply, names)),) if reply else ()))


def _clock_resumed(facts: Facts, names: Names) -> Sequence[Change]:
    return (Change("Đồng hồ", "dừng", "chạy"), Change("Hẹn trả", None, _moment(facts.get("due_at"), names)))


def _values(facts: Facts, names: Names) -> Sequence[Change]:
    """Before and after as organisation records them: a word, or an object of words."""
    before, after = facts.get("before"), facts.get("after")
    if not isinstance(after, Mapping) and not isinstance(before, Mapping):
        return (Change("Thay đổi", _plain(before) if before is not None else None, _plain(after)),) if after is not None else ()
    old, new = before if isinstance(before, Mapping) else {}, after if isinstance(after, Mapping) else {}
    keys = [key for key in {**new, **old} if key in _VALUE_NAMES and old.get(key) != new.get(key)]
    return [Change(_VALUE_NAMES[key], _plain(old[key]) if old.get(key) is not None else None, _plain(new.get(key))) for key in keys]


_VALUE_NAMES = {
    "login": "Tên đăng nhập",
    "title": "Chức danh",
    "role": "Vai trò",
    "unit": "Đơn vị",
    "from_on": "Từ ngày",
    "until_on": "Đến ngày",
    "key": "Mã",
    "name": "Tên",
    "code": "Mã",
}


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "không"
    return ROLE_TITLES.get(value, str(value)) if isinstance(value, str) else str(value)


def _person(facts: Facts, names: Names) -> str:
    return names.people.get(facts.get("person_id") or 0) or str(facts.get("login") or "một người")


# --- a sentence for every kind ------------------------------------------------------------------------------------------

SENTENCES: Mapping[str, Sentence] = MappingProxyType(
    {
        # dossiers
        "dossier.dossier.filed": Sentence(
            lambda f, n: f"ghi nhận hồ sơ {_CHANNELS.get(f['channel'], '')}, thủ tục {f['procedure']}.", "plus"
        ),
        "dossier.dossier.accepted": Sentence(_accepted, "plus", changes=_promise),
        "dossier.dossier.refused": Sentence(lambda f, n: f"từ chối tiếp nhận (Mẫu 03 số {f.get('form')}).", "x", "overdue"),
        "dossier.dossier.withdrawn": Sentence(lambda f, n: "ghi nhận công dân rút hồ sơ.", "undo"),
        "dossier.form.issued": Sentence(lambda f, n: f"lập {_FORMS.get(f['form'], f['form'])}, số {f['number']}.", "print"),
        "dossier.supplement.requested": Sentence(
            lambda f, n: f"yêu cầu bổ sung lần {f['ordinal']} (Mẫu 02 số {f['form']}). Đồng hồ dừng.", "pause", "paused"
        ),
        "dossier.supplement.received": Sentence(
            lambda f, n: f"nhận giấy tờ bổ sung lần {f['ordinal']}, nhận lúc {_moment(f['received_at'], n)}. Đồng hồ tính tiếp.",
            "play",
            "ontime",
        ),
        "dossier.result.returned": Sentence(
            lambda f, n: f"trả kết quả {f.get('result_number') or '(không số)'}, {_RESULT_CHANNELS.get(f['channel'], f['channel'])}.",
            "flag",
            "done",
        ),
        "dossier.register.exported": Sentence(
            lambda f, n: f"tải sổ theo dõi hồ sơ ({f['format']}), {'có' if f['personal'] else 'không có'} địa chỉ và điện thoại.",
            "down",
            "done",
        ),
        "personal.identifier.viewed": Sentence(
            lambda f, n: f"xem số định danh của {_PARTS.get(f['part'], f['part'])}. Mục đích: {f['purpose'] or 'không ghi'}.", "eye", "done"
        ),
        # steps and the clock
        "engine.instance.started": Sentence(
            lambda f, n: (
                f"bắt đầu quy trình, thời hạn {_limit(f['limit'])}, lịch {n.calendars.get(f['calendar'], 'làm việc')}{_onward(f, n)}."
            ),
            "play",
            changes=lambda f, n: (Change("Hẹn trả", None, _moment(f.get("due_at"), n)),),
        ),
        "engine.instance.overdue": Sentence(
            lambda f, n: f"ghi nhận hồ sơ quá hạn trả, hạn {_moment(f['due_at'], n)}.", "alert", "overdue", by_itself=True
        ),
        "engine.instance.cancelled": Sentence(
            lambda f, n: f"kết thúc quy trình trước khi có kết quả: {_CLOSED.get(f['reason'], f['reason'])}.", "x"
        ),
        "engine.step.claimed": Sentence(lambda f, n: f"nhận bước {_step(f)}.", "hand"),
        "engine.step.released": Sentence(lambda f, n: f"trả bước {_step(f)} về hàng chờ.", "undo"),
        "engine.step.completed": Sentence(_completed, "arrow"),
        "engine.step.handed_over": Sentence(_handed_over, "hand"),
        "engine.step.sent_back": Sentence(
            lambda f, n: f"trả lại {f['to_step']} {f['to_name']}{_to_person(f, n)}, từ bước {_step(f)}.", "undo", "soon"
        ),
        "engine.step.cancelled": Sentence(
            lambda f, n: f"hủy bước {_step(f)} vì quy trình đi đường khác hoặc kết thúc.", "x", by_itself=True
        ),
        "engine.step.overdue": Sentence(
            lambda f, n: (
                f"ghi nhận {_step(f)} quá hạn, hạn {_moment(f['due_at'], n)}, "
                f"{n.people.get(f.get('handler') or 0) or 'chưa ai nhận'}{f', {unit}' if (unit := _unit(f.get('unit'), n)) else ''}."
            ),
            "alert",
            "overdue",
            by_itself=True,
        ),
        "engine.clock.stopped": Sentence(
            lambda f, n: f"dừng đồng hồ: {_STOPS.get(f['reason'], f['reason'])}, số {f['reference']}.", "pause", "paused", _clock_stopped
        ),
        "engine.clock.resumed": Sentence(
            lambda f, n: f"cho đồng hồ chạy tiếp từ {_moment(f['effective_at'], n)}{', tính lại từ đầu' if f.get('restart') else ''}.",
            "play",
            "ontime",
            _clock_resumed,
        ),
        "engine.timer.fired": Sentence(lambda f, n: f"hết giờ chờ {_limit(f['limit'])}, quy trình đi tiếp.", "clock", by_itself=True),
        "engine.calendar.applied": Sentence(
            lambda f, n: (
                f"áp dụng lịch {n.calendars.get(f['calendar'], 'làm việc mới')}, căn cứ {f['reference']}. {len(f['moved'])} giờ hẹn đổi."
            ),
            "cal",
        ),
        # nonconformities
        "quality.nonconformity.raised": Sentence(_raised, "alert", "overdue", by_itself=True),
        "quality.nonconformity.corrected": Sentence(
            lambda f, n: f"ghi nhận {f['number']} đã khắc phục{_late_words(f)}.", "tick", "ontime", _stage, by_itself=True
        ),
        "quality.nonconformity.closed": Sentence(lambda f, n: f"đóng {f['number']}.", "flag", "done", _stage),
        "quality.nonconformity.cancelled": Sentence(
            lambda f, n: f"hủy {f['number']}, căn cứ {f.get('cancel_document') or 'không ghi'}.", "x", "", _stage
        ),
        # looking at the trace
        "trace.timeline.viewed": Sentence(
            lambda f, n: f"xem nhật ký này{', có giá trị cá nhân' if f.get('personal') else ''}.", "eye", "done"
        ),
        "trace.timeline.exported": Sentence(lambda f, n: "tải nhật ký thành tệp CSV.", "down", "done"),
        "trace.log.verified": Sentence(
            lambda f, n: (
                f"kiểm tra toàn bộ nhật ký: {wording.number(f['entries'])} mục, "
                f"{'nguyên vẹn' if f['ok'] else wording.number(f['faults']) + ' lỗi'}."
            ),
            "shield",
            "done",
        ),
        # the office itself
        "organisation.agency.created": Sentence(lambda f, n: "lập cơ quan trên hệ thống.", "settings", changes=_values),
        "organisation.unit.added": Sentence(lambda f, n: f"thêm đơn vị {f['after']['name']}.", "settings"),
        "organisation.field.assigned": Sentence(lambda f, n: f"giao lĩnh vực {f['field']}.", "settings", changes=_values),
        "organisation.partner.registered": Sentence(lambda f, n: f"khai cơ quan phối hợp {f['key']}.", "link", changes=_values),
        "organisation.calendar.published": Sentence(
            lambda f, n: f"ban hành lịch {f.get('code') or ''} bản {f.get('version') or 1}, căn cứ {f.get('source')}.", "cal"
        ),
        "organisation.person.added": Sentence(lambda f, n: f"thêm người dùng {_person(f, n)}.", "user", changes=_values),
        "organisation.person.disabled": Sentence(lambda f, n: f"ngừng tài khoản của {_person(f, n)}.", "lock"),
        "organisation.seat.granted": Sentence(lambda f, n: f"cấp vai trò cho {_person(f, n)}.", "user", changes=_values),
        "organisation.seat.revoked": Sentence(lambda f, n: f"thu hồi vai trò của {_person(f, n)}.", "user", changes=_values),
        "organisation.password.reset": Sentence(lambda f, n: f"đặt lại mật khẩu của {_person(f, n)}.", "lock"),
        "organisation.password.changed": Sentence(lambda f, n: "đổi mật khẩu của mình.", "lock"),
        "organisation.session.opened": Sentence(lambda f, n: "đăng nhập.", "user"),
        "organisation.session.closed": Sentence(lambda f, n: "thoát.", "user"),
        "organisation.session.refused": Sentence(
            lambda f, n: f"từ chối một lần đăng nhập bằng tên của {_person(f, n)}, sai {f.get('failures', 1)} lần liền.",
            "lock",
            "soon",
            by_itself=True,
        ),
        "organisation.permission.refused": Sentence(
            lambda f, n: f"thử một việc không thuộc quyền ({f.get('asked') or 'không rõ'}), hệ thống từ chối.", "lock", "soon"
        ),
    }
)


def _late_words(facts: Facts) -> str:
    reason = LATE_REASONS.get(facts.get("reason_code") or "", "")
    return f", lý do: {reason.lower()}" if reason else ""

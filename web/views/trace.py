"""The timeline of the trace as a page and as a file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from sqlalchemy import Connection

from engine.actor import Actor
from engine.trace import queries
from engine.trace.queries import Place, TimelineFilter, TraceEntry
from engine.trace.report import Report
from processes.evidence.queries import Subject, Versions, calendar_names, find_people, find_subjects, versions_of
from processes.organisation.queries import names_of, unit_names
from processes.organisation.rights import may, visible_entries
from processes.organisation.rules import local_day
from processes.reporting.figures import Period
from web import timephrases, trace_sentences, wording
from web.services import services
from web.trace_sentences import Names, tell, who_did
from web.views.addresses import Asked, dossier_href, nonconformity_href, read_choice, read_period, without_blanks
from web.views.downloads import Row

PAGE_SIZE = 60
# More than this is not verified while somebody waits before a page.
MOST_VERIFIED = 500_000

AREAS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dossier": ("Hồ sơ, mẫu, kết quả", ("dossier.",)),
    "step": ("Bước xử lý", ("engine.step.",)),
    "clock": ("Đồng hồ, thời hạn", ("engine.clock.", "engine.instance.", "engine.timer.", "engine.calendar.")),
    "quality": ("Sự không phù hợp", ("quality.",)),
    "look": ("Xem, tải, kiểm tra", ("trace.", "personal.", "dossier.register.")),
    "office": ("Người dùng, cơ quan, lịch", ("organisation.", "catalogue.")),
}
COLUMNS = ("Lúc", "Ghi lúc", "Ai", "Việc", "Trước và sau", "Về", "Loại", "Số trong chuỗi", "Mã băm (SHA-256)")
_PERSONAL = {
    "name": "họ tên",
    "full_name": "họ tên",
    "id_number": "số định danh",
    "phone": "điện thoại",
    "email": "thư điện tử",
    "address": "địa chỉ",
    "note": "ghi chú",
    "reason": "lý do",
    "content": "nội dung",
    "receiver": "người nhận",
    "correction": "ghi chú khắc phục",
    "close_note": "ghi chú đóng",
    "cancel_reason": "lý do hủy",
}
_PARTS = {"owner": "chủ hồ sơ", "filer": "người nộp"}


@dataclass(frozen=True, slots=True)
class Asking:
    """What the address bar asks of the trace."""

    text: str = ""
    person: str = ""
    area: str | None = None
    period: Period | None = None
    after: Place | None = None

    @staticmethod
    def read(asked: Asked, now: datetime) -> "Asking":
        return Asking(
            text=asked.get("q", "").strip()[:64],
            person=asked.get("person", "").strip()[:64],
            area=read_choice(asked, "area", AREAS),
            period=read_period(asked, local_day(now)),
            after=_read_place(asked.get("after", "")),
        )

    @property
    def parameters(self) -> dict[str, Any]:
        return without_blanks(
            {
                "q": self.text,
                "person": self.person,
                "area": self.area,
                "since": self.period.since.isoformat() if self.period is not None else None,
                "until": self.period.until.isoformat() if self.period is not None else None,
            }
        )


@dataclass(frozen=True, slots=True)
class Looked:
    """What the asking comes down to. subject: the one dossier that it speaks of, if it speaks of one."""

    filter: TimelineFilter
    subject: Subject | None
    candidates: Sequence[Subject]


def look(connection: Connection, actor: Actor, asking: Asking) -> Looked:
    """Find what is asked for; at most three statements."""
    found = find_subjects(connection, actor, asking.text) if asking.text else []
    subject = found[0] if len(found) == 1 else None
    subjects = None if not asking.text else (subject.codes if subject is not None else tuple(code for one in found for code in one.codes))
    if asking.text and not found:  # a calendar, an agency: subjects that are no dossiers are found by their whole name
        subjects = (asking.text,)
    actors = find_people(connection, actor, asking.person) if asking.person else None
    period = asking.period
    return Looked(
        TimelineFilter(
            subjects=subjects,
            actors=actors,
            kinds=AREAS[asking.area][1] if asking.area else (),
            starts_at=period.starts_at if period is not None else None,
            ends_at=period.ends_at if period is not None else None,
        ),
        subject,
        found if len(found) > 1 else (),
    )


def timeline_view(connection: Connection, actor: Actor, asking: Asking, looked: Looked, now: datetime) -> dict[str, Any]:
    """Everything that trace.html shows; a fixed number of statements."""
    who, zone = visible_entries(actor), services().zone
    newest_first = looked.subject is None
    entries = queries.timeline(connection, who, looked.filter, newest_first=newest_first, after=asking.after, limit=PAGE_SIZE + 1)
    shown = entries[:PAGE_SIZE]
    names = names_for(connection, shown, zone)
    personal = queries.personal_values(connection, [entry.id for entry in shown]) if shows_personal(actor, looked) else {}
    last = shown[-1] if len(entries) > PAGE_SIZE else None
    total = queries.count_entries(connection, who, looked.filter) if looked.subject is not None else None
    versions = versions_of(connection, actor, looked.subject.code) if looked.subject is not None else None
    entry_count, leaf_count = queries.count_all(connection)
    return {
        "asking": asking,
        "title": _title(looked),
        "line": _line(total, newest_first),
        "dossier_href": dossier_href(looked.subject.code) if looked.subject is not None and may(actor, "dossier.read") else None,
        "days": _days(shown, names, personal, actor, now),
        "candidates": [{"code": one.code, "owner": one.owner, "href": _href(replace(asking, text=one.code))} for one in looked.candidates],
        "areas": [(key, name) for key, (name, _) in AREAS.items()],
        "next": _href(asking, after=_place(last)) if last is not None else None,
        "first": _href(asking) if asking.after is not None else None,
        "csv": url_for("trace.timeline_csv", **asking.parameters),
        "versions": _versions(versions, now, zone),
        "may_verify": may(actor, "trace.verify"),
        "verification": None,
        "too_many": entry_count > MOST_VERIFIED,
        "log": {"entries": entry_count, "unnumbered": max(0, entry_count - leaf_count)},
    }


def shows_personal(actor: Actor, looked: Looked) -> bool:
    """Personal values are shown to whoever may see them, and only where one dossier was asked for: that look is recorded."""
    return looked.subject is not None and may(actor, "personal.view")


def names_for(connection: Connection, entries: Sequence[TraceEntry], zone: ZoneInfo) -> Names:
    """The names that the sentences of these entries need; at most three statements."""
    ids = trace_sentences.ids_in(entries)
    people, units = names_of(connection, ids["people"]), unit_names(connection, ids["units"])
    return Names(zone, people, units, calendar_names(connection, ids["calendars"]) if ids["calendars"] else {})


def file_rows(connection: Connection, actor: Actor, looked: Looked, zone: ZoneInfo) -> Iterator[Row]:
    """The timeline as rows of a file, oldest first; personal values never leave this way."""
    entries = queries.timeline_entries(connection, visible_entries(actor), looked.filter)
    for batch in _batches(entries, 500):
        names = names_for(connection, batch, zone)
        for entry in batch:
            told = tell(entry, names)
            changes = "; ".join(f"{one.name}: {f'{one.before} → ' if one.before is not None else ''}{one.after}" for one in told.changes)
            moments = (f"{one.astimezone(zone):%d/%m/%Y %H:%M:%S}" for one in (entry.at, entry.recorded_at))
            yield (*moments, told.who, told.words, changes, entry.subject_code, entry.kind, entry.chain_seq, entry.hash.hex())


def verification_view(connection: Connection, actor: Actor, report: Report, seconds: float, now: datetime) -> dict[str, Any]:
    """What a verification found, in words; of entries of other agencies nothing but that there is a fault."""
    counted, number = report.counted, wording.number
    fault = report.first_fault
    facts = [
        ("Mục", f"{number(counted.entries)}, trong đó {number(counted.loose)} mục lẻ"),
        ("Chuỗi", number(counted.chains)),
        ("Giá trị cá nhân", f"{number(counted.values)} khớp mã băm" if report.ok else number(counted.values)),
        ("Đã đánh số", f"{number(counted.leaves)}, chờ đánh số {number(counted.unnumbered)}"),
    ]
    told = None
    if fault is not None:
        may_tell = fault.entry_id is None or queries.is_among(connection, visible_entries(actor), fault.entry_id)
        told = {
            "count": report.fault_count,
            "where": f"mục {fault.entry_id}, {fault.kind}, {fault.subject_code or 'không về hồ sơ nào'}"
            if fault.entry_id is not None and may_tell
            else ("không mục nào riêng" if may_tell else "một mục của cơ quan khác"),
            "what": FAULTS.get(fault.check, fault.check),
            "detail": fault.what if may_tell else "",
        }
    local = now.astimezone(services().zone)
    return {"ok": report.ok, "facts": facts, "fault": told, "line": f"Kiểm tra trong {number(seconds, 2)} giây, lúc {local:%H:%M:%S}."}


FAULTS: Mapping[str, str] = {
    "hash": "nội dung hoặc mã băm của mục đã bị sửa",
    "body": "nội dung của mục không còn đúng dạng",
    "copy": "cột tra cứu nói khác nội dung của mục",
    "gap": "chuỗi thiếu mục ở giữa",
    "fork": "chuỗi có hai mục cùng số",
    "link": "mục không nối với mục trước nó",
    "head": "đầu chuỗi không khớp mục cuối",
    "value": "giá trị cá nhân bị sửa, thiếu hoặc thừa",
    "leaf": "số thứ tự trong cây không khớp",
}


# --- pieces -------------------------------------------------------------------------------------------------------------


def _title(looked: Looked) -> str:
    if looked.subject is not None:
        return ", ".join(part for part in (looked.subject.owner, looked.subject.procedure_name) if part) or looked.subject.code
    return "Nhật ký"


def _line(total: int | None, newest_first: bool) -> str:
    order = "mới trước cũ sau" if newest_first else "cũ trước mới sau"
    return f"{wording.number(total)} mục, {order}" if total is not None else order


def _days(
    entries: Sequence[TraceEntry], names: Names, personal: Mapping[int, Mapping[str, str]], actor: Actor, now: datetime
) -> list[dict[str, Any]]:
    grouped = groupby(entries, key=lambda entry: entry.at.astimezone(names.zone).date())
    return [
        {
            "day": f"{timephrases.WEEKDAYS[day.weekday()][:1].upper()}{timephrases.WEEKDAYS[day.weekday()][1:]} {day:%d/%m/%Y}",
            "entries": [_entry(entry, names, personal.get(entry.id, {}), actor) for entry in group],
        }
        for day, group in grouped
    ]


def _entry(entry: TraceEntry, names: Names, personal: Mapping[str, str], actor: Actor) -> dict[str, Any]:
    told = tell(entry, names)
    digest = entry.hash.hex()
    later = entry.recorded_at - entry.at
    at, recorded = entry.at.astimezone(names.zone), entry.recorded_at.astimezone(names.zone)
    return {
        "icon": told.icon,
        "tone": told.tone,
        "when": f"{at:%H:%M:%S}" + (f", ghi lúc {recorded:%H:%M:%S %d/%m/%Y}" if abs(later) > timedelta(minutes=5) else ""),
        "who": told.who,
        "is_me": entry.actor_id is not None and entry.actor_id == actor.person_id and told.who == who_did(entry, names),
        "words": told.words,
        "changes": told.changes,
        "personal": [(_personal_name(name), personal.get(name)) for name in sorted(entry.personal_names, key=_personal_order)],
        "subject": entry.subject_code,
        "subject_href": _subject_href(entry),
        "hash": " · ".join(
            part for part in (str(entry.chain_seq) if entry.chain_seq else "mục lẻ", entry.kind, f"{digest[:4]} {digest[4:8]}") if part
        ),
        "digest": digest,
    }


def _personal_order(name: str) -> tuple[int, int]:
    """The owner before the filer, the name before the rest."""
    part, _, rest = name.rpartition(".")
    return list(_PARTS).index(part) if part in _PARTS else 0, list(_PERSONAL).index(rest) if rest in _PERSONAL else len(_PERSONAL)


def _personal_name(name: str) -> str:
    part, _, rest = name.rpartition(".")
    word = wording.opening(_PERSONAL.get(rest, rest))
    return f"{word} {_PARTS[part]}" if part in _PARTS else word


def _subject_href(entry: TraceEntry) -> str | None:
    if entry.subject_code is None:
        return None
    if entry.chain_kind == "nonconformity":
        return nonconformity_href(entry.subject_code)
    return dossier_href(entry.subject_code) if entry.chain_kind in ("instance", "dossier") else None


def _versions(versions: Versions | None, now: datetime, zone: ZoneInfo) -> list[tuple[str, str]]:
    if versions is None:
        return []
    procedure = f"{versions.procedure_code}, bản {versions.procedure_version}, áp dụng từ {_day(versions.effective_from)}"
    told = [("Thủ tục", procedure)]
    told += [("Quy trình", versions.model)] if versions.model else []
    told += [("Lịch", versions.calendar)] if versions.calendar else []
    told += [("Tiếp nhận", timephrases.exact(versions.accepted_at, zone))] if versions.accepted_at is not None else []
    return told


def _day(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))


def _href(asking: Asking, **more: Any) -> str:
    return url_for("trace.trace", **asking.parameters, **more)


def _place(entry: TraceEntry) -> str:
    return f"{entry.at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{entry.id}"


def _read_place(text: str) -> Place | None:
    at, _, entry_id = text.partition("-")
    try:
        return Place(datetime.strptime(at, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC), int(entry_id[:19]))
    except ValueError:
        return None


def _batches(entries: Iterable[TraceEntry], size: int) -> Iterator[list[TraceEntry]]:
    batch: list[TraceEntry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch

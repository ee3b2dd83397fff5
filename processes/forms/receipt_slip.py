"""The slip of receipt and appointment (Mẫu 01): what is printed on it, and how it is kept. Source: facts 2.1, field by field."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from processes.forms.heading import Heading
from processes.forms.rendering import render
from processes.forms.wording import moment_in_words

COPIES = ("Lưu", "Giao khách hàng")

_ID_LABELS = {
    "citizen": "Số định danh cá nhân",
    "old_citizen": "Số CMND",
    "passport": "Số hộ chiếu",
    "tax_code": "Mã số thuế",
}
_ID_LABEL = "Số định danh cá nhân/Hộ chiếu"  # where nobody said which
_CHANNELS = {"counter": "trực tiếp", "postal": "bưu chính", "online": "trực tuyến"}
_NO_APPOINTMENT = "không hẹn trước; chúng tôi báo ông, bà khi có kết quả"


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One kind of paper, with how many of each sort were handed in."""

    name: str
    originals: int
    certified: int
    copies: int


@dataclass(frozen=True, slots=True)
class ReceiptSlipData:
    """Everything printed on form 01, in its order. Empty texts are left to be filled in by hand."""

    heading: Heading  # the dossier code stands in it
    counter: str
    owner: str
    filer: str
    filer_phone: str  # only when the filer is another than the owner
    address: str
    phone: str
    email: str
    id_kind: str
    id_number: str  # in full: the paper is the citizen's own
    content: str
    papers: tuple[PaperLine, ...]
    sets: int
    limit: str  # "3 ngày làm việc"
    received_at: datetime
    promised_at: datetime | None  # None: untimed
    provisional_days: tuple[str, ...]  # days off counted before the appointment and not yet decreed
    result_channel: str  # counter | postal | online
    result_place: str
    fee: str
    receiver: str
    contact: str  # the counter's address and phone
    template: str = "receipt_slip"


def receipt_slip_pdf(data: ReceiptSlipData, *, copies: tuple[str, ...] = COPIES) -> bytes:
    """Form 01 as PDF, one part for each copy: one is kept with the dossier, one is the citizen's."""
    heading = data.heading
    values = for_template(data) | {"copies": list(copies)}
    return render(data.template, values, made_at=heading.issued_at, qr=heading.dossier_code)


def for_template(data: ReceiptSlipData) -> dict[str, Any]:
    """The slip as its template reads it: everything in the words of the form."""
    return {
        "heading": data.heading.for_template(),
        "counter": data.counter,
        "owner": data.owner,
        "filer": ", ".join(part for part in (data.filer, f"điện thoại {data.filer_phone}" if data.filer_phone else "") if part),
        "address": data.address,
        "phone": data.phone,
        "email": data.email,
        "id_label": _ID_LABELS.get(data.id_kind, _ID_LABEL),
        "id_number": data.id_number,
        "content": data.content,
        "papers": [asdict(paper) for paper in data.papers],
        "sets": f"{data.sets:02d}",
        "limit": data.limit,
        "received": moment_in_words(data.received_at),
        "promised": moment_in_words(data.promised_at) if data.promised_at is not None else _NO_APPOINTMENT,
        "promise_note": _promise_note(data.provisional_days),
        "result": f"{data.result_place} ({_CHANNELS[data.result_channel]})",
        "fee": data.fee,
        "filer_name": data.filer,
        "receiver": data.receiver,
        "contact": data.contact,
    }


def as_json(data: ReceiptSlipData) -> dict[str, Any]:
    """The slip as it is kept; from_json gives it back."""
    kept = asdict(data)
    for holder, name in ((kept["heading"], "issued_at"), (kept, "received_at"), (kept, "promised_at")):
        holder[name] = holder[name].isoformat() if holder[name] is not None else None
    return kept | {"papers": list(kept["papers"]), "provisional_days": list(kept["provisional_days"])}


def from_json(kept: Mapping[str, Any]) -> ReceiptSlipData:
    """The slip as it was kept."""
    heading = dict(kept["heading"])
    heading["issued_at"] = datetime.fromisoformat(heading["issued_at"])
    values = dict(kept) | {
        "heading": Heading(**heading),
        "papers": tuple(PaperLine(**paper) for paper in kept["papers"]),
        "provisional_days": tuple(kept["provisional_days"]),
        "received_at": datetime.fromisoformat(kept["received_at"]),
        "promised_at": datetime.fromisoformat(kept["promised_at"]) if kept["promised_at"] else None,
    }
    return ReceiptSlipData(**values)


def _promise_note(days: tuple[str, ...]) -> str:
    return f"Giờ hẹn tính theo lịch nghỉ dự kiến, chưa công bố: {'; '.join(days)}." if days else ""

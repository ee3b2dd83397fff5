"""Forms of the invented commune Suối Mây, filled in, and what can be read on their paper."""

from datetime import datetime
from io import BytesIO

from pypdf import PdfReader

from engine.timelimit import Punctuality
from processes.forms.definitions import definition_on
from processes.forms.heading import Heading
from processes.forms.receipt_slip import PaperLine, ReceiptSlipData
from processes.forms.tracking_slip import ClockPause, Hand, Leg, TrackingSlipData
from processes.organisation.rules import OFFICE_ZONE

CODE = "H99.018.01-261119-0004"
COUNTER = "Trung tâm Phục vụ hành chính công"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE_ZONE)


ACCEPTED_AT = local("2026-11-19T14:20")


def heading(form: str, number: str | None = None) -> Heading:
    definition = definition_on(form, ACCEPTED_AT.date())
    return Heading(
        parent_agency="UBND xã Suối Mây",
        issuing_unit=f"{COUNTER} xã Suối Mây",
        number=number,
        dossier_code=CODE,
        place="Suối Mây",
        issued_at=ACCEPTED_AT,
        book_no=1,
        running_no=128,
        citation=definition.citation,
        title=definition.title,
    )


def receipt(**changes: object) -> ReceiptSlipData:
    values: dict[str, object] = {
        "heading": heading("receipt_slip", "12/TTPVHCC"),
        "counter": f"{COUNTER} xã Suối Mây",
        "owner": "Lường Văn Đạt",
        "filer": "Lò Thị Mưa",
        "filer_phone": "0900000777",
        "address": "Bản Mây Hồng, xã Suối Mây",
        "phone": "0900000119",
        "email": "dat.luong@suoimay.example",
        "id_kind": "citizen",
        "id_number": "014085000456",
        "content": "Đăng ký thành lập hộ kinh doanh: quán phở Mây Trắng",
        "papers": (
            PaperLine("Giấy đề nghị đăng ký hộ kinh doanh", 1, 0, 0),
            PaperLine("Giấy tờ pháp lý của cá nhân", 0, 2, 0),
            PaperLine("Biên bản họp thành viên hộ gia đình", 0, 0, 3),
        ),
        "sets": 1,
        "limit": "3 ngày làm việc",
        "received_at": ACCEPTED_AT,
        "promised_at": local("2026-11-25T14:20"),
        "provisional_days": (),
        "result_channel": "counter",
        "result_place": f"{COUNTER} xã Suối Mây",
        "fee": "50.000 đồng, biên lai số 0000123",
        "receiver": "Hoàng Thị Nắng",
        "contact": "Liên hệ: số 1 đường Suối Mây, điện thoại 02000000111",
    }
    return ReceiptSlipData(**{**values, **changes})  # type: ignore[arg-type]  # a builder takes anything


def hand(unit: str, person: str | None = None, account: str | None = None, at: str | None = None) -> Hand:
    return Hand(unit, person, account, local(at) if at is not None else None)


def leg(code: str, giver: Hand, *receivers: Hand, **changes: object) -> Leg:
    values: dict[str, object] = {
        "step_code": code,
        "number": 1,
        "status": "completed",
        "giver": giver,
        "receivers": receivers,
        "result": Punctuality.ON_TIME,
        "used_minutes": 45,
        "limit_minutes": 120,
        "limit": "2 giờ làm việc",
        "due_at": local("2026-11-19T16:20"),
        "late_minutes": 0,
        "late_reason": None,
        "note": None,
        "pauses": (),
    }
    return Leg(**{**values, **changes})  # type: ignore[arg-type]


def pause(until: str | None = "2026-11-23T08:00", minutes: int | None = 390) -> ClockPause:
    since = local("2026-11-20T09:30")
    return ClockPause("chờ công dân bổ sung", "Mẫu 02, số 5/HDHS", since, local(until) if until is not None else None, minutes)


NANG = hand(COUNTER, "Hoàng Thị Nắng", "nang.hoang", "2026-11-19T15:05")
SOM_TAKES = hand("Phòng Kinh tế", "Nguyễn Văn Sớm", "som.nguyen", "2026-11-19T15:07")
SOM_GIVES = hand("Phòng Kinh tế", "Nguyễn Văn Sớm", "som.nguyen", "2026-11-19T16:48")
DAT_TAKES = hand("Phòng Kinh tế", "Phạm Văn Đất", "dat.pham", "2026-11-19T16:50")
DAT_HOLDS = hand("Phòng Kinh tế", "Phạm Văn Đất", "dat.pham")

FIRST = leg("B1", NANG, SOM_TAKES)
LATE = leg(
    "B2",
    SOM_GIVES,
    DAT_TAKES,
    result=Punctuality.OVERDUE,
    used_minutes=103,
    limit_minutes=60,
    late_minutes=43,
    late_reason="Người thụ lý nghỉ, đi công tác, họp",
    note="Trưởng phòng họp đột xuất",
)
IN_HAND = leg(
    "B3", DAT_HOLDS, status="claimed", result=None, used_minutes=200, limit_minutes=1200, due_at=None, pauses=(pause(None, None),)
)


def tracking(*legs: Leg, **changes: object) -> TrackingSlipData:
    values: dict[str, object] = {
        "heading": heading("tracking_slip"),
        "owner": "Lường Văn Đạt",
        "received_at": ACCEPTED_AT,
        "promised_at": local("2026-11-25T14:20"),
        "handling_body": "Phòng Kinh tế, UBND xã Suối Mây",
        "coordinating_bodies": ("Văn phòng đăng ký đất đai Mây Ngàn",),
        "legs": legs or (FIRST, LATE, IN_HAND),
        "ending": "",
        "as_of": local("2026-11-23T08:00"),
    }
    return TrackingSlipData(**{**values, **changes})  # type: ignore[arg-type]


def pages(pdf: bytes) -> list[str]:
    """The text of each page as one line, as a reader copies it out."""
    texts = (page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return [" ".join(text.replace("\u200b", "").split()) for text in texts]


def page_sizes(pdf: bytes) -> set[tuple[int, int]]:
    """Width and height of the pages in millimetres."""
    boxes = (page.mediabox for page in PdfReader(BytesIO(pdf)).pages)
    return {(round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)) for box in boxes}


def assert_in_order(text: str, *parts: str) -> None:
    """Every part stands in the text, each after the one before."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not in {text[at:]!r}"
        at = found + len(part)

"""What stands at the head of every official form of the one-stop counter. Source: facts 2.0, H1 to H7."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from processes.forms.wording import agency_in_full, day_in_words
from processes.organisation.rules import local_day


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a form, in the order of H1 to H7; the national title (H3) is the same on all."""

    parent_agency: str  # H1: UBND xã Suối Mây
    issuing_unit: str  # H2: Trung tâm Phục vụ hành chính công xã Suối Mây
    number: str | None  # H4; form 06 has none of its own
    dossier_code: str  # H5: all that the QR code says
    place: str  # H6
    issued_at: datetime  # H6
    book_no: int | None  # H7
    running_no: int | None  # H7
    citation: str  # Mẫu số 01 ban hành kèm theo ...
    title: str

    def for_template(self) -> dict[str, Any]:
        """The head as templates read it."""
        return {
            "parent_agency": agency_in_full(self.parent_agency),
            "issuing_unit": self.issuing_unit.upper(),
            "number": self.number,
            "place": self.place,
            "day": day_in_words(local_day(self.issued_at)),
            "book_no": self.book_no,
            "running_no": self.running_no,
            "citation": self.citation,
            "title": self.title.upper(),
            "dossier_code": self.dossier_code,
        }

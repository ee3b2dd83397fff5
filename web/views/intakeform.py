"""The intake form: what was typed as an Intake, and faults back beside the fields they stand in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.errors import InvalidError
from processes.catalogue.queries import ProcedureInForce
from processes.dossiers.intake import Intake, PaperEntry, PartyEntry, checked
from processes.organisation.identifiers import IdentifierKind

SORTS = ("originals", "certified", "copies")
ID_KINDS = {
    IdentifierKind.CITIZEN.value: "Số định danh",
    IdentifierKind.PASSPORT.value: "Hộ chiếu",
    IdentifierKind.TAX_CODE.value: "Mã số thuế (tổ chức)",
}
CHANNELS = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính công ích"}
DELIVERIES = {"counter": "Tại Trung tâm", "online": "Bản điện tử qua tài khoản", "postal": "Bưu chính, tận nhà"}
OTHER_NUMBERS = {
    IdentifierKind.PASSPORT.value: "Số hộ chiếu có 5 đến 15 chữ và số. Xem lại trên hộ chiếu.",
    IdentifierKind.TAX_CODE.value: "Mã số thuế chưa đúng: 10 số, chi nhánh thêm 3 số. Xem lại từng số trên giấy chứng nhận.",
}
_FIELDS = {"id_number": "number", "result_channel": "delivery", "procedure_code": "procedure", "variant": "procedure"}
_UNREADABLE = -1  # refused by every check of a count


@dataclass
class Typed:
    """The form as typed, read."""

    form: Mapping[str, str]
    procedure_code: str
    variant: str | None
    problems: dict[str, Any] = field(default_factory=dict)  # by the names of operations

    @staticmethod
    def read(form: Mapping[str, str]) -> "Typed":
        code, _, variant = form.get("procedure", "").partition(":")
        return Typed(form, code, variant or None)

    def text(self, name: str) -> str:
        return self.form.get(name, "").strip()

    def intake(self, procedure: ProcedureInForce, today: date) -> Intake:
        """What the operation is handed.

        Raises: InvalidError with every fault at once when something is no number at all.
        """
        intake = Intake(
            procedure_code=self.procedure_code,
            channel=self.text("channel"),
            owner=self._party("owner"),
            filer=self._party("filer") if self.text("filer_differs") else None,
            variant=self.variant,
            papers=[self._paper(paper["code"]) for paper in procedure.papers],
            content=self.text("content"),
            sets=self._number("sets", "sets", 1),
            result_channel=self.text("delivery"),
            fee_amount=self._number("fee_amount", "fee_amount", 0) if self.text("fee_paid") else None,
            fee_receipt=(self.text("fee_receipt") or None) if self.text("fee_paid") else None,
        )
        if self.problems:
            raise InvalidError(
                "Some fields cannot be used.", code="intake_invalid", errors=_faults(intake, procedure, today) | self.problems
            )
        return intake

    def _party(self, part: str) -> PartyEntry:
        id_kind = self.text(f"{part}_id_kind") or IdentifierKind.CITIZEN.value
        return PartyEntry(
            name=self.text(f"{part}_name"),
            id_number=self.text(f"{part}_number"),
            id_kind=id_kind,
            phone=self.text(f"{part}_phone"),
            email=self.text(f"{part}_email"),
            address=self.text(f"{part}_address"),
            kind="organisation" if id_kind == IdentifierKind.TAX_CODE.value else "person",
        )

    def _paper(self, code: str) -> PaperEntry:
        if not self.text(f"paper_{code}"):
            return PaperEntry(code)
        name = f"papers.{code}"
        entry = PaperEntry(code, *(self._number(f"paper_{code}_{sort}", name, 0) for sort in SORTS))
        if not entry.total and name not in self.problems:
            self.problems[name] = "Đã đánh dấu nhận nhưng số lượng bằng 0."
        return entry

    def _number(self, name: str, problem: str, empty: int) -> int:
        typed = self.text(name).replace(".", "")
        if not typed:
            return empty
        if not typed.isascii() or not typed.isdecimal() or len(typed) > 9:
            self.problems[problem] = "not_a_number"
            return _UNREADABLE
        return int(typed)


def _faults(intake: Intake, procedure: ProcedureInForce, today: date) -> dict[str, Any]:
    try:
        checked(intake, procedure, today)
    except InvalidError as fault:
        return fault.errors
    return {}


def field_name(name: str) -> str:
    """The form's name of a field that an operation names: owner.id_number is owner_number."""
    part, _, rest = name.rpartition(".")
    last = _FIELDS.get(rest, rest)
    return f"paper_{rest}" if part == "papers" else f"{part}_{last}" if part else last


def by_form_name(fields: Mapping[str, str], form: Mapping[str, str]) -> dict[str, str]:
    """Sentences by the form's field names. What is wrong with a passport or a tax code is said of it, not of an ID number."""
    told = {field_name(name): sentence for name, sentence in fields.items()}
    for part in ("owner", "filer"):
        id_kind = form.get(f"{part}_id_kind", "")
        if id_kind in OTHER_NUMBERS and f"{part}_number" in told:
            told[f"{part}_number"] = OTHER_NUMBERS[id_kind]
    return told

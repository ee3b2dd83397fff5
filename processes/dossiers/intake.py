"""What is typed at the counter, checked before anything is written. Every fault is collected, then raised once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.errors import EngineError, InvalidError
from processes.catalogue.queries import ProcedureInForce
from processes.organisation.identifiers import IdentifierKind, normalise_identifier, normalise_phone

RESULT_CHANNELS = ("counter", "postal", "online")
CHANNELS = ("direct", "online", "postal")


@dataclass(frozen=True, slots=True)
class PartyEntry:
    """A person or organisation as typed."""

    name: str
    id_number: str = ""
    id_kind: str = IdentifierKind.CITIZEN.value
    phone: str = ""
    email: str = ""
    address: str = ""
    kind: str = "person"


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """How many of a paper are handed in, by sort."""

    code: str
    originals: int = 0
    certified: int = 0
    copies: int = 0

    @property
    def total(self) -> int:
        return self.originals + self.certified + self.copies


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that makes a dossier."""

    procedure_code: str
    channel: str
    owner: PartyEntry
    filer: PartyEntry | None = None
    variant: str | None = None
    papers: Sequence[PaperEntry] = ()
    content: str = ""
    sets: int = 1
    result_channel: str = "counter"
    fee_amount: int | None = None
    fee_receipt: str | None = None


def checked(intake: Intake, procedure: ProcedureInForce, today: date) -> Intake:
    """The intake with identifiers and phones normalised.

    Raises: InvalidError with every fault by field; papers_missing when papers are all that is missing.
    """
    errors: dict[str, Any] = {}
    owner = _party("owner", intake.owner, today, errors)
    filer = _party("filer", intake.filer, today, errors) if intake.filer is not None else None
    _check_choices(intake, procedure, errors)
    _check_counts(intake.papers, procedure, errors)
    missing = _missing(intake.papers, procedure)
    if errors:
        if missing:
            errors["papers"] = {"missing": missing}
        raise InvalidError("Some fields cannot be used.", code="intake_invalid", errors=errors)
    if missing:
        raise InvalidError(
            "Required papers are missing.",
            code="papers_missing",
            errors={"papers": {"missing": missing}},
            missing=missing,
            count=len(missing),
        )
    return replace(intake, owner=owner, filer=filer)


def _check_choices(intake: Intake, procedure: ProcedureInForce, errors: dict[str, Any]) -> None:
    if intake.channel not in CHANNELS:
        errors["channel"] = "unknown"
    elif procedure.limit(intake.variant, intake.channel) is None:
        errors["channel"] = "not_offered"
    if procedure.variants and intake.variant not in procedure.variants:
        errors["variant"] = "required"
    if intake.result_channel not in RESULT_CHANNELS:
        errors["result_channel"] = "unknown"
    if not 1 <= intake.sets <= 99:
        errors["sets"] = "out_of_range"


def _party(part: str, entry: PartyEntry, today: date, errors: dict[str, Any]) -> PartyEntry:
    name = " ".join(entry.name.split())
    if not name:
        errors[f"{part}.name"] = "required"
    if entry.kind not in ("person", "organisation"):
        errors[f"{part}.kind"] = "unknown"
    if not entry.address.strip():
        errors[f"{part}.address"] = "required"
    number = _try(f"{part}.id_number", errors, lambda: normalise_identifier(IdentifierKind(entry.id_kind), entry.id_number, today=today))
    phone = _try(f"{part}.phone", errors, lambda: normalise_phone(entry.phone)) if entry.phone.strip() else ""
    if not entry.phone.strip() and part == "owner" and not entry.email:
        errors[f"{part}.phone"] = "required"
    return replace(entry, name=name, id_number=number, phone=phone, email=entry.email.strip(), address=" ".join(entry.address.split()))


def _try(name: str, errors: dict[str, Any], read: Callable[[], str]) -> str:
    try:
        return read()
    except EngineError as error:
        errors[name] = {"code": error.code, **error.facts}
    except ValueError:
        errors[name] = "unknown"
    return ""


def _check_counts(papers: Sequence[PaperEntry], procedure: ProcedureInForce, errors: dict[str, Any]) -> None:
    known = {paper["code"] for paper in procedure.papers}
    for paper in papers:
        if paper.code not in known:
            errors[f"papers.{paper.code}"] = "unknown"
        elif min(paper.originals, paper.certified, paper.copies) < 0 or paper.total > 999:
            errors[f"papers.{paper.code}"] = "out_of_range"


def _missing(papers: Sequence[PaperEntry], procedure: ProcedureInForce) -> list[str]:
    """Names of required papers of which none is handed in."""
    handed_in = {paper.code for paper in papers if paper.total > 0}
    return [paper["name"] for paper in procedure.papers if paper["required"] and paper["code"] not in handed_in]

"""Tables of dossiers: what was filed, by whom, with which papers, which forms were issued."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.trace.heads import register_chain
from processes.organisation.models import Base, IdKey


class Dossier(Base):
    """One request of one owner under one version of a procedure; its legal clock runs on the instance."""

    __tablename__ = "dossiers"
    __table_args__ = (
        UniqueConstraint("agency_id", "code"),
        UniqueConstraint("agency_id", "book_year", "book_no", "running_no"),
        CheckConstraint("status between 1 and 10", name="status"),
        CheckConstraint("channel in ('direct','online','postal')", name="channel"),
        Index("ix_dossiers_agency_accepted", "agency_id", "accepted_at"),
        Index("ix_dossiers_agency_status", "agency_id", "status"),
        Index("ix_dossiers_instance", "instance_id"),
    )

    id: Mapped[IdKey]
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"))
    code: Mapped[str] = mapped_column(String(64))
    procedure_version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("procedure_versions.id"))
    procedure_code: Mapped[str] = mapped_column(String(16))
    variant: Mapped[str | None] = mapped_column(String(32))
    instance_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("instances.id"))
    status: Mapped[int] = mapped_column(SmallInteger)  # 1 to 10, of the national portal
    status_before: Mapped[int | None] = mapped_column(SmallInteger)  # the one to go back to from 5 and 6
    channel: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    content: Mapped[str]
    sets: Mapped[int]
    result_channel: Mapped[str] = mapped_column(String(16))  # counter | postal | online
    fee_amount: Mapped[int | None]  # đồng
    fee_receipt: Mapped[str | None] = mapped_column(String(32))
    book_year: Mapped[int | None]
    book_no: Mapped[int | None]
    running_no: Mapped[int | None]
    filed_at: Mapped[datetime]
    answer_due_at: Mapped[datetime | None]  # the 8 working hours of an online filing
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[int | None] = mapped_column(BigInteger)
    promised_at: Mapped[datetime | None]  # the appointment given to the citizen
    finished_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]  # refused, withdrawn, stopped
    close_reason: Mapped[str | None]
    result_number: Mapped[str | None] = mapped_column(String(64))
    result_receiver: Mapped[str | None]
    trace_seq: Mapped[int]
    trace_head: Mapped[bytes | None]


class Party(Base):
    """The owner or the filer of a dossier, as they stood when it was filed."""

    __tablename__ = "dossier_parties"
    __table_args__ = (
        UniqueConstraint("dossier_id", "part"),
        CheckConstraint("part in ('owner','filer')", name="part"),
        Index("ix_dossier_parties_id_number", "agency_id", "id_number"),
        Index("ix_dossier_parties_name", "agency_id", "name_folded"),
        Index("ix_dossier_parties_phone", "agency_id", "phone"),
    )

    id: Mapped[IdKey]
    agency_id: Mapped[int] = mapped_column(BigInteger)
    dossier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dossiers.id"))
    part: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))  # person | organisation
    name: Mapped[str]
    name_folded: Mapped[str]
    id_kind: Mapped[str] = mapped_column(String(16))
    id_number: Mapped[str] = mapped_column(String(32))
    phone: Mapped[str] = mapped_column(String(32))
    email: Mapped[str]
    address: Mapped[str]


class SubmittedPaper(Base):
    """A paper of the dossier, with how many of each sort were handed in."""

    __tablename__ = "submitted_papers"
    __table_args__ = (Index("ix_submitted_papers_dossier", "dossier_id"),)

    id: Mapped[IdKey]
    dossier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dossiers.id"))
    code: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    originals: Mapped[int]
    certified: Mapped[int]
    copies: Mapped[int]
    received_at: Mapped[datetime]
    received_by_id: Mapped[int | None] = mapped_column(BigInteger)
    supplement_no: Mapped[int]  # 0: handed in with the dossier


class IssuedForm(Base):
    """An official form that was made: its number, its moment and the data printed on it."""

    __tablename__ = "issued_forms"
    __table_args__ = (
        UniqueConstraint("agency_id", "form", "year", "running_no"),
        Index("ix_issued_forms_dossier", "dossier_id"),
    )

    id: Mapped[IdKey]
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"))
    dossier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dossiers.id"))
    form: Mapped[str] = mapped_column(String(32))  # receipt_slip | supplement_request | refusal_notice | ...
    year: Mapped[int]
    running_no: Mapped[int]
    number: Mapped[str] = mapped_column(String(48))  # as printed: 12/TTPVHCC
    issued_at: Mapped[datetime]
    issued_by_id: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    replaces_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issued_forms.id"))


class SupplementRequest(Base):
    """What the citizen was asked to supplement, and when it came."""

    __tablename__ = "supplement_requests"
    __table_args__ = (UniqueConstraint("dossier_id", "ordinal"),)

    id: Mapped[IdKey]
    dossier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dossiers.id"))
    ordinal: Mapped[int]
    form_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issued_forms.id"))
    content: Mapped[str]
    reason: Mapped[str]
    requested_at: Mapped[datetime]
    requested_by_id: Mapped[int | None] = mapped_column(BigInteger)
    answer_due_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]  # when the answer came: the clock resumes here
    entered_at: Mapped[datetime | None]  # when that was written down
    entered_by_id: Mapped[int | None] = mapped_column(BigInteger)


# The tables themselves, for set-wise statements.
dossiers = cast(Table, Dossier.__table__)
parties = cast(Table, Party.__table__)
submitted_papers = cast(Table, SubmittedPaper.__table__)
issued_forms = cast(Table, IssuedForm.__table__)
supplement_requests = cast(Table, SupplementRequest.__table__)

register_chain("dossier", dossiers)

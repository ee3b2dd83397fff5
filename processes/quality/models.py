"""Tables of the quality records: nonconformities. None is ever deleted."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.trace.heads import register_chain
from processes.organisation.models import Base, IdKey
from processes.quality.rules import KINDS, STATUSES


class Nonconformity(Base):
    """Something that did not conform, with its evidence as it stood when it was raised.

    Source: ISO 9001:2015 clause 10.2; rules 3.1 to 3.6.
    """

    __tablename__ = "nonconformities"
    __table_args__ = (
        UniqueConstraint("agency_id", "kind", "source"),
        UniqueConstraint("agency_id", "number"),
        CheckConstraint(f"status in ({','.join(repr(one) for one in STATUSES)})", name="status"),
        CheckConstraint(f"kind in ({','.join(repr(one) for one in KINDS)})", name="kind"),
        Index("ix_nonconformities_agency_status", "agency_id", "status", "raised_at"),
        Index("ix_nonconformities_instance", "instance_id"),
        Index("ix_nonconformities_step", "step_id"),
    )

    id: Mapped[IdKey]
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"))
    number: Mapped[str] = mapped_column(String(24))  # KPH-2026-0001
    kind: Mapped[str] = mapped_column(String(24))
    source: Mapped[str] = mapped_column(String(128))  # dossier code, or dossier code/step code/pass
    status: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(8))
    title: Mapped[str]
    subject_code: Mapped[str] = mapped_column(String(64))
    procedure_name: Mapped[str]
    instance_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("instances.id"))
    step_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("steps.id"))
    step_code: Mapped[str | None] = mapped_column(String(16))
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    handler_id: Mapped[int | None] = mapped_column(BigInteger)  # who held it when the deadline passed; else the unit
    external_provider: Mapped[str | None]  # an agency that is not on the system (8.4); not counted against our unit
    origin: Mapped[str] = mapped_column(String(16))
    occurred_at: Mapped[datetime]  # the breach
    raised_at: Mapped[datetime]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason_code: Mapped[str | None] = mapped_column(String(32))
    correction: Mapped[str | None]
    corrected_at: Mapped[datetime | None]
    corrected_by_id: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger)
    close_note: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None] = mapped_column(BigInteger)
    cancel_reason: Mapped[str | None]
    cancel_document: Mapped[str | None]
    is_light: Mapped[bool] = mapped_column(Boolean)
    trace_seq: Mapped[int]
    trace_head: Mapped[bytes | None]


nonconformities = cast(Table, Nonconformity.__table__)  # for set-wise statements

register_chain("nonconformity", nonconformities)

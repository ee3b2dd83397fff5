"""Tables of the catalogue: procedures and their versions; a dossier keeps the version it was filed under."""

from datetime import date
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from processes.organisation.models import Base, IdKey


class Procedure(Base):
    """What the law offers, by its national code."""

    __tablename__ = "procedures"

    id: Mapped[IdKey]
    code: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str]
    name_folded: Mapped[str]
    field: Mapped[str]


class ProcedureVersion(Base):
    """A procedure as it stands in a span of time: limits, papers, fee, model. Never changed once loaded."""

    __tablename__ = "procedure_versions"
    __table_args__ = (UniqueConstraint("procedure_id", "version"),)

    id: Mapped[IdKey]
    procedure_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("procedures.id"))
    version: Mapped[int]
    effective_from: Mapped[date] = mapped_column(Date)
    effective_to: Mapped[date | None] = mapped_column(Date)  # the last day; None: until further notice
    definition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("definitions.id"))
    limits: Mapped[dict[str, Any]] = mapped_column(JSON)  # {variant or "": {channel: limit text}}
    limit_rule: Mapped[str] = mapped_column(String(16))
    path_minutes: Mapped[int]  # the longest path to status 9, for the shares of same-day procedures
    papers: Mapped[list[Any]] = mapped_column(JSON)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # decision, legal basis, fee, result, retention, supplement, variants
    sha256: Mapped[str] = mapped_column(String(64))  # of procedure.toml and the models

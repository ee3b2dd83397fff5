"""Tables of the organisation: agencies, their units, partners and people, who sits where, who is logged in."""

from datetime import date, datetime
from typing import Annotated, cast

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from engine.tables import BigId, UtcMoment
from engine.tables import metadata as engine_metadata
from engine.trace.heads import register_chain
from processes.organisation.rules import AGENCY_KINDS, ROLE_TITLES

IdKey = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=False)]
Code = Annotated[str, mapped_column(String(35))]
Key = Annotated[str, mapped_column(String(32))]


class Base(DeclarativeBase):
    """What all tables above the engine share: the engine's metadata, and moments in UTC."""

    metadata = engine_metadata
    type_annotation_map = {datetime: UtcMoment, str: Text, bytes: LargeBinary}  # noqa: RUF012  # SQLAlchemy reads it as it stands


def _one_of(column: str, values: frozenset[str] | tuple[str, ...]) -> str:
    return f"{column} in ({','.join(repr(value) for value in sorted(values))})"


class Agency(Base):
    """An authority on the system; the head of the chain of its administrative records lies here."""

    __tablename__ = "agencies"
    __table_args__ = (CheckConstraint(_one_of("kind", AGENCY_KINDS), name="kind"),)

    id: Mapped[IdKey]
    code: Mapped[Code] = mapped_column(unique=True)  # H99.018
    name: Mapped[str]
    counter_name: Mapped[str]  # Trung tâm Phục vụ hành chính công xã ...
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agencies.id"))
    address: Mapped[str]
    phone: Mapped[str] = mapped_column(String(32))
    place_name: Mapped[str]  # as printed before the date on forms: "Suối Mây, ngày ..."
    calendar_code: Mapped[str] = mapped_column(String(32))
    dossier_code_prefix: Mapped[Code] = mapped_column(unique=True)  # H99.018.01: the counter's own identifier
    created_at: Mapped[datetime]
    trace_seq: Mapped[int]
    trace_head: Mapped[bytes | None]


class Unit(Base):
    """A part of an agency; lanes of models name it by its key."""

    __tablename__ = "units"
    __table_args__ = (UniqueConstraint("agency_id", "key"),)

    id: Mapped[IdKey]
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"))
    key: Mapped[Key]
    name: Mapped[str]
    is_counter: Mapped[bool] = mapped_column(server_default=false())


class UnitField(Base):
    """Which unit of an agency is responsible for a field of procedures; one for each field."""

    __tablename__ = "unit_fields"

    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(128), primary_key=True)  # as procedure.toml names it
    unit_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("units.id"))


class Partner(Base):
    """Whom an agency means by a partner key of a model: another agency on the system, or a name."""

    __tablename__ = "partners"
    __table_args__ = (CheckConstraint("(partner_agency_id is null) <> (name is null)", name="agency_or_name"),)

    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"), primary_key=True)
    key: Mapped[Key] = mapped_column(primary_key=True)
    partner_agency_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agencies.id"))
    name: Mapped[str | None]


class Person(Base):
    """Somebody who works in an agency and logs in."""

    __tablename__ = "people"
    __table_args__ = (Index(None, "agency_id", "folded_name"),)

    id: Mapped[IdKey]
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"))
    login: Mapped[str] = mapped_column(String(64), unique=True)
    full_name: Mapped[str]
    folded_name: Mapped[str]
    title: Mapped[str]
    phone: Mapped[str] = mapped_column(String(32))
    email: Mapped[str]
    password_hash: Mapped[str]
    must_change_password: Mapped[bool]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SeatGrant(Base):
    """A role given to a person, in one unit or in the whole agency, from one day until another (both included)."""

    __tablename__ = "seats"
    __table_args__ = (
        CheckConstraint(_one_of("role", tuple(ROLE_TITLES)), name="role"),
        CheckConstraint("until_on is null or until_on >= from_on", name="days"),
    )

    id: Mapped[IdKey]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("units.id"))
    role: Mapped[str] = mapped_column(String(32))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]  # takes effect at once, unlike a last day


class LoginSession(Base):
    """Somebody who is logged in; only the SHA-256 of the token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    user_agent: Mapped[str]


class LoginFailure(Base):
    """Failed log-ins in a row for one login, whether or not there is such a person: both must look the same from outside."""

    __tablename__ = "login_failures"

    login_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # what was typed may be a password in the wrong box
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class NumberSequence(Base):
    """The last number taken in one book of one period."""

    __tablename__ = "number_sequences"

    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agencies.id"), primary_key=True)
    book: Mapped[str] = mapped_column(String(32), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    last_no: Mapped[int]


register_chain("agency", cast(Table, Agency.__table__))

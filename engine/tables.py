"""The engine's tables. Only engine.operations, engine.sweep and engine.trace write them; anybody below web may read them.

Three lifetimes: definitions and calendar versions never change once published; instances, steps, timers and clock entries
change only through an operation; trace entries and leaves are only ever added.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcMoment(TypeDecorator[datetime]):
    """A moment in UTC on both databases; SQLite gives naive values back, this makes them aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# On SQLite only an INTEGER primary key is the row's own address; a BIGINT one costs a second index.
BigId = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", BigId, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, nullable: bool = False, index: bool = False) -> Column[Any]:
    return Column(name, BigInteger, ForeignKey(target), nullable=nullable, index=index)


# --- definitions: immutable once published -------------------------------------------------------------------------

definitions = Table(
    "definitions",
    metadata,
    _id(),
    Column("key", String(64), nullable=False),  # procedure code, or the process id of a quality process
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),  # draft | published | withdrawn
    Column("sources", JSON, nullable=False),  # {file name: XML}, the main file first
    Column("sha256", String(64), nullable=False),
    Column("published_at", UtcMoment),
    Column("published_by", String(64)),
    UniqueConstraint("key", "version"),
    CheckConstraint("status in ('draft','published','withdrawn')", name="status"),
)

calendar_versions = Table(
    "calendar_versions",
    metadata,
    _id(),
    Column("code", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("sessions", JSON, nullable=False),  # {"0": [["07:30","11:30",true], ...]} by weekday; true = counts
    Column("minutes_per_working_day", Integer, nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("published_at", UtcMoment, nullable=False),
    Column("published_by", String(64), nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("code", "version"),
)

calendar_days = Table(
    "calendar_days",
    metadata,
    Column("calendar_version_id", BigInteger, ForeignKey("calendar_versions.id"), primary_key=True),
    Column("on", Date, primary_key=True),
    Column("kind", String(16), nullable=False),  # off | working (a make-up day)
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("provisional", Boolean, nullable=False),
    CheckConstraint("kind in ('off','working')", name="kind"),
)

# --- running -------------------------------------------------------------------------------------------------------

instances = Table(
    "instances",
    metadata,
    _id(),
    Column("agency_id", BigInteger, nullable=False),
    _ref("definition_id", "definitions.id"),
    _ref("calendar_version_id", "calendar_versions.id"),
    Column("subject_kind", String(24), nullable=False),  # dossier | nonconformity | ...
    Column("subject_id", BigInteger, nullable=False),
    Column("subject_code", String(64), nullable=False),
    Column("subject_title", Text, nullable=False),  # the procedure's name
    Column("subject_party", Text, nullable=False),  # the owner's name
    Column("status", String(16), nullable=False),  # running | completed | cancelled
    Column("origin", String(16), nullable=False),  # live | simulated | imported | retroactive
    Column("version", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("performers", JSON, nullable=False),  # {lane id: [agency, unit, role, external name]} fixed at the start
    Column("tally", JSON, nullable=False),  # {step code: [passes opened, person who completed it last]}
    Column("started_at", UtcMoment, nullable=False),
    Column("ended_at", UtcMoment),
    # the legal clock: the subject's deadline is the instance's deadline
    Column("clock", String(16), nullable=False),  # none | running | stopped | finished
    Column("is_suspended", Boolean, nullable=False),  # stopped by an operation (supplement, duty), not by a drawn wait
    Column("limit_text", String(24), nullable=False),
    Column("limit_rule", String(16), nullable=False),  # elapsed | endofday
    Column("due_at", UtcMoment),
    Column("remaining_minutes", Integer),  # while stopped
    Column("stopped_at", UtcMoment),
    Column("reply_due_at", UtcMoment),  # the waiting party's limit
    Column("finished_at", UtcMoment),  # status 9: judged here
    Column("breached_at", UtcMoment),
    Column("share_minutes", Integer),  # same-day procedures: step limits are shares of this many minutes
    Column("share_total", Integer),
    Column("next_timer_at", UtcMoment),  # the earliest waiting timer: whoever comes later lets it fire first
    # trace head: lies on a row that the transaction has locked anyway
    Column("trace_seq", Integer, nullable=False),
    Column("trace_head", LargeBinary),
    # a sweep that failed on this instance
    Column("parked_at", UtcMoment),
    Column("parked_error", Text),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("retry_at", UtcMoment),
    CheckConstraint("status in ('running','completed','cancelled')", name="status"),
    CheckConstraint("clock in ('none','running','stopped','finished')", name="clock"),
    UniqueConstraint("subject_kind", "subject_id"),
)
Index(
    "ix_instances_due",
    instances.c.due_at,
    postgresql_where=text("clock = 'running' and breached_at is null and due_at is not null"),
    sqlite_where=text("clock = 'running' and breached_at is null and due_at is not null"),
)
Index("ix_instances_agency_status", instances.c.agency_id, instances.c.status, instances.c.due_at)
Index("ix_instances_agency_code", instances.c.agency_id, instances.c.subject_code)

_OPEN_STEP = text("status in ('open','claimed')")
_OPEN_UNBREACHED = text("status in ('open','claimed') and breached_at is null and due_at is not null")

steps = Table(
    "steps",
    metadata,
    _id(),
    Column("agency_id", BigInteger, nullable=False),  # who does it; another agency's lane carries that agency
    _ref("instance_id", "instances.id"),
    Column("task_key", String(36), nullable=False),
    Column("element_id", String(64), nullable=False),
    Column("code", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("pass", Integer, nullable=False),
    Column("unit_id", BigInteger),
    Column("role", String(32), nullable=False),
    Column("external", Text),  # name of an agency that is not on the system
    Column("status", String(16), nullable=False),  # open | claimed | completed | cancelled
    Column("offered_to_id", BigInteger),
    Column("handler_id", BigInteger),
    Column("holders", JSON, nullable=False),  # earlier holders: [[person, from, until], ...]
    Column("limit_text", String(24), nullable=False),
    Column("limit_minutes", Integer),  # as it counts for this pass (a same-day share); null: not in working minutes
    _ref("calendar_version_id", "calendar_versions.id"),
    Column("stops_clock", Boolean, nullable=False),
    Column("status_on_completion", SmallInteger),
    Column("given_by_id", BigInteger),  # the step whose completion opened this one; null at the start and after a timer
    Column("opened_at", UtcMoment, nullable=False),  # given
    Column("claimed_at", UtcMoment),  # received
    Column("due_at", UtcMoment),
    Column("remaining_minutes", Integer),  # while the clock is stopped
    Column("reply_due_at", UtcMoment),
    Column("done_at", UtcMoment),
    Column("done_by_id", BigInteger),
    Column("on_behalf_of_id", BigInteger),
    Column("outcome", String(64)),
    Column("note", Text),
    Column("late_reason", String(32)),  # reason code of an overdue completion
    Column("breached_at", UtcMoment),  # the deadline in force when it passed; written once
    Column("breach_handler_id", BigInteger),
    UniqueConstraint("instance_id", "task_key"),
    UniqueConstraint("instance_id", "code", "pass"),
    CheckConstraint("status in ('open','claimed','completed','cancelled')", name="status"),
)
Index(
    "ix_steps_worklist",
    steps.c.agency_id,
    steps.c.role,
    steps.c.unit_id,
    steps.c.due_at,
    postgresql_where=_OPEN_STEP,
    sqlite_where=_OPEN_STEP,
)
Index("ix_steps_handler", steps.c.agency_id, steps.c.handler_id, steps.c.due_at, postgresql_where=_OPEN_STEP, sqlite_where=_OPEN_STEP)
Index("ix_steps_due", steps.c.due_at, postgresql_where=_OPEN_UNBREACHED, sqlite_where=_OPEN_UNBREACHED)

timers = Table(
    "timers",
    metadata,
    _id(),
    Column("agency_id", BigInteger, nullable=False),
    _ref("instance_id", "instances.id", index=True),
    Column("task_key", String(36), nullable=False),
    Column("element_id", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # waiting | fired | cancelled
    Column("limit_text", String(24), nullable=False),
    _ref("calendar_version_id", "calendar_versions.id"),
    Column("started_at", UtcMoment, nullable=False),
    Column("fire_at", UtcMoment),
    Column("remaining_minutes", Integer),
    Column("ended_at", UtcMoment),
    UniqueConstraint("instance_id", "task_key"),
    CheckConstraint("status in ('waiting','fired','cancelled')", name="status"),
)
_WAITING = text("status = 'waiting' and fire_at is not null")
Index("ix_timers_fire", timers.c.fire_at, postgresql_where=_WAITING, sqlite_where=_WAITING)

clock_entries = Table(
    "clock_entries",
    metadata,
    _id(),
    Column("agency_id", BigInteger, nullable=False),
    _ref("instance_id", "instances.id"),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # start | stop | resume | extend | calendar | finish | close
    Column("at", UtcMoment, nullable=False),  # when it takes effect
    Column("entered_at", UtcMoment, nullable=False),  # when it was entered (a resume takes effect at the receipt)
    Column("limit_text", String(24)),
    Column("limit_rule", String(16)),
    _ref("calendar_version_id", "calendar_versions.id"),
    Column("step_id", BigInteger),
    Column("reason", String(32)),  # supplement | financial_duty | drawn_wait | extends | calendar | ...
    Column("reference", Text),  # number of the form or document behind it
    Column("due_before", UtcMoment),
    Column("due_after", UtcMoment),
    Column("remaining_minutes", Integer),
    Column("actor_id", BigInteger),
    UniqueConstraint("instance_id", "seq"),
    CheckConstraint("kind in ('start','stop','resume','extend','calendar','finish','close')", name="kind"),
)

# --- trace: only ever added to -------------------------------------------------------------------------------------

trace_entries = Table(
    "trace_entries",
    metadata,
    _id(),
    Column("agency_id", BigInteger),
    Column("kind", String(64), nullable=False),  # area.subject.verb
    Column("chain_kind", String(24)),  # null: a loose entry
    Column("chain_id", BigInteger),
    Column("chain_seq", Integer),
    Column("subject_code", String(64)),
    Column("actor_id", BigInteger),
    Column("on_behalf_of_id", BigInteger),
    Column("at", UtcMoment, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    Column("hash", LargeBinary, nullable=False),  # SHA-256 of 0x00 and body: the RFC 9162 leaf hash
    Column("body", LargeBinary, nullable=False),  # canonical bytes, stored as they were hashed
    UniqueConstraint("chain_kind", "chain_id", "chain_seq"),
)
Index("ix_trace_entries_agency_at", trace_entries.c.agency_id, trace_entries.c.at)
Index("ix_trace_entries_subject", trace_entries.c.agency_id, trace_entries.c.subject_code)

trace_values = Table(
    "trace_values",
    metadata,
    Column("entry_id", BigInteger, ForeignKey("trace_entries.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Text, nullable=False),
)

trace_leaves = Table(
    "trace_leaves",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, ForeignKey("trace_entries.id"), nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
)

# --- about this database -------------------------------------------------------------------------------------------

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(32), primary_key=True),  # sweep
    Column("at", UtcMoment, nullable=False),  # the moment it acted for (its --at)
    Column("recorded_at", UtcMoment, nullable=False),
    Column("result", JSON, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(32), primary_key=True),  # simulated, ...
    Column("value", Text, nullable=False),
)

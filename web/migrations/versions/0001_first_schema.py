"""The first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    from engine.trace.triggers import create_triggers  # the trace is only ever added to: both databases refuse to change it

    op.create_table(
        "agencies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=35), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("counter_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("place_name", sa.Text(), nullable=False),
        sa.Column("calendar_code", sa.String(length=32), nullable=False),
        sa.Column("dossier_code_prefix", sa.String(length=35), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trace_seq", sa.Integer(), nullable=False),
        sa.Column("trace_head", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("kind in ('commune','department','office','province','special_zone','ward')", name=op.f("ck_agencies_kind")),
        sa.ForeignKeyConstraint(["parent_id"], ["agencies.id"], name=op.f("fk_agencies_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint("code", name=op.f("uq_agencies_code")),
        sa.UniqueConstraint("dossier_code_prefix", name=op.f("uq_agencies_dossier_code_prefix")),
    )
    op.create_table(
        "calendar_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("sessions", sa.JSON(), nullable=False),
        sa.Column("minutes_per_working_day", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_versions")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_calendar_versions_code_version")),
    )
    op.create_table(
        "definitions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("status in ('draft','published','withdrawn')", name=op.f("ck_definitions_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definitions")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_definitions_key_version")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "login_failures",
        sa.Column("login_hash", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("login_hash", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_last_at"), "login_failures", ["last_at"], unique=False)
    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    op.create_table(
        "procedures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedures")),
        sa.UniqueConstraint("code", name=op.f("uq_procedures_code")),
    )
    op.create_table(
        "trace_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("chain_kind", sa.String(length=24), nullable=True),
        sa.Column("chain_id", sa.BigInteger(), nullable=True),
        sa.Column("chain_seq", sa.Integer(), nullable=True),
        sa.Column("subject_code", sa.String(length=64), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("on_behalf_of_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_entries")),
        sa.UniqueConstraint("chain_kind", "chain_id", "chain_seq", name=op.f("uq_trace_entries_chain_kind_chain_id_chain_seq")),
    )
    op.create_index("ix_trace_entries_agency_at", "trace_entries", ["agency_id", "at"], unique=False)
    op.create_index("ix_trace_entries_subject", "trace_entries", ["agency_id", "subject_code"], unique=False)
    op.create_table(
        "calendar_days",
        sa.Column("calendar_version_id", sa.BigInteger(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind in ('off','working')", name=op.f("ck_calendar_days_kind")),
        sa.ForeignKeyConstraint(["calendar_version_id"], ["calendar_versions.id"], name=op.f("fk_calendar_days_calendar_version_id")),
        sa.PrimaryKeyConstraint("calendar_version_id", "on", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "instances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("calendar_version_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_code", sa.String(length=64), nullable=False),
        sa.Column("subject_title", sa.Text(), nullable=False),
        sa.Column("subject_party", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("performers", sa.JSON(), nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("limit_text", sa.String(length=24), nullable=False),
        sa.Column("limit_rule", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remaining_minutes", sa.Integer(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("share_minutes", sa.Integer(), nullable=True),
        sa.Column("share_total", sa.Integer(), nullable=True),
        sa.Column("next_timer_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trace_seq", sa.Integer(), nullable=False),
        sa.Column("trace_head", sa.LargeBinary(), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("clock in ('none','running','stopped','finished')", name=op.f("ck_instances_clock")),
        sa.CheckConstraint("status in ('running','completed','cancelled')", name=op.f("ck_instances_status")),
        sa.ForeignKeyConstraint(["calendar_version_id"], ["calendar_versions.id"], name=op.f("fk_instances_calendar_version_id")),
        sa.ForeignKeyConstraint(["definition_id"], ["definitions.id"], name=op.f("fk_instances_definition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
        sa.UniqueConstraint("subject_kind", "subject_id", name=op.f("uq_instances_subject_kind_subject_id")),
    )
    op.create_index("ix_instances_agency_code", "instances", ["agency_id", "subject_code"], unique=False)
    op.create_index("ix_instances_agency_status", "instances", ["agency_id", "status", "due_at"], unique=False)
    op.create_index(
        "ix_instances_due",
        "instances",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("clock = 'running' and breached_at is null and due_at is not null"),
        sqlite_where=sa.text("clock = 'running' and breached_at is null and due_at is not null"),
    )
    op.create_table(
        "number_sequences",
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("book", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("last_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_number_sequences_agency_id")),
        sa.PrimaryKeyConstraint("agency_id", "book", "period", name=op.f("pk_number_sequences")),
    )
    op.create_table(
        "partners",
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("partner_agency_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.CheckConstraint("(partner_agency_id is null) <> (name is null)", name=op.f("ck_partners_agency_or_name")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_partners_agency_id")),
        sa.ForeignKeyConstraint(["partner_agency_id"], ["agencies.id"], name=op.f("fk_partners_partner_agency_id")),
        sa.PrimaryKeyConstraint("agency_id", "key", name=op.f("pk_partners")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_people_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
    )
    op.create_index(op.f("ix_people_agency_id_folded_name"), "people", ["agency_id", "folded_name"], unique=False)
    op.create_table(
        "procedure_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("procedure_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("limit_rule", sa.String(length=16), nullable=False),
        sa.Column("path_minutes", sa.Integer(), nullable=False),
        sa.Column("papers", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["definitions.id"], name=op.f("fk_procedure_versions_definition_id")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_procedure_versions_procedure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_versions")),
        sa.UniqueConstraint("procedure_id", "version", name=op.f("uq_procedure_versions_procedure_id_version")),
    )
    op.create_table(
        "trace_leaves",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["trace_entries.id"], name=op.f("fk_trace_leaves_entry_id")),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_trace_leaves")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_trace_leaves_entry_id")),
    )
    op.create_table(
        "trace_values",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["trace_entries.id"], name=op.f("fk_trace_values_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "name", name=op.f("pk_trace_values")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_counter", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_units_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("agency_id", "key", name=op.f("uq_units_agency_id_key")),
    )
    op.create_table(
        "clock_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("limit_text", sa.String(length=24), nullable=True),
        sa.Column("limit_rule", sa.String(length=16), nullable=True),
        sa.Column("calendar_version_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("due_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remaining_minutes", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind in ('start','stop','resume','extend','calendar','finish','close')", name=op.f("ck_clock_entries_kind")),
        sa.ForeignKeyConstraint(["calendar_version_id"], ["calendar_versions.id"], name=op.f("fk_clock_entries_calendar_version_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_clock_entries_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_entries")),
        sa.UniqueConstraint("instance_id", "seq", name=op.f("uq_clock_entries_instance_id_seq")),
    )
    op.create_table(
        "dossiers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("procedure_version_id", sa.BigInteger(), nullable=False),
        sa.Column("procedure_code", sa.String(length=16), nullable=False),
        sa.Column("variant", sa.String(length=32), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("status_before", sa.SmallInteger(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sets", sa.Integer(), nullable=False),
        sa.Column("result_channel", sa.String(length=16), nullable=False),
        sa.Column("fee_amount", sa.Integer(), nullable=True),
        sa.Column("fee_receipt", sa.String(length=32), nullable=True),
        sa.Column("book_year", sa.Integer(), nullable=True),
        sa.Column("book_no", sa.Integer(), nullable=True),
        sa.Column("running_no", sa.Integer(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("result_number", sa.String(length=64), nullable=True),
        sa.Column("result_receiver", sa.Text(), nullable=True),
        sa.Column("trace_seq", sa.Integer(), nullable=False),
        sa.Column("trace_head", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("channel in ('direct','online','postal')", name=op.f("ck_dossiers_channel")),
        sa.CheckConstraint("status between 1 and 10", name=op.f("ck_dossiers_status")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_dossiers_agency_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_dossiers_instance_id")),
        sa.ForeignKeyConstraint(["procedure_version_id"], ["procedure_versions.id"], name=op.f("fk_dossiers_procedure_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint(
            "agency_id", "book_year", "book_no", "running_no", name=op.f("uq_dossiers_agency_id_book_year_book_no_running_no")
        ),
        sa.UniqueConstraint("agency_id", "code", name=op.f("uq_dossiers_agency_id_code")),
    )
    op.create_index("ix_dossiers_agency_accepted", "dossiers", ["agency_id", "accepted_at"], unique=False)
    op.create_index("ix_dossiers_agency_status", "dossiers", ["agency_id", "status"], unique=False)
    op.create_index("ix_dossiers_instance", "dossiers", ["instance_id"], unique=False)
    op.create_table(
        "seats",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role in ('administrator','applicant','auditor','clerk','council','division_head','intake_officer','iso_secretary','land_officer','leader','police','quality_representative','specialist')",
            name=op.f("ck_seats_role"),
        ),
        sa.CheckConstraint("until_on is null or until_on >= from_on", name=op.f("ck_seats_days")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_seats_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_seats_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seats")),
    )
    op.create_index(op.f("ix_seats_person_id"), "seats", ["person_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)
    op.create_table(
        "steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("task_key", sa.String(length=36), nullable=False),
        sa.Column("element_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pass", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("external", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("offered_to_id", sa.BigInteger(), nullable=True),
        sa.Column("handler_id", sa.BigInteger(), nullable=True),
        sa.Column("holders", sa.JSON(), nullable=False),
        sa.Column("limit_text", sa.String(length=24), nullable=False),
        sa.Column("limit_minutes", sa.Integer(), nullable=True),
        sa.Column("calendar_version_id", sa.BigInteger(), nullable=False),
        sa.Column("stops_clock", sa.Boolean(), nullable=False),
        sa.Column("status_on_completion", sa.SmallInteger(), nullable=True),
        sa.Column("given_by_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remaining_minutes", sa.Integer(), nullable=True),
        sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.BigInteger(), nullable=True),
        sa.Column("on_behalf_of_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("late_reason", sa.String(length=32), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breach_handler_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status in ('open','claimed','completed','cancelled')", name=op.f("ck_steps_status")),
        sa.ForeignKeyConstraint(["calendar_version_id"], ["calendar_versions.id"], name=op.f("fk_steps_calendar_version_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_steps_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint("instance_id", "code", "pass", name=op.f("uq_steps_instance_id_code_pass")),
        sa.UniqueConstraint("instance_id", "task_key", name=op.f("uq_steps_instance_id_task_key")),
    )
    op.create_index(
        "ix_steps_due",
        "steps",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status in ('open','claimed') and breached_at is null and due_at is not null"),
        sqlite_where=sa.text("status in ('open','claimed') and breached_at is null and due_at is not null"),
    )
    op.create_index(
        "ix_steps_handler",
        "steps",
        ["agency_id", "handler_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("status in ('open','claimed')"),
        sqlite_where=sa.text("status in ('open','claimed')"),
    )
    op.create_index(
        "ix_steps_worklist",
        "steps",
        ["agency_id", "role", "unit_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("status in ('open','claimed')"),
        sqlite_where=sa.text("status in ('open','claimed')"),
    )
    op.create_table(
        "timers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("task_key", sa.String(length=36), nullable=False),
        sa.Column("element_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("limit_text", sa.String(length=24), nullable=False),
        sa.Column("calendar_version_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remaining_minutes", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('waiting','fired','cancelled')", name=op.f("ck_timers_status")),
        sa.ForeignKeyConstraint(["calendar_version_id"], ["calendar_versions.id"], name=op.f("fk_timers_calendar_version_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_timers_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("instance_id", "task_key", name=op.f("uq_timers_instance_id_task_key")),
    )
    op.create_index(
        "ix_timers_fire",
        "timers",
        ["fire_at"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting' and fire_at is not null"),
        sqlite_where=sa.text("status = 'waiting' and fire_at is not null"),
    )
    op.create_index(op.f("ix_timers_instance_id"), "timers", ["instance_id"], unique=False)
    op.create_table(
        "unit_fields",
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(length=128), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_unit_fields_agency_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_fields_unit_id")),
        sa.PrimaryKeyConstraint("agency_id", "field", name=op.f("pk_unit_fields")),
    )
    op.create_table(
        "dossier_parties",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("dossier_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("id_kind", sa.String(length=16), nullable=False),
        sa.Column("id_number", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.CheckConstraint("part in ('owner','filer')", name=op.f("ck_dossier_parties_part")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_dossier_parties_dossier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_parties")),
        sa.UniqueConstraint("dossier_id", "part", name=op.f("uq_dossier_parties_dossier_id_part")),
    )
    op.create_index("ix_dossier_parties_id_number", "dossier_parties", ["agency_id", "id_number"], unique=False)
    op.create_index("ix_dossier_parties_name", "dossier_parties", ["agency_id", "name_folded"], unique=False)
    op.create_index("ix_dossier_parties_phone", "dossier_parties", ["agency_id", "phone"], unique=False)
    op.create_table(
        "issued_forms",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("dossier_id", sa.BigInteger(), nullable=False),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("running_no", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=48), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_issued_forms_agency_id")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_issued_forms_dossier_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["issued_forms.id"], name=op.f("fk_issued_forms_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_forms")),
        sa.UniqueConstraint("agency_id", "form", "year", "running_no", name=op.f("uq_issued_forms_agency_id_form_year_running_no")),
    )
    op.create_index("ix_issued_forms_dossier", "issued_forms", ["dossier_id"], unique=False)
    op.create_table(
        "nonconformities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subject_code", sa.String(length=64), nullable=False),
        sa.Column("procedure_name", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("step_code", sa.String(length=16), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("handler_id", sa.BigInteger(), nullable=True),
        sa.Column("external_provider", sa.Text(), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrected_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("close_note", sa.Text(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("cancel_document", sa.Text(), nullable=True),
        sa.Column("is_light", sa.Boolean(), nullable=False),
        sa.Column("trace_seq", sa.Integer(), nullable=False),
        sa.Column("trace_head", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("kind in ('step_overdue','dossier_overdue')", name=op.f("ck_nonconformities_kind")),
        sa.CheckConstraint("status in ('raised','corrected','closed','cancelled')", name=op.f("ck_nonconformities_status")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_nonconformities_agency_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_nonconformities_instance_id")),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_nonconformities_step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nonconformities")),
        sa.UniqueConstraint("agency_id", "kind", "source", name=op.f("uq_nonconformities_agency_id_kind_source")),
        sa.UniqueConstraint("agency_id", "number", name=op.f("uq_nonconformities_agency_id_number")),
    )
    op.create_index("ix_nonconformities_agency_status", "nonconformities", ["agency_id", "status", "raised_at"], unique=False)
    op.create_index("ix_nonconformities_instance", "nonconformities", ["instance_id"], unique=False)
    op.create_index("ix_nonconformities_step", "nonconformities", ["step_id"], unique=False)
    op.create_table(
        "submitted_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("dossier_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("originals", sa.Integer(), nullable=False),
        sa.Column("certified", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by_id", sa.BigInteger(), nullable=True),
        sa.Column("supplement_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_submitted_papers_dossier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submitted_papers")),
    )
    op.create_index("ix_submitted_papers_dossier", "submitted_papers", ["dossier_id"], unique=False)
    op.create_table(
        "supplement_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("dossier_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("answer_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_supplement_requests_dossier_id")),
        sa.ForeignKeyConstraint(["form_id"], ["issued_forms.id"], name=op.f("fk_supplement_requests_form_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplement_requests")),
        sa.UniqueConstraint("dossier_id", "ordinal", name=op.f("uq_supplement_requests_dossier_id_ordinal")),
    )
    create_triggers(op.get_bind())


def downgrade() -> None:
    from engine.trace.triggers import drop_triggers  # the trace is only ever added to: both databases refuse to change it

    drop_triggers(op.get_bind())
    op.drop_table("supplement_requests")
    op.drop_index("ix_submitted_papers_dossier", table_name="submitted_papers")
    op.drop_table("submitted_papers")
    op.drop_index("ix_nonconformities_step", table_name="nonconformities")
    op.drop_index("ix_nonconformities_instance", table_name="nonconformities")
    op.drop_index("ix_nonconformities_agency_status", table_name="nonconformities")
    op.drop_table("nonconformities")
    op.drop_index("ix_issued_forms_dossier", table_name="issued_forms")
    op.drop_table("issued_forms")
    op.drop_index("ix_dossier_parties_phone", table_name="dossier_parties")
    op.drop_index("ix_dossier_parties_name", table_name="dossier_parties")
    op.drop_index("ix_dossier_parties_id_number", table_name="dossier_parties")
    op.drop_table("dossier_parties")
    op.drop_table("unit_fields")
    op.drop_index(op.f("ix_timers_instance_id"), table_name="timers")
    op.drop_index(
        "ix_timers_fire",
        table_name="timers",
        postgresql_where=sa.text("status = 'waiting' and fire_at is not null"),
        sqlite_where=sa.text("status = 'waiting' and fire_at is not null"),
    )
    op.drop_table("timers")
    op.drop_index(
        "ix_steps_worklist",
        table_name="steps",
        postgresql_where=sa.text("status in ('open','claimed')"),
        sqlite_where=sa.text("status in ('open','claimed')"),
    )
    op.drop_index(
        "ix_steps_handler",
        table_name="steps",
        postgresql_where=sa.text("status in ('open','claimed')"),
        sqlite_where=sa.text("status in ('open','claimed')"),
    )
    op.drop_index(
        "ix_steps_due",
        table_name="steps",
        postgresql_where=sa.text("status in ('open','claimed') and breached_at is null and due_at is not null"),
        sqlite_where=sa.text("status in ('open','claimed') and breached_at is null and due_at is not null"),
    )
    op.drop_table("steps")
    op.drop_index(op.f("ix_sessions_person_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_seats_person_id"), table_name="seats")
    op.drop_table("seats")
    op.drop_index("ix_dossiers_instance", table_name="dossiers")
    op.drop_index("ix_dossiers_agency_status", table_name="dossiers")
    op.drop_index("ix_dossiers_agency_accepted", table_name="dossiers")
    op.drop_table("dossiers")
    op.drop_table("clock_entries")
    op.drop_table("units")
    op.drop_table("trace_values")
    op.drop_table("trace_leaves")
    op.drop_table("procedure_versions")
    op.drop_index(op.f("ix_people_agency_id_folded_name"), table_name="people")
    op.drop_table("people")
    op.drop_table("partners")
    op.drop_table("number_sequences")
    op.drop_index(
        "ix_instances_due",
        table_name="instances",
        postgresql_where=sa.text("clock = 'running' and breached_at is null and due_at is not null"),
        sqlite_where=sa.text("clock = 'running' and breached_at is null and due_at is not null"),
    )
    op.drop_index("ix_instances_agency_status", table_name="instances")
    op.drop_index("ix_instances_agency_code", table_name="instances")
    op.drop_table("instances")
    op.drop_table("calendar_days")
    op.drop_index("ix_trace_entries_subject", table_name="trace_entries")
    op.drop_index("ix_trace_entries_agency_at", table_name="trace_entries")
    op.drop_table("trace_entries")
    op.drop_table("procedures")
    op.drop_table("marks")
    op.drop_index(op.f("ix_login_failures_last_at"), table_name="login_failures")
    op.drop_table("login_failures")
    op.drop_table("heartbeats")
    op.drop_table("definitions")
    op.drop_table("calendar_versions")
    op.drop_table("agencies")

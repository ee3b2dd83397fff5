"""What may be changed by hand behind the program's back: a row for every check of the doctor, and more."""

from collections.abc import Callable
from dataclasses import dataclass

STEP = "select s.id, i.subject_code || '/' || s.code || '/' || s.pass from steps s join instances i on i.id = s.instance_id where"
INSTANCE = "select i.id, i.subject_code from instances i where"
TIMER = "select t.id, i.subject_code from timers t join instances i on i.id = t.instance_id where"
LINE = "select c.id, i.subject_code from clock_entries c join instances i on i.id = c.instance_id where"
DOSSIER = "select id, code from dossiers where"
RAISED = "select id, number from nonconformities where"


@dataclass(frozen=True)
class Break:
    """Which check names it, how to find a row (its id, and what the doctor calls it), and what is done to it (SQLite)."""

    check: str
    find: str
    change: str

    @property
    def label(self) -> str:
        return f"{self.check}: {self.change.split(' where ')[0]}"


def _breaker(table: str, find: str) -> Callable[[str, str, str], Break]:
    return lambda check, where, values: Break(check, f"{find} {where}", f"update {table} set {values} where id = ?")


step, instance, timer = _breaker("steps", STEP), _breaker("instances", INSTANCE), _breaker("timers", TIMER)
line, dossier, raised = _breaker("clock_entries", LINE), _breaker("dossiers", DOSSIER), _breaker("nonconformities", RAISED)

BREAKS = (
    step("breaches.steps", "s.status = 'completed' and s.breached_at is not null", "breached_at = null"),
    step("breaches.steps", "s.status = 'completed' and s.breached_at is null and s.due_at is not null", "breached_at = due_at"),
    step("breaches.steps", "s.breached_at is not null", "breached_at = datetime(breached_at, '-1 hour')"),
    step("breaches.steps", "s.breach_handler_id is not null", "breach_handler_id = 7"),
    instance("breaches.dossiers", "i.breached_at is not null and i.status = 'completed'", "breached_at = null"),
    instance("breaches.dossiers", "i.breached_at is null and i.status = 'completed'", "breached_at = due_at"),
    raised("nonconformities.of_breaches", "kind = 'dossier_overdue'", "occurred_at = datetime(occurred_at, '+1 day')"),
    raised("nonconformities.of_breaches", "kind = 'step_overdue'", "agency_id = agency_id + 1"),
    raised("nonconformities.of_breaches", "status = 'corrected'", "status = 'raised'"),
    raised("nonconformities.of_breaches", "status = 'raised'", "status = 'closed'"),
    raised("breaches.of_nonconformities", "kind = 'step_overdue'", "source = source || '0'"),
    raised("nonconformities.stray", "true", "instance_id = null"),
    line("clock.ledger", "c.kind = 'resume'", "due_after = datetime(due_after, '+1 day'), entered_at = entered_at"),
    line("clock.ledger", "c.kind = 'stop'", "seq = seq + 70"),
    instance("clock.instances", "i.clock = 'running'", "due_at = datetime(due_at, '+1 day')"),
    instance("clock.instances", "i.is_suspended = 1", "is_suspended = 0"),
    instance("clock.instances", "i.finished_at is not null", "finished_at = null"),
    step("clock.steps", "s.status = 'open' and s.due_at is not null", "due_at = datetime(due_at, '+1 day')"),
    step("clock.steps", "s.remaining_minutes is not null", "remaining_minutes = remaining_minutes + 1"),
    timer("clock.timers", "t.status = 'waiting' and t.fire_at is not null", "fire_at = datetime(fire_at, '+1 hour')"),
    timer("clock.timers", "t.status = 'fired'", "status = 'waiting', ended_at = null"),
    step("running.waiting", "s.status = 'open'", "status = 'cancelled', done_at = opened_at"),
    step("running.waiting", "s.status = 'completed' and i.status = 'completed'", "status = 'open', done_at = null"),
    timer("running.waiting", "t.status = 'waiting'", "status = 'cancelled', ended_at = started_at"),
    instance("running.waiting", "i.status = 'running'", "state = x'00'"),
    step("running.passes", "s.pass = 1", "pass = 9"),
    instance("running.passes", "i.status = 'running'", "tally = '{}'"),
    step("running.limits", "s.limit_minutes is not null", "limit_minutes = limit_minutes + 1"),
    step("running.limits", "s.limit_text <> '90d'", "limit_text = '90d'"),
    step("running.steps", "s.status = 'completed'", "done_by_id = null"),
    step("running.steps", "s.status = 'completed' and s.breached_at is not null", "late_reason = null"),
    step("running.steps", "s.outcome = 'sent_back'", "note = null"),
    step("running.steps", "s.given_by_id in (select id from steps where outcome = 'sent_back')", "given_by_id = null"),
    dossier("dossiers.status", "status = 4", "status = 9"),
    dossier("dossiers.status", "status = 10", "status = 4"),
    dossier("dossiers.status", "status = 5 and instance_id is not null", "status_before = null"),
    dossier("dossiers.status", "status = 7 and instance_id is not null", "status = 2"),
    dossier("dossiers.moments", "status = 10", "returned_at = null"),
    dossier("dossiers.moments", "status = 9", "finished_at = null"),
    dossier("dossiers.moments", "accepted_at is not null", "accepted_at = datetime(accepted_at, '-1 hour')"),
    dossier("dossiers.appointment", "promised_at is not null", "promised_at = datetime(promised_at, '+1 day')"),
    Break("dossiers.supplements", f"{DOSSIER} status = 5", "delete from supplement_requests where dossier_id = ?"),
    dossier("dossiers.filed", "status = 1", "status = 4"),
    dossier("numbers.dossiers", "true", "filed_at = datetime(filed_at, '-2 day')"),
    Break(
        "numbers.dossiers",
        "select id, 'dossier_code ' || substr(code, -11, 6) from dossiers where code like '%-0002'",
        "delete from dossiers where id = ?",
    ),
    Break(
        "numbers.register",
        "select id, 'register 2026' from dossiers where running_no = 3",
        "update dossiers set running_no = 3000 where id = ?",
    ),
    Break(
        "numbers.forms",
        "select id, 'form:receipt_slip 2026' from issued_forms where form = 'receipt_slip' and running_no = 2",
        "delete from issued_forms where id = ?",
    ),
    Break(
        "numbers.nonconformities",
        "select id, 'nonconformity 2026' from nonconformities where number = 'KPH-2026-0002'",
        "delete from nonconformities where id = ?",
    ),
    Break(
        "numbers.nonconformities",
        "select 'nonconformity', 'nonconformity 2026'",
        "update number_sequences set last_no = last_no + 1 where book = ?",
    ),
    Break("trace.heads", "select id, 'instance ' || id from instances", "update instances set trace_seq = trace_seq + 1 where id = ?"),
    Break(
        "trace.heads",
        "select id, 'nonconformity ' || id from nonconformities",
        "update nonconformities set trace_head = x'00' where id = ?",
    ),
    Break("trace.instances", f"{INSTANCE} 1 = 1", "delete from trace_entries where kind = 'engine.instance.started' and chain_id = ?"),
    Break(
        "trace.instances",
        f"{INSTANCE} i.breached_at is not null",
        "delete from trace_entries where kind = 'engine.instance.overdue' and chain_id = ?",
    ),
    Break(
        "trace.nonconformities", f"{RAISED} 1 = 1", "delete from trace_entries where kind = 'quality.nonconformity.raised' and chain_id = ?"
    ),
    Break(
        "trace.filings",
        f"{DOSSIER} answer_due_at is not null",
        "delete from trace_entries where kind = 'dossier.dossier.filed' and chain_id = ?",
    ),
    Break("trace.gone", "select id, number from nonconformities", "delete from nonconformities where id = ?"),
    Break(
        "definitions.models",
        "select id, key from definitions where key = '2.000908'",
        "update definitions set sources = replace(sources, '3h', '9h') where id = ?",
    ),
    Break(
        "definitions.calendars",
        "select id, code from calendar_versions",
        "delete from calendar_days where \"on\" = '2026-09-02' and calendar_version_id = ?",
    ),
    Break(
        "definitions.calendars",
        "select id, code from calendar_versions",
        "update calendar_versions set sessions = replace(sessions, '17:00', '16:00') where id = ?",
    ),
)

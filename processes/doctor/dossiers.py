"""Dossiers against their instances: status, moments, appointment, supplements."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.legalclock import turns
from processes.doctor.lives import Life, Row, filings
from processes.doctor.report import Finding
from processes.dossiers import rules

_RUNNING = frozenset({rules.ACCEPTED, rules.IN_PROCESS, *rules.PAUSED})
_DONE = frozenset({rules.FINISHED, rules.RETURNED})
_EXTENDED_BY = "apology_notice"  # form 04 gives the citizen another date; the dossier is still judged by the first
_READINGS_APART = timedelta(minutes=1)  # of the clock, at acceptance


def statuses(life: Life, found: Finding) -> None:
    """A dossier's status says of its instance what is so."""
    dossier = life.dossier
    if dossier is None:
        if life.instance["subject_kind"] == "dossier":
            found.fault(life.code, "its instance belongs to no dossier")
        return
    found.looked()
    status, where = dossier["status"], life.code
    found.expect(where, "the code of its dossier", dossier["code"], life.code)
    found.expect(where, "the dossier of its instance", life.instance["subject_id"], dossier["id"])
    found.expect(where, "agency_id", dossier["agency_id"], life.instance["agency_id"])
    found.expect(where, "origin", dossier["origin"], life.instance["origin"])
    found.expect(where, f"in status {status}, the instance", life.instance["status"], _wanted_instance(life, status))
    found.expect(where, f"in status {status}, whether the clock has finished", _has_finished(life), status not in _RUNNING)
    found.expect(where, f"in status {status}, whether the clock is suspended", life.instance["is_suspended"], status in rules.PAUSED)
    _status_before(dossier, found)


def _wanted_instance(life: Life, status: int) -> str:
    if status in rules.CLOSED:
        return "cancelled"
    if status == rules.RETURNED:
        return "running" if life.open_steps or life.waiting_timers else "completed"
    return "running" if status in (*_RUNNING, rules.FINISHED) else "none"


def _has_finished(life: Life) -> bool:
    return bool(life.instance["clock"] == "finished")


def _status_before(dossier: Row, found: Finding) -> None:
    """Only a pause remembers where it came from."""
    before, status = dossier["status_before"], dossier["status"]
    if status in rules.PAUSED and not (before is not None and status in rules.TRANSITIONS[before]):
        found.fault(dossier["code"], f"status {status} was reached from {before}, which may not be")
    if status not in rules.PAUSED:
        found.expect(dossier["code"], "status_before", before, None)


def moments(life: Life, found: Finding) -> None:
    """The moments of a dossier are those of its instance, and are there exactly in the statuses that they belong to."""
    dossier = life.dossier
    if dossier is None:
        return
    found.looked()
    status, where, instance = dossier["status"], life.code, life.instance
    accepted_at: datetime | None = dossier["accepted_at"]
    if accepted_at is None or not timedelta(0) <= instance["started_at"] - accepted_at < 2 * _READINGS_APART:
        found.expect(where, "accepted_at", accepted_at, instance["started_at"])
    found.expect(where, "finished_at", dossier["finished_at"], instance["finished_at"] if status in _DONE else None)
    found.expect(where, "whether it has returned_at", dossier["returned_at"] is not None, status == rules.RETURNED)
    found.expect(where, "closed_at", dossier["closed_at"], instance["ended_at"] if status in rules.CLOSED else None)


def appointments(life: Life, found: Finding) -> None:
    """The appointment is the last deadline that stood, moved only by legal pauses, extensions of the model and calendars."""
    if life.dossier is None:
        return
    found.looked()
    versions = life.about.books(entry.calendar_version_id for entry in life.entries)
    stood = [turn.clock.in_force for turn in turns(life.entries, versions)]
    latest = next((due_at for due_at in reversed(stood) if due_at is not None), None)
    promised_at = life.dossier["promised_at"]
    if not any(form["form"] == _EXTENDED_BY for form in life.forms):
        found.expect(life.code, "promised_at", promised_at, latest)
    elif latest is not None and (promised_at is None or promised_at < latest):
        found.expect(life.code, "promised_at, extended by form 04,", promised_at, latest)


def supplements(life: Life, found: Finding) -> None:
    """A dossier waits for its citizen exactly while its last supplement request has no answer."""
    if life.dossier is None:
        return
    _supplements(life.dossier, life.supplements, found)
    if life.dossier["status"] == rules.SUPPLEMENT and life.supplements:
        found.expect(life.code, "reply_due_at", life.instance["reply_due_at"], life.supplements[-1]["answer_due_at"])
    asked = [(row["requested_at"], row["received_at"]) for row in life.supplements if row["received_at"] is not None]
    wanted = sum(row["kind"] == "resume" and not (row["reference"] or "").startswith("step:") for row in life.ledger)
    filed_before = sum(requested_at < life.instance["started_at"] for requested_at, _ in asked)
    if life.dossier["status"] not in rules.PAUSED:
        found.expect(life.code, "the number of answers that let the clock run again", len(asked) - filed_before, wanted)


def _supplements(dossier: Row, requests: Sequence[Row], found: Finding) -> None:
    found.looked(len(requests))
    found.expect(dossier["code"], "the numbers of its supplements", [row["ordinal"] for row in requests], list(range(1, len(requests) + 1)))
    waiting = [row["ordinal"] for row in requests if row["received_at"] is None]
    if dossier["status"] == rules.SUPPLEMENT:
        found.expect(dossier["code"], "the supplement that it waits for", waiting, [len(requests)] if requests else [1])
    elif dossier["status"] not in rules.CLOSED:
        found.expect(dossier["code"], "the supplement that it waits for", waiting, [])


def filed(connection: Connection, found: Finding) -> None:
    """A dossier without an instance was filed and not accepted: it waits, was sent back to the citizen, refused or withdrawn."""
    for dossier, requests in filings(connection):
        found.looked()
        status = dossier["status"]
        if status not in (rules.FILED, rules.SUPPLEMENT, rules.REFUSED, rules.WITHDRAWN):
            found.fault(dossier["code"], f"it is in status {status} and has no instance")
        for name in ("accepted_at", "promised_at", "finished_at", "returned_at", "running_no"):
            found.expect(dossier["code"], name, dossier[name], None)
        found.expect(dossier["code"], "whether it has closed_at", dossier["closed_at"] is not None, status in rules.CLOSED)
        _status_before(dossier, found)
        _supplements(dossier, requests, found)

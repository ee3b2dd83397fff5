"""The situations in which two or three people may want something of one dossier at once: its state, and the moment."""

from tests.resilience.stage import A, Dossier, Stage
from tests.resilience.wishes import claim, suspend


def lies_open(stage: Stage) -> Dossier:
    """Its first step waits for somebody; it is due in an hour."""
    dossier = stage.dossier()
    stage.office.at("2026-11-20T09:00")
    return dossier


def is_held(stage: Stage) -> Dossier:
    """Officer a holds the first step."""
    dossier = stage.dossier()
    stage.office.at("2026-11-20T08:10")
    stage.act(claim(A), dossier)
    stage.office.at("2026-11-20T09:00")
    return dossier


def is_overdue(stage: Stage) -> Dossier:
    """Officer a holds the first step, whose deadline has just passed; nobody has recorded it yet."""
    dossier = is_held(stage)
    stage.office.at("2026-11-20T10:01")
    return dossier


def waits_for_papers(stage: Stage) -> Dossier:
    """Its clock is stopped; the papers are on the counter."""
    dossier = stage.dossier()
    stage.office.at("2026-11-20T08:10")
    stage.act(claim(A), dossier)
    stage.office.at("2026-11-20T08:30")
    stage.act(suspend, dossier)
    stage.office.at("2026-11-20T09:00")
    return dossier


def has_due_timer(stage: Stage) -> Dossier:
    """A timer that cancels the step of one branch is due and has not fired."""
    dossier = stage.trial("branches")
    stage.office.at("2026-11-20T09:31")
    return dossier


def can_be_ended(stage: Stage) -> Dossier:
    """Completing the step of one branch cancels that of the other."""
    dossier = stage.trial("terminating")
    stage.office.at("2026-11-20T09:00")
    return dossier

"""Looks at personal values that are masked otherwise; each leaves a loose entry in the trace before it is answered."""

from sqlalchemy import Connection

from engine.actor import Actor
from engine.clock import Clock
from engine.errors import NotFoundError, NotPermittedError
from engine.ids import Ids
from engine.queries import steps_of
from engine.trace.records import Record
from engine.trace.writing import append_loose
from processes.dossiers.queries import DossierView, dossier_view
from processes.dossiers.worklists import EarlierParty, earlier_party
from processes.organisation.rights import may_view_personal, require, roles_with

PARTS = ("owner", "filer")


def reveal_identifier(connection: Connection, *, actor: Actor, code: str, part: str, clock: Clock, ids: Ids) -> str:
    """Give the whole ID number of the owner or the filer of a dossier, and write down who looked.

    Raises: NotFoundError (dossier_not_found); NotPermittedError.
    """
    view = dossier_view(connection, actor, code)
    party = {"owner": view.owner, "filer": view.filer}.get(part)
    if party is None:
        raise NotFoundError("The dossier has no such person.", code="dossier_not_found", dossier_code=code)
    _require(connection, actor, view)
    _record(connection, actor, part, "dossier", code, view.row["agency_id"], clock, ids)
    return str(party["id_number"])


def record_print(connection: Connection, *, actor: Actor, code: str, form: str, clock: Clock, ids: Ids) -> DossierView:
    """Write down that a form which shows the owner's ID number is printed; returns the dossier.

    Raises: NotFoundError (dossier_not_found); NotPermittedError.
    """
    view = dossier_view(connection, actor, code)
    _require(connection, actor, view)
    _record(connection, actor, "owner", f"form:{form}", code, view.row["agency_id"], clock, ids)
    return view


def recall_applicant(connection: Connection, *, actor: Actor, id_number: str, part: str, clock: Clock, ids: Ids) -> EarlierParty | None:
    """Who the holder of an ID number was the last time, so that nothing is typed twice; written down when somebody was found.

    Raises: NotPermittedError.
    """
    require(actor, "personal.view")
    found = earlier_party(connection, actor, id_number)
    if found is not None:
        _record(connection, actor, part, "intake", found.dossier_code, actor.agency_id, clock, ids)
    return found


def may_see(connection: Connection, actor: Actor, view: DossierView) -> bool:
    """Whether the actor sees the personal values of a dossier: by permission, or because a step of it is or was in their hands."""
    instance_id = view.row["instance_id"]
    steps = steps_of(connection, [instance_id]) if instance_id is not None else []
    handlers = [person for step in steps for person in (step["handler_id"], step["done_by_id"])]
    return may_view_personal(actor, agency_id=view.row["agency_id"], handler_ids=handlers)


def _require(connection: Connection, actor: Actor, view: DossierView) -> None:
    if not may_see(connection, actor, view):
        raise NotPermittedError(permission="personal.view", roles=sorted(roles_with("personal.view")))


def _record(
    connection: Connection, actor: Actor, part: str, purpose: str, code: str, agency_id: int | None, clock: Clock, ids: Ids
) -> None:
    record = Record("personal.identifier.viewed", {"part": part, "purpose": purpose}, subject_code=code, agency_id=agency_id)
    append_loose(connection, record, actor, clock.now(), clock.recorded_now(), ids)

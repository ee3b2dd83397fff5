"""Acceptance at the counter: one form from top to bottom, whose parts answer while it is filled in."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from engine.errors import EngineError, InvalidError
from processes.catalogue.queries import ProcedureInForce, count_procedures, procedure_in_force
from processes.dossiers.disclosure import recall_applicant
from processes.dossiers.queries import dossier_view
from processes.organisation.rights import may
from processes.organisation.rules import local_day
from web import errors, timephrases
from web.access import actor, needs
from web.services import services
from web.views.forms import form_links
from web.views.intakeform import CHANNELS, DELIVERIES, ID_KINDS, Typed, by_form_name
from web.views.intakeparts import (
    Found,
    appointment_view,
    chosen_key,
    earlier_view,
    fee_view,
    papers_view,
    person_check,
    procedures_view,
)

blueprint = Blueprint("intake", __name__)


@blueprint.get("/desk/intake")
@needs("dossier.accept")
def intake() -> ResponseReturnValue:
    return render_template("intake.html", **_page(request.args))


@blueprint.post("/desk/intake")
@needs("dossier.accept")
def accept() -> ResponseReturnValue:
    """Everything in one transaction, or nothing and the form as it was typed."""
    made_of, typed = services(), Typed.read(request.form)
    assert made_of.areas is not None
    try:
        with made_of.database.writing() as connection:
            procedure = _chosen(connection, typed)
            accepted = made_of.areas.dossiers.accept(
                connection, actor=actor(), intake=typed.intake(procedure, local_day(g.now)), origin="live"
            )
    except EngineError as refused:
        problem = errors.refuse(refused)
        page = render_template("intake.html", problem=problem, **_page(request.form, by_form_name(problem.fields, request.form)))
        return make_response(page, errors.status_of(refused))
    return _onward(url_for("intake.accepted", code=accepted.code))


@blueprint.get("/desk/intake/accepted/<code>")
@needs("dossier.accept")
def accepted(code: str) -> ResponseReturnValue:
    """What the officer tells the citizen, and what is printed; the draft is done with."""
    with services().database.reading() as connection:
        view = dossier_view(connection, actor(), code)
    zone, promised_at = services().zone, view.row["promised_at"]
    return render_template(
        "accepted.html",
        code=code,
        href=url_for("dossier.dossier", code=code),
        again_href=url_for("intake.intake"),
        owner=view.owner["name"],
        procedure_name=view.instance["subject_title"] if view.instance is not None else "",
        accepted_at=timephrases.exact(view.row["accepted_at"] or view.row["filed_at"], zone),
        promised=timephrases.exact(promised_at, zone) if promised_at is not None else None,
        forms=form_links(code, ("receipt_slip", "tracking_slip"), local_day(g.now)),
    )


@blueprint.get("/desk/intake/procedures")
@needs("dossier.accept")
def procedures() -> ResponseReturnValue:
    text = request.args.get("find", "")
    with services().database.reading() as connection:
        found = procedures_view(connection, text, local_day(g.now), request.args.get("procedure", ""))
    return render_template("_procedures.html", **_finder(found), query=text, chosen=request.args.get("procedure", ""), **_addresses())


@blueprint.get("/desk/intake/papers")
@needs("dossier.accept")
def papers() -> ResponseReturnValue:
    """The check-list of another procedure; its fee and its appointment come along."""
    return render_template("_papers.html", part=True, **_parts(request.args))


@blueprint.get("/desk/intake/appointment")
@needs("dossier.accept")
def appointment() -> ResponseReturnValue:
    return render_template("_appointment.html", **_parts(request.args))


@blueprint.post("/desk/intake/person")
@needs("dossier.accept")
def person() -> ResponseReturnValue:
    """What an ID number says and who its holder was the last time; a POST, so that the number stands in no address and no log."""
    part = "filer" if request.args.get("who") == "filer" else "owner"
    check, kept = person_check(request.form.get(f"{part}_id_kind", "citizen"), request.form.get(f"{part}_number", ""), g.now)
    if check is not None and kept is not None and may(actor(), "personal.view"):
        made_of = services()
        with made_of.database.writing() as connection:
            found = recall_applicant(connection, actor=actor(), id_number=kept, part=part, clock=made_of.clock, ids=made_of.ids)
        check["earlier"] = earlier_view(found, part, g.now)
    return render_template("_person.html", check=check)


def _chosen(connection: Connection, typed: Typed) -> ProcedureInForce:
    if not typed.procedure_code:
        raise InvalidError("Choose a procedure.", code="intake_invalid", errors={"procedure_code": "required"})
    return procedure_in_force(connection, typed.procedure_code, local_day(g.now))


def _page(form: Mapping[str, str], problems: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Everything that intake.html shows for what has been typed so far."""
    text = form.get("find", "")
    with services().database.reading() as connection:
        today = local_day(g.now)
        found = procedures_view(connection, text, today, form.get("procedure", ""))
        in_force = count_procedures(connection, today)
    typed = form if "csrf_token" in form else {}
    checks = {
        f"{part}_check": person_check(form.get(f"{part}_id_kind", "citizen"), form.get(f"{part}_number", ""), g.now)[0]
        for part in ("owner", "filer")
    }
    return {
        "form": typed,
        "problems": problems or {},
        "in_force": in_force,
        **_finder(found),
        "query": text,
        "id_kinds": list(ID_KINDS.items()),
        "channels": list(CHANNELS.items()),
        "deliveries": list(DELIVERIES.items()),
        "accept_href": url_for("intake.accept"),
        "procedures_href": url_for("intake.procedures"),
        "person_href": url_for("intake.person"),
        **checks,
        **_addresses(),
        **_parts(form, problems or {}),
    }


def _parts(form: Mapping[str, str], problems: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What depends on the procedure and the channel chosen."""
    typed = Typed.read(form)
    with services().database.reading() as connection:
        procedure = _found(connection, typed)
        if procedure is not None and procedure.variants and typed.variant not in procedure.variants:
            procedure = None  # an address that names only half of a choice
        chosen = chosen_key(procedure.code, typed.variant) if procedure is not None else ""
        promised = appointment_view(connection, actor(), procedure, typed.variant, form.get("channel") or "direct", g.now)
    typed_form = form if "csrf_token" in form else {}
    return {
        "chosen": chosen,
        "papers": papers_view(procedure, typed_form, problems or {}),
        "has_no_papers": procedure is not None and not procedure.papers,
        "fee": fee_view(procedure, typed_form),
        "appointment": promised,
    }


def _found(connection: Connection, typed: Typed) -> ProcedureInForce | None:
    try:
        return procedure_in_force(connection, typed.procedure_code, local_day(g.now)) if typed.procedure_code else None
    except EngineError:
        return None  # the form says so when it is sent; until then there is simply nothing to show


def _finder(found: Found) -> dict[str, Any]:
    return {"procedures": found.choices, "left_out": found.left_out}


def _addresses() -> dict[str, str]:
    return {"papers_href": url_for("intake.papers"), "appointment_href": url_for("intake.appointment")}


def _onward(address: str) -> ResponseReturnValue:
    """To another page; an htmx request is told to load it whole, so that its scripts see it as new."""
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": address})
    return redirect(address, 303)

"""The printed forms of a dossier as PDF."""

from flask import Blueprint, Response, g
from flask.typing import ResponseReturnValue

from processes.dossiers.disclosure import record_print
from processes.dossiers.form_data import receipt_slip_data, tracking_slip_data
from processes.dossiers.queries import dossier_view
from processes.forms.receipt_slip import receipt_slip_pdf
from processes.forms.tracking_slip import tracking_slip_pdf
from processes.quality.rules import LATE_REASONS
from web.access import actor, needs
from web.services import services

blueprint = Blueprint("forms", __name__)


@blueprint.get("/dossiers/<code>/forms/receipt_slip.pdf")
@needs("dossier.read")
def receipt_slip(code: str) -> ResponseReturnValue:
    """Form 01 as it was issued. It shows the ID number, so who printed it stands in the trace before it is sent."""
    made_of = services()
    with made_of.database.writing() as connection:
        view = record_print(connection, actor=actor(), code=code, form="receipt_slip", clock=made_of.clock, ids=made_of.ids)
        data = receipt_slip_data(connection, view.row)
    return _pdf(receipt_slip_pdf(data), f"{code}-receipt_slip")


@blueprint.get("/dossiers/<code>/forms/tracking_slip.pdf")
@needs("dossier.read")
def tracking_slip(code: str) -> ResponseReturnValue:
    """Form 06 as things stand."""
    made_of = services()
    assert made_of.areas is not None
    with made_of.database.reading() as connection:
        view = dossier_view(connection, actor(), code)
        data = tracking_slip_data(connection, made_of.areas.calendars, view.row, now=g.now, late_reasons=LATE_REASONS)
    return _pdf(tracking_slip_pdf(data), f"{code}-tracking_slip")


def _pdf(made: bytes, name: str) -> Response:
    return Response(made, mimetype="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}.pdf"'})

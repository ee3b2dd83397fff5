"""Dossiers: accepted, looked up, supplemented, refused, withdrawn, returned."""

from collections.abc import Mapping
from typing import Any

from flask import g
from flask.views import MethodView

from processes.dossiers.intake import Intake
from processes.dossiers.operations import Accepted
from processes.dossiers.queries import DossierView, dossier_page, dossier_view
from processes.dossiers.slip import tracking_slip
from processes.organisation.rules import OFFICE_ZONE
from processes.quality.queries import of_instance
from web.access import actor, needs
from web.api.areas import areas, reading, writing
from web.api.resource import Resource
from web.api.schemas import (
    AcceptedOut,
    DossierOut,
    FiledOut,
    FormOut,
    IntakeIn,
    ReasonIn,
    RegisterOut,
    RegisterQuery,
    ReturnIn,
    SupplementIn,
    SupplementReceiptIn,
)

blueprint = Resource("api_dossiers", __name__, url_prefix="/api/v1/dossiers", description="Hồ sơ")

_PAPER = ("code", "name", "originals", "certified", "copies", "supplement_no")


@blueprint.at("")
class Dossiers(MethodView):
    @needs("dossier.read")
    @blueprint.takes(RegisterQuery, location="query")
    @blueprint.gives(200, RegisterOut)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The dossiers that I may see, newest first; since and until are dates of acceptance."""
        with reading() as connection:
            rows, total = dossier_page(
                connection,
                actor(),
                since=asked["since"],
                until=asked["until"],
                statuses=asked["status"],
                procedure_code=asked["procedure_code"],
                text=asked["q"],
                limit=asked["limit"],
                offset=asked["offset"],
            )
        return {"total": total, "items": rows}

    @needs("dossier.accept")
    @blueprint.takes(IntakeIn)
    @blueprint.gives(201, AcceptedOut)
    def post(self, intake: Intake) -> Accepted:
        """Accept a dossier at the counter; its clock starts now."""
        with writing() as connection:
            return areas().dossiers.accept(connection, actor=actor(), intake=intake)


@blueprint.at("/filings")
class Filings(MethodView):
    @needs("dossier.accept")
    @blueprint.takes(IntakeIn)
    @blueprint.gives(201, FiledOut)
    def post(self, intake: Intake) -> dict[str, str]:
        """Enter an online filing, which waits for its answer."""
        agency_id = actor().agency_id
        assert agency_id is not None
        with writing() as connection:
            return {"code": areas().dossiers.file(connection, actor=actor(), agency_id=agency_id, intake=intake)}


@blueprint.at("/<string:code>")
class OneDossier(MethodView):
    @needs("dossier.read")
    @blueprint.gives(200, DossierOut)
    def get(self, code: str) -> dict[str, Any]:
        """One dossier with its slip; no ID number, phone or address."""
        with reading() as connection:
            view = dossier_view(connection, actor(), code)
            slip, numbers = None, list[str]()
            if view.instance is not None:
                slip = tracking_slip(connection, areas().calendars, view.instance["id"], g.now)
                numbers = [row["number"] for row in of_instance(connection, actor(), view.instance["id"])]
        return {**_facts(view), "slip": slip, "nonconformities": numbers}


@blueprint.at("/<string:code>/acceptance")
class Acceptance(MethodView):
    @needs("dossier.accept")
    @blueprint.gives(200, AcceptedOut)
    def post(self, code: str) -> Accepted:
        """Accept an online filing."""
        with writing() as connection:
            return areas().dossiers.accept_filing(connection, actor=actor(), code=code)


@blueprint.at("/<string:code>/supplement-requests")
class SupplementRequests(MethodView):
    @needs("dossier.supplement")
    @blueprint.takes(SupplementIn)
    @blueprint.gives(201, FormOut)
    def post(self, entered: dict[str, Any], code: str) -> dict[str, str]:
        """Ask the citizen for what is missing (form 02); the clock stops."""
        with writing() as connection:
            return {"number": areas().dossiers.request_supplement(connection, actor=actor(), code=code, **entered)}


@blueprint.at("/<string:code>/supplement-receipts")
class SupplementReceipts(MethodView):
    @needs("dossier.supplement")
    @blueprint.takes(SupplementReceiptIn)
    @blueprint.gives(204)
    def post(self, entered: dict[str, Any], code: str) -> None:
        """Take in what was asked for; the clock runs again from the receipt."""
        with writing() as connection:
            areas().dossiers.receive_supplement(connection, actor=actor(), code=code, **entered)


@blueprint.at("/<string:code>/refusal")
class Refusal(MethodView):
    @needs("dossier.refuse")
    @blueprint.takes(ReasonIn)
    @blueprint.gives(201, FormOut)
    def post(self, entered: dict[str, str], code: str) -> dict[str, str]:
        """Refuse a dossier (form 03)."""
        with writing() as connection:
            return {"number": areas().dossiers.refuse(connection, actor=actor(), code=code, reason=entered["reason"])}


@blueprint.at("/<string:code>/withdrawal")
class Withdrawal(MethodView):
    @needs("dossier.withdraw")
    @blueprint.takes(ReasonIn)
    @blueprint.gives(204)
    def post(self, entered: dict[str, str], code: str) -> None:
        """The citizen takes the dossier back."""
        with writing() as connection:
            areas().dossiers.withdraw(connection, actor=actor(), code=code, reason=entered["reason"])


@blueprint.at("/<string:code>/result")
class Result(MethodView):
    @needs("dossier.return_result")
    @blueprint.takes(ReturnIn)
    @blueprint.gives(204)
    def post(self, entered: dict[str, Any], code: str) -> None:
        """Hand the result to the citizen; completes the last step."""
        with writing() as connection:
            areas().dossiers.return_result(connection, actor=actor(), code=code, **entered)


def _facts(view: DossierView) -> dict[str, Any]:
    instance = view.instance or {}
    return {
        **view.row,
        "procedure_name": instance.get("subject_title", ""),
        "owner_name": view.owner["name"],
        "due_at": instance.get("due_at"),
        "breached_at": instance.get("breached_at"),
        "clock": instance.get("clock"),
        "papers": [{name: paper[name] for name in _PAPER} for paper in view.papers],
        "forms": [_form(form) for form in view.forms],
    }


def _form(form: Mapping[str, Any]) -> dict[str, Any]:
    return {"form": form["form"], "number": form["number"], "issued_at": form["issued_at"].astimezone(OFFICE_ZONE).isoformat()}

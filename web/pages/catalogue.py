"""The procedures in force: what they ask for, how long they may take, and the model that each one runs."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from processes.catalogue.queries import count_procedures, find_procedures, procedure_in_force
from processes.catalogue.versions import model_versions
from processes.organisation.rules import local_day
from web.access import needs
from web.services import services
from web.views import catalogue as view

blueprint = Blueprint("catalogue", __name__)

MOST = 200


@blueprint.get("/catalogue")
@needs("catalogue.read")
def procedures() -> ResponseReturnValue:
    """Four statements, however many procedures there are."""
    text, today = request.args.get("q", "").strip()[:200], local_day(g.now)
    with services().database.reading() as connection:
        found = find_procedures(connection, text, today, limit=MOST)
        models = model_versions(connection, [one.definition_id for one in found])
        total = count_procedures(connection, today)
    rows = [view.procedure_line(one, models.get(one.definition_id)) for one in found]
    return render_template("catalogue.html", text=text, rows=rows, total=total)


@blueprint.get("/catalogue/<code>")
@needs("catalogue.read")
def procedure(code: str) -> ResponseReturnValue:
    """One procedure with its model: the version that is in force today."""
    areas = services().areas
    assert areas is not None
    with services().database.reading() as connection:
        found = procedure_in_force(connection, code, local_day(g.now))
        version = model_versions(connection, [found.definition_id]).get(found.definition_id)
        model = areas.engine.definitions.load(connection, found.definition_id).model
    page = view.procedure_page(found, version, model)
    for diagram in page["models"]:
        diagram["xml"] = model.sources[diagram["file"]].decode("utf-8")
    return render_template("procedure.html", **page)

"""Finding dossiers by code, name, telephone or ID number, accents or not."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from processes.dossiers.queries import find_dossiers
from processes.organisation.rights import may
from web.access import actor, needs
from web.services import services
from web.views.found import SHOWN, found_view

blueprint = Blueprint("search", __name__)


@blueprint.app_context_processor
def _search_box() -> dict[str, Any]:
    """The search box stands on the page of everybody who may read dossiers."""
    acting = g.get("actor")
    return {"url_for_search": url_for("search.search") if acting is not None and may(acting, "dossier.read") else None}


@blueprint.get("/desk/search")
@needs("dossier.read")
def search() -> ResponseReturnValue:
    text = request.args.get("q", "").strip()
    with services().database.reading() as connection:
        found = find_dossiers(connection, actor(), text, limit=SHOWN + 1)
    if len(found) == 1 and found[0].code.upper() == text.upper():
        return redirect(url_for("dossier.dossier", code=found[0].code), 303)
    return render_template("search.html", q=text, **found_view(found, g.now, services().zone))

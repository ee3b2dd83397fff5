"""The officer's desk: the worklist, and what is done from its lines."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from engine.errors import EngineError
from engine.queries import work_item
from processes.organisation.queries import unit_names
from processes.wiring import Areas
from web import errors, timephrases, wording
from web.access import actor, needs, refreshing
from web.services import services
from web.views.steps import require_no_receiver
from web.views.worklist import Choice, desk_view

blueprint = Blueprint("desk", __name__)


@blueprint.get("/desk")
@needs("step.work")
def desk() -> ResponseReturnValue:
    """The worklist; with q= it is the search, as the address of the search box has always been."""
    if request.args.get("q", "").strip():
        return redirect(url_for("search.search", q=request.args["q"]), 303)
    return render_template("desk.html", **_context())


@blueprint.get("/desk/worklist")
@needs("step.work")
@refreshing
def worklist() -> ResponseReturnValue:
    """The list alone, for its own refresh."""
    return render_template("_worklist.html", part=True, **_context())


@blueprint.post("/desk/steps/<id:step_id>/claim")
@needs("step.work")
def claim(step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        areas.engine.claim(connection, step_id=step_id, actor=actor())
        return f"Đã nhận {_step_words(connection, step_id)}."

    return _act(do)


@blueprint.post("/desk/steps/<id:step_id>/release")
@needs("step.work")
def release(step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        areas.engine.release(connection, step_id=step_id, actor=actor())
        return f"Đã trả {_step_words(connection, step_id)} về hàng chờ của bộ phận."

    return _act(do)


@blueprint.post("/desk/steps/<id:step_id>/complete")
@needs("step.work")
def complete(step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        words = _step_words(connection, step_id)
        require_no_receiver(work_item(connection, step_id))
        moved = areas.engine.complete(connection, step_id=step_id, actor=actor())
        units = unit_names(connection, [step["unit_id"] for step in moved.opened])
        onward = ", ".join(f"{step['code']} {step['name']} ({units.get(step['unit_id'], step['external'] or '')})" for step in moved.opened)
        return f"Đã hoàn thành {words}." + (f" Chuyển tới {onward}." if onward else "")

    return _act(do)


@blueprint.post("/desk/filings/<code>/accept")
@needs("dossier.accept")
def accept_filing(code: str) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        accepted = areas.dossiers.accept_filing(connection, actor=actor(), code=code)
        promised = accepted.promised_at
        when = f", hẹn trả {timephrases.moment(promised, g.now, services().zone)}" if promised is not None else ""
        return f"Đã tiếp nhận hồ sơ {wording.short_code(code)}{when}."

    return _act(do)


def _act(do: Callable[[Connection, Areas], str]) -> ResponseReturnValue:
    """Do it in one transaction, then show the list as it is now with what was done, or with why it was not."""
    made_of = services()
    assert made_of.areas is not None
    try:
        with made_of.database.writing() as connection:
            told = do(connection, made_of.areas)
    except EngineError as refused:
        if "HX-Request" not in request.headers:
            raise
        problem = errors.refuse(refused)
        return make_response(render_template("_worklist.html", part=True, problem=problem, **_context()), errors.status_of(refused))
    if "HX-Request" not in request.headers:
        flash(told, "done")
        return redirect(url_for("desk.desk", **Choice.read(request.args).asked), 303)
    return render_template("_worklist.html", part=True, done=told, **_context())


def _context() -> dict[str, Any]:
    with services().database.reading() as connection:
        context = desk_view(connection, actor(), Choice.read(request.args), g.now)
    own = next(entry["count"] for entry in context["filters"] if entry["label"] == "Việc của tôi")
    g.counts = {**g.get("counts", {}), "desk.desk": own}
    return context


def _step_words(connection: Connection, step_id: int) -> str:
    item = work_item(connection, step_id)
    return f"bước {item.step_code} của hồ sơ {wording.short_code(item.subject_code)}" if item is not None else "bước"

"""Nonconformities: the register, one with its evidence, closing and cancelling them singly and in bulk."""

from collections.abc import Sequence

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.errors import EngineError
from processes.quality import register
from processes.quality.operations import Quality
from web import errors, wording
from web.access import actor, needs
from web.services import services
from web.views import nonconformities as view
from web.views.addresses import page_of, read_page
from web.views.nonconformity import nonconformity_view
from web.views.problem import Problem

blueprint = Blueprint("quality", __name__)


@blueprint.get("/quality/nonconformities")
@needs("quality.read")
def nonconformities() -> ResponseReturnValue:
    return _register_page()


@blueprint.get("/quality/nonconformities/<number>")
@needs("dossier.read")
def nonconformity(number: str) -> ResponseReturnValue:
    """Also for whoever sees the dossier, and for the handler whom it names (rights.visible_nonconformities)."""
    return _page(number)


@blueprint.post("/quality/nonconformities/<number>/close")
@needs("quality.close")
def close(number: str) -> ResponseReturnValue:
    made_of = services()
    try:
        with made_of.database.writing() as connection:
            _quality().close(connection, actor=actor(), numbers=[number], note=_typed("reason"))
    except EngineError as refused:
        return _refused(number, "close", refused)
    flash(f"Đã đóng {number}.", "done")
    return redirect(url_for("quality.nonconformity", number=number), 303)


@blueprint.post("/quality/nonconformities/<number>/cancel")
@needs("quality.cancel")
def cancel(number: str) -> ResponseReturnValue:
    made_of = services()
    try:
        with made_of.database.writing() as connection:
            _quality().cancel(connection, actor=actor(), numbers=[number], reason=_typed("reason"), document=_typed("document"))
    except EngineError as refused:
        return _refused(number, "cancel", refused)
    flash(f"Đã hủy {number}. Phiếu vẫn hiện với lý do và căn cứ.", "done")
    return redirect(url_for("quality.nonconformity", number=number), 303)


@blueprint.post("/quality/close")
@needs("quality.close")
def close_many() -> ResponseReturnValue:
    numbers = request.form.getlist("number")
    try:
        with services().database.writing() as connection:
            done = _quality().close(connection, actor=actor(), numbers=numbers, note=_typed("note"))
    except EngineError as refused:
        return _register_page(Problem("close", errors.refuse(refused), request.form.to_dict()), numbers, errors.status_of(refused))
    flash(f"Đã đóng {wording.number(len(done))} phiếu.", "done")
    return redirect(view.href(view.read_filter(request.args)), 303)


@blueprint.post("/quality/cancel")
@needs("quality.cancel")
def cancel_many() -> ResponseReturnValue:
    numbers = request.form.getlist("number")
    try:
        with services().database.writing() as connection:
            done = _quality().cancel(connection, actor=actor(), numbers=numbers, reason=_typed("reason"), document=_typed("document"))
    except EngineError as refused:
        return _register_page(Problem("cancel", errors.refuse(refused), request.form.to_dict()), numbers, errors.status_of(refused))
    flash(f"Đã hủy {wording.number(len(done))} phiếu. Phiếu vẫn hiện với lý do và căn cứ.", "done")
    return redirect(view.href(view.read_filter(request.args)), 303)


def _register_page(problem: Problem | None = None, picked: Sequence[str] = (), status: int = 200) -> ResponseReturnValue:
    asked, number = view.read_filter(request.args), read_page(request.args)
    made_of = services()
    with made_of.database.reading() as connection:
        stages = register.stages(connection, actor(), asked, now=g.now)
        start = (number - 1) * view.PAGE_SIZE
        lines, total = register.register_page(connection, actor(), asked, limit=view.PAGE_SIZE, offset=start)
        units, steps = register.choices(connection, actor())
    rows = [view.line_view(line, actor(), g.now, made_of.zone) for line in lines]
    if request.args.get("pick") == "all" and not picked:
        picked = [row["number"] for row in rows if row["may_close"]]
    page = render_template(
        "nonconformities.html",
        asked=asked,
        told=view.told_filter(asked, units),
        counters=view.counters(stages, asked),
        ages=view.ages(stages, g.now, made_of.zone),
        rows=rows,
        picked=set(picked),
        pick_href=view.href(asked, page=number if number > 1 else None, pick="all"),
        may_close=any(row["may_close"] for row in rows),
        may_cancel=any(row["may_cancel"] for row in rows),
        close_action=url_for("quality.close_many", **view.parameters(asked)),
        cancel_action=url_for("quality.cancel_many", **view.parameters(asked)),
        kinds=view.KINDS,
        units=units,
        steps=steps,
        page=page_of(number, view.PAGE_SIZE, total, lambda page: view.href(asked, page=page)),
        problem=problem,
        typed=problem.typed if problem is not None else {},
    )
    return make_response(page, status)


def _page(number: str, problem: Problem | None = None) -> str:
    with services().database.reading() as connection:
        context = nonconformity_view(connection, actor(), number, g.now, problem)
    return render_template("nonconformity.html", **context)


def _refused(number: str, form: str, refused: EngineError) -> ResponseReturnValue:
    """The page with the sentence in its form and everything that was typed."""
    problem = Problem(form, errors.refuse(refused), request.form.to_dict())
    return make_response(_page(number, problem), errors.status_of(refused))


def _quality() -> Quality:
    areas = services().areas
    assert areas is not None
    return areas.quality


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()

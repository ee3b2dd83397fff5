"""Logging in and out, the own password, and the way home."""

from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine.errors import EngineError, InvalidError, NotPermittedError
from processes.organisation import sessions
from processes.organisation.models import Agency
from processes.organisation.operations import short_name
from web import errors
from web.access import public, sign_in, sign_out, signed_in, signed_in_person
from web.navigation import home_endpoint
from web.services import services

blueprint = Blueprint("session", __name__)


# Where a role's own work lies; whoever holds none of these starts at the first page that is open to them, an officer at the desk.
_OWN_PAGES = {
    "leader": "monitor.monitor",
    "iso_secretary": "quality.nonconformities",
    "quality_representative": "quality.nonconformities",
    "auditor": "trace.trace",
}


class NoPageError(NotPermittedError):
    """None of the person's roles opens a page."""

    code = "no_page"


class PasswordsDifferError(InvalidError):
    """The new password was typed in two different ways."""

    code = "passwords_differ"


@blueprint.get("/")
@signed_in
def home() -> ResponseReturnValue:
    endpoint = own_page() or home_endpoint()
    if endpoint is None:
        raise NoPageError()
    return redirect(url_for(endpoint), 303)


def own_page() -> str | None:
    """The page of the signed-in person's role, for people who do no other work: with any other role the worklist comes first."""
    roles = set(signed_in_person().actor.roles)
    if not roles or not roles <= _OWN_PAGES.keys():
        return None
    endpoint = next(page for role, page in _OWN_PAGES.items() if role in roles)
    return endpoint if endpoint in current_app.view_functions else None


@blueprint.get("/login")
@public
def log_in() -> ResponseReturnValue:
    if g.actor is not None:
        return redirect(url_for("session.home"), 303)
    return _login_page(notice=session.pop("login_notice", None), forget=session.pop("logged_out", False))


@blueprint.post("/login")
@public
def log_in_send() -> ResponseReturnValue:
    made_of, login = services(), request.form.get("login", "")
    try:
        opened = sessions.log_in(
            made_of.database,
            login=login,
            password=request.form.get("password", ""),
            passwords=made_of.passwords,
            clock=made_of.clock,
            ids=made_of.ids,
            user_agent=request.headers.get("User-Agent", ""),
        )
    except (sessions.LoginFailedError, sessions.LoginLockedError) as refused:
        return _login_page(login=login, refused=refused)
    way_back = _way_back()
    sign_in(opened.token)
    return redirect(way_back, 303)


@blueprint.post("/logout")
@signed_in
def log_out() -> ResponseReturnValue:
    made_of, person = services(), signed_in_person()
    with made_of.database.writing() as connection:
        sessions.log_out(connection, token=person.token, actor=person.actor, clock=made_of.clock, ids=made_of.ids)
    sign_out()
    session["logged_out"] = True
    return redirect(url_for("session.log_in"), 303)


@blueprint.get("/password")
@signed_in
def change_password() -> ResponseReturnValue:
    return render_template("password.html", problem=None)


@blueprint.post("/password")
@signed_in
def change_password_send() -> ResponseReturnValue:
    made_of, person, new = services(), signed_in_person(), request.form.get("new", "")
    if new != request.form.get("again", ""):
        differ = PasswordsDifferError()
        return _password_page(errors.refuse(differ), "again", errors.status_of(differ))
    try:
        sessions.change_password(
            made_of.database,
            actor=person.actor,
            current=request.form.get("current", ""),
            new=new,
            passwords=made_of.passwords,
            clock=made_of.clock,
            ids=made_of.ids,
        )
    except EngineError as refused:
        field = "current" if isinstance(refused, sessions.LoginFailedError | sessions.LoginLockedError) else "new"
        return _password_page(errors.refuse(refused), field, errors.status_of(refused))
    sign_out()
    session["login_notice"] = "Đã đổi mật khẩu. Đăng nhập bằng mật khẩu mới."
    return redirect(url_for("session.log_in"), 303)


def _login_page(login: str = "", *, refused: EngineError | None = None, notice: str | None = None, forget: bool = False) -> tuple[str, int]:
    with services().database.reading() as connection:
        agency = connection.execute(select(Agency.name, Agency.counter_name).order_by(Agency.id).limit(2)).all()
    only: dict[str, Any] = {}
    if len(agency) == 1:  # with several agencies on the system, none is named before the log-in
        only = {"agency_name": agency[0].name, "agency_short_name": short_name(agency[0].name), "counter_name": agency[0].counter_name}
    problem = errors.refuse(refused) if refused else None
    page = render_template("login.html", login=login, problem=problem, notice=notice, forget=forget, **only)
    return page, errors.status_of(refused) if refused else 200


def _password_page(problem: errors.Refusal, field: str, status: int) -> tuple[str, int]:
    return render_template("password.html", problem=problem, problem_field=field), status


def _way_back() -> str:
    """The page that was asked for before the log-in, else home; a path of ours in any case."""
    wanted = session.pop("next", "").lstrip("/\\").removesuffix("?")
    return f"/{wanted}" if wanted else url_for("session.home")

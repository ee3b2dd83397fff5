"""Who is asking, and whether the route is theirs: every route declares what it needs, and one that declares nothing is refused.

A route needs a permission (@needs), just a log-in (@signed_in), or nothing (@public). Whether a particular dossier is the
actor's is asked further down: by the operations, and by rights.visible behind every list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy import Connection, Row, select

from engine.actor import Actor
from engine.errors import NotPermittedError
from processes.organisation import sessions
from processes.organisation.models import Agency, Person
from processes.organisation.operations import short_name
from processes.organisation.rights import PERMISSIONS, PersonDisabledError, actor_for, require
from web.services import services

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "__needs__"
_BY_ITSELF = "__by_itself__"
_PUBLIC = "public"
_SIGNED_IN = "signed_in"


class NotSignedInError(NotPermittedError):
    """This page is for people who have logged in."""

    code = "login_required"


class PasswordToChangeError(NotPermittedError):
    """The password was given out by somebody else; choose your own first."""

    code = "password_to_change"


class UndeclaredRouteError(NotPermittedError):
    """This route does not say who may use it, so nobody may."""

    code = "route_undeclared"


def public(view: View) -> View:
    """Open the route to everybody."""
    setattr(view, _MARK, _PUBLIC)
    return view


def signed_in(view: View) -> View:
    """Open the route to everybody who has logged in, whatever their roles."""
    setattr(view, _MARK, _SIGNED_IN)
    return view


def needs(permission: str) -> Callable[[View], View]:
    """Open the route to those who hold the permission.

    Raises: ValueError for a permission that does not exist: a slip of the pen must not open or close a route.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"there is no permission {permission}")

    def declare(view: View) -> View:
        setattr(view, _MARK, permission)
        return view

    return declare


def refreshing(view: View) -> View:
    """Mark a route that the page calls by itself: nobody is at work because of it, so it does not keep the log-in open."""
    setattr(view, _BY_ITSELF, True)
    return view


def declared(view: Any, method: str) -> str | None:
    """What a view, or the method of a class of views, says that it needs; None when it says nothing."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return getattr(view, _MARK, None)
    handler = getattr(view_class, ("get" if method == "HEAD" else method).lower(), None)
    return getattr(handler, _MARK, None) or getattr(view_class, _MARK, None)


@dataclass(frozen=True)
class SignedIn:
    """The person behind a request, as the shell of the pages shows them."""

    token: str
    actor: Actor
    session: sessions.OpenSession
    name: str
    login: str
    title: str
    must_change_password: bool
    agency_name: str
    agency_short_name: str
    counter_name: str

    # what Flask-Login asks of a user
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """What the cookie carries: the token of the session row, never the person's id."""
        return self.token


def guard(app: Flask) -> None:
    """Ask, before every view, who it is and whether the route is theirs."""
    manager = LoginManager(app)
    manager.session_protection = None  # the session row decides: Flask-Login's own guess would log out whoever changes networks
    manager.user_loader(_load)
    public(app.view_functions["static"])
    app.before_request(_check)


def actor() -> Actor:
    """Who acts in this request.

    Raises: NotSignedInError on a public page that nobody has logged in for.
    """
    return signed_in_person().actor


def signed_in_person() -> SignedIn:
    """The person behind this request.

    Raises: NotSignedInError.
    """
    found: SignedIn | None = g.get("signed_in")
    if found is None:
        raise NotSignedInError()
    return found


def sign_in(token: str) -> None:
    """Put a new log-in into a fresh cookie: what an anonymous visitor was given must not outlive it."""
    person = _load(token)
    session.clear()
    login_user(person)


def sign_out() -> None:
    """Forget the log-in in the cookie; the session row is ended by the operation."""
    logout_user()
    session.clear()


def _load(token: str) -> SignedIn | None:
    """The person whose session this token opens; why there is none is kept for the sentence on the login page."""
    made_of = services()
    try:
        with made_of.database.reading() as connection:
            open_session = sessions.find_session(connection, token=token, now=g.now)
            acting = actor_for(connection, open_session.person_id, now=g.now, zone=made_of.zone)
            row = _person(connection, open_session.person_id)
    except (sessions.LoginExpiredError, PersonDisabledError) as ended:
        g.login_ended = ended
        return None
    if open_session.needs_touch(g.now) and not _asked_by_itself():
        with made_of.database.writing() as connection:
            sessions.touch(connection, session=open_session, now=g.now)
    return SignedIn(
        token=token,
        actor=acting,
        session=open_session,
        name=row.full_name,
        login=row.login,
        title=row.title,
        must_change_password=row.must_change_password,
        agency_name=row.name,
        agency_short_name=short_name(row.name),
        counter_name=row.counter_name,
    )


def _bearer() -> SignedIn | None:
    """Who a program acts for: only the token it sends counts here, never the cookie that a browser adds by itself."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return _load(token.strip()) if scheme.lower() == "bearer" and token.strip() else None


def _asked_by_itself() -> bool:
    return request.endpoint is not None and getattr(current_app.view_functions[request.endpoint], _BY_ITSELF, False)


def _person(connection: Connection, person_id: int) -> Row[*tuple[Any, ...]]:
    columns = (Person.full_name, Person.login, Person.title, Person.must_change_password, Agency.name, Agency.counter_name)
    return connection.execute(select(*columns).join_from(Person, Agency, Agency.id == Person.agency_id).where(Person.id == person_id)).one()


def _check() -> ResponseReturnValue | None:
    if request.endpoint is None or request.endpoint == "static":
        return None  # no such address is answered as such; the built files are for everybody and ask no database
    needed = declared(current_app.view_functions[request.endpoint], request.method)
    if needed is None:
        raise UndeclaredRouteError(endpoint=request.endpoint)
    person = _bearer() if request.path.startswith("/api/") else current_user if current_user.is_authenticated else None
    g.signed_in, g.actor = person, person.actor if person else None
    if needed == _PUBLIC:
        return None
    if person is None:
        raise g.get("login_ended") or NotSignedInError()
    if person.must_change_password and request.blueprint != "session":
        return _to_change_password()
    if needed != _SIGNED_IN:
        require(person.actor, needed)
    return None


def _to_change_password() -> ResponseReturnValue:
    if request.method != "GET" or "HX-Request" in request.headers:
        raise PasswordToChangeError()
    session["next"] = request.full_path
    return redirect(url_for("session.change_password"), 303)

"""Logging in and out as a program."""

from typing import Any

from flask import g, request
from flask.views import MethodView

from processes.organisation import sessions
from web.access import public, signed_in, signed_in_person
from web.api.resource import Resource
from web.api.schemas import LoginIn, SessionOut
from web.services import services

blueprint = Resource("api_sessions", __name__, url_prefix="/api/v1/sessions", description="Đăng nhập và thoát")


@blueprint.at("")
class Sessions(MethodView):
    @public
    @blueprint.takes(LoginIn)
    @blueprint.gives(201, SessionOut)
    @blueprint.is_open()
    def post(self, entered: dict[str, Any]) -> dict[str, Any]:
        """Log in; the token is good for 12 hours, and ends after 30 idle minutes."""
        made_of = services()
        login = sessions.log_in(
            made_of.database,
            login=entered["login"],
            password=entered["password"],
            passwords=made_of.passwords,
            clock=made_of.clock,
            ids=made_of.ids,
            user_agent=request.headers.get("User-Agent", "")[:200],
        )
        return {"token": login.token, "expires_at": g.now + sessions.LONGEST}


@blueprint.at("/current")
class CurrentSession(MethodView):
    @signed_in
    @blueprint.gives(204)
    def delete(self) -> None:
        """Log out; the token opens nothing any more."""
        person, made_of = signed_in_person(), services()
        with made_of.database.writing() as connection:
            sessions.log_out(connection, token=person.token, actor=person.actor, clock=made_of.clock, ids=made_of.ids)

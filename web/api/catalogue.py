"""Procedures in force."""

from typing import Any

from flask import g
from flask.views import MethodView

from processes.catalogue.queries import ProcedureInForce, find_procedures, procedure_in_force
from processes.organisation.rules import local_day
from web.access import needs
from web.api.areas import reading
from web.api.resource import Resource
from web.api.schemas import ProcedureOut, ProcedureQuery

blueprint = Resource("api_catalogue", __name__, url_prefix="/api/v1/procedures", description="Thủ tục đang áp dụng")


@blueprint.at("")
class Procedures(MethodView):
    @needs("catalogue.read")
    @blueprint.takes(ProcedureQuery, location="query")
    @blueprint.gives(200, ProcedureOut(many=True))
    def get(self, asked: dict[str, Any]) -> list[ProcedureInForce]:
        """Procedures whose code or name has every word of q, with or without accents."""
        with reading() as connection:
            return find_procedures(connection, asked["q"], local_day(g.now), limit=200)


@blueprint.at("/<string:code>")
class OneProcedure(MethodView):
    @needs("catalogue.read")
    @blueprint.gives(200, ProcedureOut)
    def get(self, code: str) -> ProcedureInForce:
        """The version of a procedure that is in force today."""
        with reading() as connection:
            return procedure_in_force(connection, code, local_day(g.now))

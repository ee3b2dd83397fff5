"""Nonconformities."""

from collections.abc import Mapping
from typing import Any

from flask.views import MethodView

from processes.quality.queries import nonconformity, nonconformity_page
from web.access import actor, needs
from web.api.areas import areas, reading, writing
from web.api.resource import Resource
from web.api.schemas import CancellingIn, ClosingIn, NonconformitiesOut, NonconformityDetailOut, NonconformityQuery, NumbersOut

blueprint = Resource("api_quality", __name__, url_prefix="/api/v1/nonconformities", description="Sự không phù hợp")


@blueprint.at("")
class Nonconformities(MethodView):
    @needs("quality.read")
    @blueprint.takes(NonconformityQuery, location="query")
    @blueprint.gives(200, NonconformitiesOut)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The register of nonconformities, newest first."""
        with reading() as connection:
            rows, total = nonconformity_page(
                connection, actor(), statuses=asked["status"], text=asked["q"], limit=asked["limit"], offset=asked["offset"]
            )
        return {"total": total, "items": rows}


@blueprint.at("/<string:number>")
class OneNonconformity(MethodView):
    @needs("quality.read")
    @blueprint.gives(200, NonconformityDetailOut)
    def get(self, number: str) -> Mapping[str, Any]:
        """One nonconformity with its evidence."""
        with reading() as connection:
            return nonconformity(connection, actor(), number)


@blueprint.at("/closings")
class Closings(MethodView):
    @needs("quality.close")
    @blueprint.takes(ClosingIn)
    @blueprint.gives(200, NumbersOut)
    def post(self, entered: dict[str, Any]) -> dict[str, list[str]]:
        """Close corrected nonconformities, singly or many at once; all or none."""
        with writing() as connection:
            return {"numbers": areas().quality.close(connection, actor=actor(), **entered)}


@blueprint.at("/cancellations")
class Cancellations(MethodView):
    @needs("quality.cancel")
    @blueprint.takes(CancellingIn)
    @blueprint.gives(200, NumbersOut)
    def post(self, entered: dict[str, Any]) -> dict[str, list[str]]:
        """Cancel nonconformities that were raised wrongly; they stay visible."""
        with writing() as connection:
            return {"numbers": areas().quality.cancel(connection, actor=actor(), **entered)}

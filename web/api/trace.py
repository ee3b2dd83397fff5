"""The trace of a dossier, as it was hashed."""

import json
from typing import Any

from flask.views import MethodView
from sqlalchemy import select

from engine.tables import trace_entries
from processes.organisation.rights import visible_entries
from web.access import actor, needs
from web.api.areas import reading
from web.api.resource import Resource
from web.api.schemas import TraceOut, TraceQuery

blueprint = Resource("api_trace", __name__, url_prefix="/api/v1/trace", description="Nhật ký truy xuất")


@blueprint.at("")
class Trace(MethodView):
    @needs("trace.read")
    @blueprint.takes(TraceQuery, location="query")
    @blueprint.gives(200, TraceOut)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The entries of a dossier, oldest first; personal values stand in them only as salted hashes."""
        query = (
            select(trace_entries)
            .where(trace_entries.c.subject_code == asked["dossier_code"], visible_entries(actor()))
            .order_by(trace_entries.c.id)
            .limit(asked["limit"])
            .offset(asked["offset"])
        )
        with reading() as connection:
            rows = connection.execute(query).mappings().all()
        return {"items": [{**row, "hash": row["hash"].hex(), "body": json.loads(row["body"])} for row in rows]}

"""My work: steps to claim, release and complete."""

from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from flask import g
from flask.views import MethodView
from sqlalchemy import ColumnElement

from engine.operations import Moved
from engine.queries import count_work, work_group, worklist
from processes.organisation.rights import workable_steps
from processes.organisation.rules import OFFICE_ZONE, local_day
from web.access import actor, needs
from web.api.areas import areas, reading, writing
from web.api.resource import Resource
from web.api.schemas import CompleteIn, MovedOut, WorklistOut, WorklistQuery

blueprint = Resource("api_worklist", __name__, url_prefix="/api/v1", description="Việc của tôi")


@blueprint.at("/worklist")
class Worklist(MethodView):
    @needs("step.work")
    @blueprint.takes(WorklistQuery, location="query")
    @blueprint.gives(200, WorklistOut)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Open steps that fall to me, grouped as on the desk, those due next first."""
        mine, group = workable_steps(actor()), _group(g.now)
        with reading() as connection:
            counts = count_work(connection, mine, group)
            items = worklist(connection, mine, group, only=asked["group"], limit=asked["limit"], offset=asked["offset"])
        return {"counts": counts, "items": [{"group": name, **asdict(item)} for name, item in items]}


@blueprint.at("/steps/<id:step_id>/claim")
class Claim(MethodView):
    @needs("step.work")
    @blueprint.gives(204)
    def post(self, step_id: int) -> None:
        """Take a step that nobody holds; 409 says who was quicker, and when."""
        with writing() as connection:
            areas().engine.claim(connection, step_id=step_id, actor=actor())


@blueprint.at("/steps/<id:step_id>/release")
class Release(MethodView):
    @needs("step.work")
    @blueprint.gives(204)
    def post(self, step_id: int) -> None:
        """Put a step that I hold back to its unit."""
        with writing() as connection:
            areas().engine.release(connection, step_id=step_id, actor=actor())


@blueprint.at("/steps/<id:step_id>/complete")
class Complete(MethodView):
    @needs("step.work")
    @blueprint.takes(CompleteIn)
    @blueprint.gives(200, MovedOut)
    def post(self, entered: dict[str, Any], step_id: int) -> dict[str, Any]:
        """Complete a step; an overdue one needs its reason."""
        with writing() as connection:
            moved = areas().engine.complete(connection, step_id=step_id, actor=actor(), **entered)
        return {"opened": opened(moved)}


def opened(moved: Moved) -> list[dict[str, Any]]:
    """The steps that an operation opened, as MovedOut gives them."""
    return [
        {
            "step_id": str(step["id"]),
            "step_code": step["code"],
            "step_name": step["name"],
            "role": step["role"],
            "due_at": step["due_at"].astimezone(OFFICE_ZONE).isoformat() if step["due_at"] is not None else None,
        }
        for step in moved.opened
    ]


def _group(now: datetime) -> ColumnElement[str]:
    today = local_day(now)
    end_of_today = datetime.combine(today + timedelta(days=1), time(), OFFICE_ZONE)
    end_of_week = datetime.combine(today + timedelta(days=7 - today.weekday()), time(), OFFICE_ZONE)
    return work_group(end_of_today, end_of_week, now)

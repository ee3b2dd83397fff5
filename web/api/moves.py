"""Steps change hands and go back: what is not drawn in a model."""

from dataclasses import asdict
from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields, validate

from processes.organisation import moves
from web.access import actor, needs
from web.api.areas import areas, reading, writing
from web.api.resource import Resource
from web.api.schemas import LARGEST_ID, MovedOut, ReasonIn
from web.api.worklist import opened
from web.errors import sentence_of
from web.services import services

blueprint = Resource("api_moves", __name__, url_prefix="/api/v1", description="Bàn giao, nhận thay, trả lại")


class ColleagueOut(Schema):
    id = fields.String()
    full_name = fields.String()
    title = fields.String()


class EarlierOut(Schema):
    code = fields.String()
    name = fields.String()
    done_by = fields.String()


class ChoicesOut(Schema):
    colleagues = fields.List(fields.Nested(ColleagueOut))
    earlier = fields.List(fields.Nested(EarlierOut))
    may_take_over = fields.Boolean()


class HandoverIn(Schema):
    to_id = fields.Integer(required=True, validate=validate.Range(0, LARGEST_ID))  # as text or number
    reason = fields.String(load_default="", validate=validate.Length(max=4000))


class HandoversIn(Schema):
    from_id = fields.Integer(required=True, validate=validate.Range(0, LARGEST_ID))
    to_id = fields.Integer(required=True, validate=validate.Range(0, LARGEST_ID))
    reason = fields.String(required=True, validate=validate.Length(max=4000))


class HandedOut(Schema):
    step_id = fields.String()
    step_code = fields.String()
    dossier_code = fields.String(attribute="subject_code")
    done = fields.Boolean()
    code = fields.String(allow_none=True)
    message = fields.String(allow_none=True)


class HandedAllOut(Schema):
    items = fields.List(fields.Nested(HandedOut))


class SendBackIn(Schema):
    to = fields.String(required=True, validate=validate.Length(max=16))  # the code of an earlier step
    reason = fields.String(required=True, validate=validate.Length(max=4000))


@blueprint.at("/steps/<id:step_id>/moves")
class Moves(MethodView):
    @needs("step.work")
    @blueprint.gives(200, ChoicesOut)
    def get(self, step_id: int) -> dict[str, Any]:
        """To whom I can hand a step over, to which earlier steps I can send it back, whether I can take it over."""
        with reading() as connection:
            return asdict(moves.choices(connection, areas().engine, actor=actor(), step_id=step_id))


@blueprint.at("/steps/<id:step_id>/handover")
class Handover(MethodView):
    @needs("step.work")
    @blueprint.takes(HandoverIn)
    @blueprint.gives(204)
    def post(self, entered: dict[str, Any], step_id: int) -> None:
        """Give a step to a colleague who could do it; giving away what others hold needs a reason."""
        with writing() as connection:
            moves.hand_over(connection, areas().engine, actor=actor(), step_id=step_id, **entered)


@blueprint.at("/steps/<id:step_id>/takeover")
class Takeover(MethodView):
    @needs("step.work")
    @blueprint.takes(ReasonIn)
    @blueprint.gives(204)
    def post(self, entered: dict[str, Any], step_id: int) -> None:
        """Take a step out of a colleague's hands."""
        with writing() as connection:
            moves.take_over(connection, areas().engine, actor=actor(), step_id=step_id, **entered)


@blueprint.at("/steps/<id:step_id>/send-back")
class SendBack(MethodView):
    @needs("step.work")
    @blueprint.takes(SendBackIn)
    @blueprint.gives(200, MovedOut)
    def post(self, entered: dict[str, Any], step_id: int) -> dict[str, Any]:
        """Have an earlier step done again; it starts with its full limit, the appointment does not move."""
        with writing() as connection:
            moved = moves.send_back(
                connection, areas().engine, actor=actor(), step_id=step_id, to_code=entered["to"], reason=entered["reason"]
            )
        return {"opened": opened(moved)}


@blueprint.at("/handovers")
class Handovers(MethodView):
    @needs("step.work")
    @blueprint.takes(HandoversIn)
    @blueprint.gives(200, HandedAllOut)
    def post(self, entered: dict[str, Any]) -> dict[str, Any]:
        """Give all that a person holds to a colleague; each step says whether it is done, or why not."""
        handed = moves.hand_over_all(services().database, areas().engine, actor=actor(), **entered)
        return {"items": [_item(one) for one in handed]}


def _item(one: moves.Handed) -> dict[str, Any]:
    refused = one.refused
    said = {"code": refused.code, "message": sentence_of(refused)} if refused is not None else {"code": None, "message": None}
    return {"step_id": one.step_id, "step_code": one.step_code, "subject_code": one.subject_code, "done": refused is None, **said}

"""What the API takes in and gives out. Moments go out in ISO 8601 with the office's offset; unknown fields are refused."""

from datetime import date, datetime
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from engine.timelimit import Punctuality
from processes.dossiers.intake import CHANNELS, RESULT_CHANNELS, Intake, PaperEntry, PartyEntry
from processes.organisation.identifiers import IdentifierKind
from processes.organisation.rules import OFFICE_ZONE
from processes.quality.rules import LATE_REASONS, STATUSES

_TEXT = validate.Length(max=4000)
_LINE = validate.Length(max=500)
_DAYS = validate.Range(date(2000, 1, 1), date(2200, 1, 1))
LARGEST_ID = 2**63 - 1


class Moment(fields.AwareDateTime):
    """A moment with its offset; in the office's zone when it goes out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=OFFICE_ZONE, **kwargs)

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(value.astimezone(OFFICE_ZONE) if value is not None else None, attr, obj, **kwargs)


class Page(Schema):
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 10_000_000))


# --- sessions ------------------------------------------------------------------------------------------------------


class LoginIn(Schema):
    login = fields.String(required=True, validate=_LINE)
    password = fields.String(required=True, validate=_LINE)


class SessionOut(Schema):
    token = fields.String()
    expires_at = Moment()


# --- catalogue -----------------------------------------------------------------------------------------------------


class ProcedureQuery(Schema):
    q = fields.String(load_default="", validate=_LINE)


class ProcedureOut(Schema):
    code = fields.String()
    name = fields.String()
    field = fields.String()
    version = fields.Integer()
    effective_from = fields.Date()
    effective_to = fields.Date(allow_none=True)
    limits = fields.Dict()
    variants = fields.Dict()
    papers = fields.List(fields.Dict())
    facts = fields.Dict()


# --- worklist ------------------------------------------------------------------------------------------------------


class WorklistQuery(Page):
    group = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(["overdue", "today", "week", "waiting", "later"]))


class WorkItemOut(Schema):
    group = fields.String()
    step_id = fields.String()  # 64-bit: not a number that every client can hold
    step_code = fields.String()
    step_name = fields.String()
    step_pass = fields.Integer()
    step_status = fields.String()
    dossier_code = fields.String(attribute="subject_code")
    procedure = fields.String(attribute="subject_title")
    owner = fields.String(attribute="subject_party")
    opened_at = Moment()
    due_at = Moment(allow_none=True)
    remaining_minutes = fields.Integer(allow_none=True)
    breached_at = Moment(allow_none=True)
    clock = fields.String()
    dossier_due_at = Moment(attribute="subject_due_at", allow_none=True)


class WorklistOut(Schema):
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    items = fields.List(fields.Nested(WorkItemOut))


class CompleteIn(Schema):
    outcome = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=64))
    note = fields.String(load_default=None, allow_none=True, validate=_TEXT)
    late_reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(list(LATE_REASONS)))


class MovedOut(Schema):
    opened = fields.List(fields.Dict())


# --- dossiers ------------------------------------------------------------------------------------------------------


class PartyIn(Schema):
    name = fields.String(required=True, validate=_LINE)
    kind = fields.String(load_default="person", validate=validate.OneOf(["person", "organisation"]))
    id_kind = fields.String(load_default="citizen", validate=validate.OneOf([kind.value for kind in IdentifierKind]))
    id_number = fields.String(load_default="", validate=_LINE)
    phone = fields.String(load_default="", validate=_LINE)
    email = fields.String(load_default="", validate=_LINE)
    address = fields.String(load_default="", validate=_LINE)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> PartyEntry:
        return PartyEntry(**data)


class PaperIn(Schema):
    code = fields.String(required=True, validate=validate.Length(max=16))
    originals = fields.Integer(load_default=0)
    certified = fields.Integer(load_default=0)
    copies = fields.Integer(load_default=0)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> PaperEntry:
        return PaperEntry(**data)


class IntakeIn(Schema):
    procedure_code = fields.String(required=True, validate=validate.Length(max=16))
    channel = fields.String(load_default="direct", validate=validate.OneOf(CHANNELS))
    variant = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=32))
    owner = fields.Nested(PartyIn, required=True)
    filer = fields.Nested(PartyIn, load_default=None, allow_none=True)
    papers = fields.List(fields.Nested(PaperIn), load_default=list)
    content = fields.String(load_default="", validate=_TEXT)
    sets = fields.Integer(load_default=1)
    result_channel = fields.String(load_default="counter", validate=validate.OneOf(RESULT_CHANNELS))
    fee_amount = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 10**12))
    fee_receipt = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=32))

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Intake:
        return Intake(**data)


class AcceptedOut(Schema):
    code = fields.String()
    promised_at = Moment(allow_none=True)
    first_step_ids = fields.List(fields.String())


class FiledOut(Schema):
    code = fields.String()


class RegisterQuery(Page):
    since = fields.Date(load_default=None, allow_none=True, validate=_DAYS)
    until = fields.Date(load_default=None, allow_none=True, validate=_DAYS)
    status = fields.List(fields.Integer(validate=validate.Range(1, 10)), load_default=list)
    procedure_code = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=16))
    q = fields.String(load_default="", validate=_LINE)


class RegisterRowOut(Schema):
    code = fields.String()
    running_no = fields.Integer(allow_none=True)
    procedure_code = fields.String()
    procedure_name = fields.String()
    status = fields.Integer()
    channel = fields.String()
    owner_name = fields.String()
    filed_at = Moment()
    accepted_at = Moment(allow_none=True)
    promised_at = Moment(allow_none=True)
    due_at = Moment(allow_none=True)
    finished_at = Moment(allow_none=True)
    returned_at = Moment(allow_none=True)
    closed_at = Moment(allow_none=True)
    breached_at = Moment(allow_none=True)


class RegisterOut(Schema):
    total = fields.Integer()
    items = fields.List(fields.Nested(RegisterRowOut))


class HolderOut(Schema):
    unit = fields.String()
    person = fields.String(allow_none=True)


class EarlierHandsOut(Schema):
    person = fields.String(allow_none=True)
    since = Moment()
    until = Moment()
    minutes = fields.Integer()


class SlipLineOut(Schema):
    step_id = fields.String()
    code = fields.String()
    name = fields.String()
    number = fields.Integer()
    status = fields.String()
    giver = fields.Nested(HolderOut)
    receivers = fields.List(fields.Nested(HolderOut))
    opened_at = Moment()
    claimed_at = Moment(allow_none=True)
    done_at = Moment(allow_none=True)
    received_at = Moment(allow_none=True)
    limit_text = fields.String()
    used_minutes = fields.Integer()
    due_at = Moment(allow_none=True)
    remaining_minutes = fields.Integer(allow_none=True)
    punctuality = fields.Enum(Punctuality, by_value=True, allow_none=True)
    late_minutes = fields.Integer()
    breached_at = Moment(allow_none=True)
    outcome = fields.String(allow_none=True)
    late_reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    earlier = fields.List(fields.Nested(EarlierHandsOut))
    sent_back_to = fields.String(allow_none=True)


class PauseOut(Schema):
    reason = fields.String()
    reference = fields.String(allow_none=True)
    since = Moment()
    until = Moment(allow_none=True)


class SlipOut(Schema):
    lines = fields.List(fields.Nested(SlipLineOut))
    pauses = fields.List(fields.Nested(PauseOut))


class DossierOut(RegisterRowOut):
    variant = fields.String(allow_none=True)
    sets = fields.Integer()
    result_channel = fields.String()
    result_number = fields.String(allow_none=True)
    close_reason = fields.String(allow_none=True)
    clock = fields.String(allow_none=True)
    papers = fields.List(fields.Dict())
    forms = fields.List(fields.Dict())
    slip = fields.Nested(SlipOut, allow_none=True)
    nonconformities = fields.List(fields.String())


class SupplementIn(Schema):
    content = fields.String(required=True, validate=_TEXT)
    reason = fields.String(required=True, validate=_TEXT)
    repeat_reason = fields.String(load_default=None, allow_none=True, validate=_TEXT)


class SupplementReceiptIn(Schema):
    received_at = Moment(load_default=None, allow_none=True)
    papers = fields.List(fields.Nested(PaperIn), load_default=list)


class ReasonIn(Schema):
    reason = fields.String(required=True, validate=_TEXT)


class ReturnIn(Schema):
    step_id = fields.Integer(required=True, validate=validate.Range(0, LARGEST_ID))  # as text or number
    receiver = fields.String(required=True, validate=_LINE)
    result_number = fields.String(load_default="", validate=validate.Length(max=64))


class FormOut(Schema):
    number = fields.String(allow_none=True)


# --- quality and trace ---------------------------------------------------------------------------------------------


class NonconformityQuery(Page):
    status = fields.List(fields.String(validate=validate.OneOf(STATUSES)), load_default=list)
    q = fields.String(load_default="", validate=_LINE)


class NonconformityOut(Schema):
    number = fields.String()
    kind = fields.String()
    source = fields.String()
    status = fields.String()
    severity = fields.String()
    title = fields.String()
    subject_code = fields.String()
    step_code = fields.String(allow_none=True)
    external_provider = fields.String(allow_none=True)
    occurred_at = Moment()
    raised_at = Moment()
    corrected_at = Moment(allow_none=True)
    reason_code = fields.String(allow_none=True)
    closed_at = Moment(allow_none=True)
    cancelled_at = Moment(allow_none=True)
    cancel_reason = fields.String(allow_none=True)


class NonconformityDetailOut(NonconformityOut):
    evidence = fields.Dict()
    correction = fields.String(allow_none=True)


class NonconformitiesOut(Schema):
    total = fields.Integer()
    items = fields.List(fields.Nested(NonconformityOut))


class ClosingIn(Schema):
    numbers = fields.List(fields.String(validate=validate.Length(max=24)), required=True, validate=validate.Length(1, 500))
    note = fields.String(load_default="", validate=_TEXT)


class CancellingIn(Schema):
    numbers = fields.List(fields.String(validate=validate.Length(max=24)), required=True, validate=validate.Length(1, 500))
    reason = fields.String(required=True, validate=_TEXT)
    document = fields.String(required=True, validate=_LINE)


class NumbersOut(Schema):
    numbers = fields.List(fields.String())


class TraceQuery(Page):
    dossier_code = fields.String(required=True, validate=validate.Length(max=64))


class TraceEntryOut(Schema):
    id = fields.String()
    kind = fields.String()
    at = Moment()
    recorded_at = Moment()
    hash = fields.String()
    body = fields.Dict()


class TraceOut(Schema):
    items = fields.List(fields.Nested(TraceEntryOut))

"""What is printed on the forms of a dossier. Form 01 is as it was when it was issued; form 06 is as things stand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from engine.errors import NotFoundError
from engine.performers import Calendars
from engine.tables import instances
from engine.timelimit import TimeLimit
from engine.worktime import CalendarDay, WorkingCalendar
from processes.catalogue.queries import ProcedureInForce, procedure_version
from processes.dossiers import rules
from processes.dossiers.legs import agency_names, handovers, people_by_id
from processes.dossiers.models import issued_forms, parties, submitted_papers
from processes.forms.definitions import definition_on
from processes.forms.heading import Heading
from processes.forms.receipt_slip import PaperLine, ReceiptSlipData, as_json, from_json
from processes.forms.tracking_slip import TrackingSlipData
from processes.forms.wording import short_moment, thousands
from processes.organisation.models import UnitField
from processes.organisation.queries import AgencyView, agency, unit_names
from processes.organisation.rules import ROLE_TITLES, local_day

_PORTAL = "tài khoản của người nộp trên Cổng Dịch vụ công quốc gia"
_ENDINGS = {rules.REFUSED: "từ chối giải quyết", rules.WITHDRAWN: "công dân yêu cầu rút hồ sơ", rules.STOPPED: "dừng giải quyết"}
# Roles of one's own agency that handle a matter for the unit in charge; others sign, stamp, receive.
_HANDLING_ROLES = frozenset({"specialist", "division_head", "police", "land_officer", "council"})


# --- form 01 --------------------------------------------------------------------------------------------------------


def receipt_slip_record(
    connection: Connection, dossier: Mapping[str, Any], procedure: ProcedureInForce, limit: TimeLimit, calendar: WorkingCalendar
) -> dict[str, Any]:
    """What form 01 of a dossier just accepted says, as it is kept with the form; number and moment stand on the form's own row."""
    office = agency(connection, dossier["agency_id"])
    people = {one["part"]: one for one in _rows_of(connection, parties, dossier["id"])}
    papers = _rows_of(connection, submitted_papers, dossier["id"])
    receiver = people_by_id(connection, [dossier["accepted_by_id"]]).get(dossier["accepted_by_id"], ("", ""))
    owner, filer = people["owner"], people.get("filer")
    names_owner = owner["name"] if owner["kind"] == "person" else ""  # an organisation cannot stand at the counter itself
    place = {"counter": office.counter_name, "postal": (filer or owner)["address"] or owner["address"], "online": _PORTAL}
    slip = ReceiptSlipData(
        heading=_heading(office, dossier, "receipt_slip"),
        counter=office.counter_name,
        owner=owner["name"],
        filer=filer["name"] if filer is not None else names_owner,
        filer_phone=filer["phone"] if filer is not None else "",
        address=owner["address"],
        phone=owner["phone"],
        email=owner["email"],
        id_kind=owner["id_kind"],
        id_number=owner["id_number"],
        content=_content(dossier, procedure),
        papers=tuple(PaperLine(one["name"], one["originals"], one["certified"], one["copies"]) for one in papers),
        sets=dossier["sets"],
        limit=limit.in_vietnamese(),
        received_at=dossier["accepted_at"],
        promised_at=dossier["promised_at"],
        provisional_days=_provisional_days(calendar, dossier["accepted_at"], dossier["promised_at"]),
        result_channel=dossier["result_channel"],
        result_place=place[dossier["result_channel"]],
        fee=_fee(dossier, procedure.facts.get("fee")),
        receiver=receiver[0],
        contact=_contact(office),
    )
    return as_json(slip)


def receipt_slip_data(connection: Connection, dossier: Mapping[str, Any]) -> ReceiptSlipData:
    """Form 01 as it was issued: whatever has happened since, a reprint says the same.

    Raises: NotFoundError (form_not_issued) for a dossier that was not accepted.
    """
    query = select(issued_forms).where(issued_forms.c.dossier_id == dossier["id"], issued_forms.c.form == "receipt_slip")
    row = connection.execute(query.order_by(issued_forms.c.id.desc()).limit(1)).mappings().first()
    if row is None:
        raise _not_issued(dossier, "receipt_slip")
    slip = from_json(row["data"])
    return replace(slip, heading=replace(slip.heading, number=row["number"], issued_at=row["issued_at"]))


# --- form 06 --------------------------------------------------------------------------------------------------------


def tracking_slip_data(
    connection: Connection, calendars: Calendars, dossier: Mapping[str, Any], *, now: datetime, late_reasons: Mapping[str, str]
) -> TrackingSlipData:
    """Form 06 as it stands at a moment.

    late_reasons: the wording of each reason code.

    Raises: NotFoundError (form_not_issued) for a dossier that was not accepted.
    """
    if dossier["instance_id"] is None:
        raise _not_issued(dossier, "tracking_slip")
    office = agency(connection, dossier["agency_id"])
    instance = dict(connection.execute(select(instances).where(instances.c.id == dossier["instance_id"])).mappings().one())
    handling, coordinating = _bodies(connection, office, dossier, instance)
    owner = next(one for one in _rows_of(connection, parties, dossier["id"]) if one["part"] == "owner")
    return TrackingSlipData(
        heading=_heading(office, dossier, "tracking_slip"),
        owner=owner["name"],
        received_at=dossier["accepted_at"],
        promised_at=dossier["promised_at"],
        handling_body=handling,
        coordinating_bodies=coordinating,
        legs=handovers(connection, calendars, instance, now, late_reasons),
        ending=_ending(dossier),
        as_of=now,
    )


def _bodies(
    connection: Connection, office: AgencyView, dossier: Mapping[str, Any], instance: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]]:
    """The unit in charge of the procedure's field, and those who handle a part of the matter beside it."""
    field = procedure_version(connection, dossier["procedure_version_id"]).field
    in_charge = connection.execute(select(UnitField.unit_id).where(UnitField.agency_id == office.id, UnitField.field == field)).scalar()
    performers = [tuple(performer) for performer in instance["performers"].values()]
    units = unit_names(connection, [in_charge, *(unit_id for _, unit_id, _, _ in performers)])
    others = agency_names(connection, {agency_id for agency_id, _, _, _ in performers} - {office.id})
    beside = []
    for agency_id, unit_id, role, external in performers:
        if external or agency_id != office.id:
            beside.append(external or others[agency_id])
        elif role in _HANDLING_ROLES and (unit_id is None or unit_id != in_charge):
            beside.append(units.get(unit_id) or ROLE_TITLES[role])
    handling = f"{units[in_charge]}, {office.name}" if in_charge is not None else office.name
    return handling, tuple(dict.fromkeys(beside))


def _ending(dossier: Mapping[str, Any]) -> str:
    if dossier["closed_at"] is None:
        return ""
    return f"Hồ sơ kết thúc lúc {short_moment(dossier['closed_at'])}: {_ENDINGS[dossier['status']]}. Lý do: {dossier['close_reason']}"


# --- what both share ------------------------------------------------------------------------------------------------


def _heading(office: AgencyView, dossier: Mapping[str, Any], form: str) -> Heading:
    definition = definition_on(form, local_day(dossier["accepted_at"]))
    return Heading(
        parent_agency=office.name,
        issuing_unit=office.counter_name,
        number=None,
        dossier_code=dossier["code"],
        place=office.place_name,
        issued_at=dossier["accepted_at"],
        book_no=dossier["book_no"],
        running_no=dossier["running_no"],
        citation=definition.citation,
        title=definition.title,
    )


def _content(dossier: Mapping[str, Any], procedure: ProcedureInForce) -> str:
    variant = procedure.variants.get(dossier["variant"] or "")
    name = f"{procedure.name} ({variant})" if variant else procedure.name
    return name if dossier["content"] == procedure.name else f"{name}: {dossier['content']}"


def _fee(dossier: Mapping[str, Any], fee: Mapping[str, Any] | None) -> str:
    if dossier["fee_amount"]:
        receipt = f", biên lai số {dossier['fee_receipt']}" if dossier["fee_receipt"] else ""
        return f"{thousands(dossier['fee_amount'])} đồng{receipt}"
    if dossier["fee_amount"] == 0 or fee is None:
        return "không thu"
    if not fee["amount"]:
        return fee["note"] or "không thu"
    when = ", nộp khi nhận kết quả" if fee["when"] == "return" else ""
    return f"{thousands(fee['amount'])} {fee['unit']}{when}"


def _contact(office: AgencyView) -> str:
    told = ", ".join(part for part in (office.address, f"điện thoại {office.phone}" if office.phone else "") if part)
    return f"Liên hệ: {told}" if told else ""


def _provisional_days(calendar: WorkingCalendar, since: datetime, until: datetime | None) -> tuple[str, ...]:
    """Days before the appointment that the calendar only expects; days in a row are told as one."""
    if until is None:
        return ()
    runs: list[list[CalendarDay]] = []
    for day in calendar.provisional_days(local_day(since), local_day(until)):
        if runs and runs[-1][-1].on + timedelta(days=1) == day.on:
            runs[-1].append(day)
        else:
            runs.append([day])
    return tuple(_run_of_days(run) for run in runs)


def _run_of_days(run: Sequence[CalendarDay]) -> str:
    name = run[0].name.partition(" (")[0]
    first, last = run[0].on, run[-1].on
    return f"{name} {first:%d/%m/%Y}" if first == last else f"{name} từ {first:%d/%m/%Y} đến {last:%d/%m/%Y}"


def _rows_of(connection: Connection, table: Any, dossier_id: int) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).where(table.c.dossier_id == dossier_id).order_by(table.c.id)).mappings()]


def _not_issued(dossier: Mapping[str, Any], form: str) -> NotFoundError:
    return NotFoundError(
        "This form comes with acceptance, and the dossier was not accepted.",
        code="form_not_issued",
        dossier_code=dossier["code"],
        form=form,
    )

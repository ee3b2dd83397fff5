"""Official forms as records: numbered per kind and year without gaps, with the data that is printed."""

from typing import Any

from sqlalchemy import Connection, insert

from engine.actor import Actor
from engine.operations import Engine
from engine.trace.records import Chain, Record
from engine.trace.writing import record_on
from processes.dossiers.models import IssuedForm
from processes.organisation.numbering import take_numbers
from processes.organisation.rules import local_day

# How a form's number ends. Source: facts 2.0 (H4).
NUMBER_ENDINGS = {"receipt_slip": "TTPVHCC", "supplement_request": "HDHS", "refusal_notice": "TTPVHCC"}


def issue_form(
    connection: Connection, engine: Engine, actor: Actor, dossier: dict[str, Any], form: str, data: dict[str, Any]
) -> dict[str, Any]:
    """Give a form its number and keep what is printed on it; returns its row."""
    now = engine.clock.now()
    year = local_day(now).year
    running_no = take_numbers(connection, agency_id=dossier["agency_id"], book=f"form:{form}", period=str(year))
    row = {
        "id": engine.ids.next(),
        "agency_id": dossier["agency_id"],
        "dossier_id": dossier["id"],
        "form": form,
        "year": year,
        "running_no": running_no,
        "number": f"{running_no}/{NUMBER_ENDINGS[form]}",
        "issued_at": now,
        "issued_by_id": actor.person_id,
        "data": data,
    }
    connection.execute(insert(IssuedForm), [row])
    chain = Chain("instance", dossier["instance_id"]) if dossier.get("instance_id") is not None else Chain("dossier", dossier["id"])
    record = Record(
        "dossier.form.issued", {"form": form, "number": row["number"]}, subject_code=dossier["code"], agency_id=dossier["agency_id"]
    )
    record_on(connection, chain, [record], actor, now, engine.clock.recorded_now(), engine.ids)
    return row

"""`eiso init`: a database ready for work."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from processes.organisation.calendars import seed_default_calendar
from processes.organisation.commune import add_standard_units
from processes.organisation.operations import create_agency
from processes.organisation.passwords import Passwords
from processes.organisation.staffing import add_person, grant_seat
from web.cli.installation import Installation, ask_password, installation, print_result

PROCEDURES = Path(__file__).parents[2] / "bpmn" / "procedures"
_KINDS = {"phường": "ward", "đặc khu": "special_zone", "sở": "department", "chi nhánh": "office"}


@click.command()
@click.option("--agency", nargs=2, metavar="CODE NAME", help="Also create the first agency, such as H99.018 'UBND xã Suối Mây'.")
@click.option("--admin", metavar="LOGIN", help="Login of its administrator; the password is asked for, or read from standard input.")
@click.option("--admin-name", default="Quản trị hệ thống", show_default=True, metavar="NAME", help="The administrator's name.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def init(agency: tuple[str, str] | None, admin: str | None, admin_name: str, as_json: bool) -> None:
    """Create or upgrade the database, load the catalogue of bpmn/ and the default calendar."""
    from web.schema import upgrade

    if (agency is None) != (admin is None):
        raise click.UsageError("--agency and --admin belong together.")
    password_hash = Passwords().hash(ask_password(admin), login=admin) if admin else ""
    with installation(migrated=False) as here:
        upgrade(here.database)
        with here.database.writing() as connection:
            version_id = seed_default_calendar(connection, actor=here.actor, clock=here.clock, ids=here.ids)
            result: dict[str, Any] = {"calendar_version_id": version_id, "procedures": _load_catalogue(connection, here)}
            if agency and admin:
                result |= _found(connection, here, agency, admin, admin_name, password_hash)
        shown = here.database.url.render_as_string(hide_password=True)
    sentence = f"The database {shown} is ready, with {len(result['procedures'])} procedures."
    if agency:
        sentence += f" {agency[1]} ({agency[0]}) has the administrator {admin}."
    print_result({"database": shown, **result}, sentence, as_json=as_json)


def _load_catalogue(connection: Connection, here: Installation) -> list[str]:
    from engine.definitions import Definitions  # they read models: only where models are loaded
    from processes.catalogue.loading import load_catalogue

    definitions = Definitions(clock=here.clock, ids=here.ids)
    loaded = load_catalogue(connection, PROCEDURES, definitions=definitions, actor=here.actor, ids=here.ids)
    return [one.code for one in loaded]


def _found(
    connection: Connection, here: Installation, agency: tuple[str, str], admin: str, admin_name: str, password_hash: str
) -> dict[str, Any]:
    """The first agency with its units, and somebody who can do the rest in the browser."""
    doing: dict[str, Any] = {"actor": here.actor, "clock": here.clock, "ids": here.ids}
    code, name = agency
    agency_id = create_agency(connection, code=code, name=name, kind=kind_of(name), **doing)
    add_standard_units(connection, agency_id=agency_id, **doing)
    person_id = add_person(
        connection,
        agency_id=agency_id,
        login=admin,
        full_name=admin_name,
        password_hash=password_hash,
        must_change_password=False,  # chosen by its owner a moment ago
        **doing,
    )
    grant_seat(connection, person_id=person_id, role="administrator", **doing)
    return {"agency_id": agency_id, "agency": code, "admin": admin}


def kind_of(name: str) -> str:
    """The kind of agency that a name tells: "UBND phường ..." is a ward; a commune where it tells nothing."""
    lowered = f" {name.lower()} "
    return next((kind for word, kind in _KINDS.items() if f" {word} " in lowered), "commune")

"""`eiso user`: people from the command line."""

from typing import Any

import click
from sqlalchemy import Connection

from processes.organisation import queries
from processes.organisation.passwords import Passwords
from processes.organisation.rules import ROLE_TITLES
from processes.organisation.staffing import add_person, disable_person, grant_seat, reset_password
from web.cli.installation import Installation, ask_password, installation, print_result

_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def user() -> None:
    """People who log in."""


@user.command()
@click.argument("login")
@click.argument("name")
@click.option("--agency", "agency_code", metavar="CODE", help="Needed only when there are several.")
@click.option("--role", "roles", multiple=True, metavar="ROLE[@UNIT]", help="A seat, in a unit or the whole agency; may be given again.")
@click.option("--title", default="", help="As it stands on forms: Công chức tư pháp - hộ tịch.")
@click.option("--phone", default="")
@click.option("--email", default="")
@_as_json
def add(login: str, name: str, agency_code: str | None, roles: tuple[str, ...], title: str, phone: str, email: str, as_json: bool) -> None:
    """Take on a person; the password is asked for, or read from standard input, and changed at the first log-in."""
    password_hash = Passwords().hash(ask_password(login), login=login)
    with installation() as here, here.database.writing() as connection:
        agency_id = _agency_id(connection, agency_code)
        person_id = add_person(
            connection,
            agency_id=agency_id,
            login=login,
            full_name=name,
            password_hash=password_hash,
            title=title,
            phone=phone,
            email=email,
            **_doing(here),
        )
        for role, unit_id in _seats(connection, agency_id, roles):
            grant_seat(connection, person_id=person_id, role=role, unit_id=unit_id, **_doing(here))
    print_result({"person_id": person_id, "login": login}, f"{name} can log in as {login}.", as_json=as_json)


@user.command()
@click.argument("login")
@_as_json
def disable(login: str, as_json: bool) -> None:
    """Shut a person out at once; what they did stays."""
    with installation() as here, here.database.writing() as connection:
        person = queries.person_by_login(connection, login)
        disable_person(connection, person_id=person.id, **_doing(here))
    print_result({"person_id": person.id, "login": person.login}, f"{person.full_name} can no longer log in.", as_json=as_json)


@user.command("reset-password")
@click.argument("login")
@_as_json
def reset(login: str, as_json: bool) -> None:
    """Give a person a new password, to be changed at the next log-in."""
    password_hash = Passwords().hash(ask_password(login), login=login)
    with installation() as here, here.database.writing() as connection:
        person = queries.person_by_login(connection, login)
        reset_password(connection, person_id=person.id, password_hash=password_hash, **_doing(here))
    print_result({"person_id": person.id, "login": person.login}, f"{person.full_name} has a new password.", as_json=as_json)


def _doing(here: Installation) -> dict[str, Any]:
    return {"actor": here.actor, "clock": here.clock, "ids": here.ids}


def _agency_id(connection: Connection, code: str | None) -> int:
    if code is not None:
        return queries.agency_by_code(connection, code).id
    known = queries.agencies(connection)
    if len(known) != 1:
        raise click.UsageError(
            f"Name the agency with --agency: {', '.join(agency.code for agency in known) or 'there is none yet, see eiso init'}."
        )
    return known[0].id


def _seats(connection: Connection, agency_id: int, roles: tuple[str, ...]) -> list[tuple[str, int | None]]:
    units = {unit.key: unit.id for unit in queries.units(connection, agency_id)}
    found: list[tuple[str, int | None]] = []
    for text in roles:
        role, at, key = text.partition("@")
        if role not in ROLE_TITLES:
            raise click.BadParameter(f"{role} is none of {', '.join(ROLE_TITLES)}.", param_hint="--role")
        if at and key not in units:
            raise click.BadParameter(f"the agency has the units {', '.join(units)}, not {key}.", param_hint="--role")
        found.append((role, units.get(key)))
    return found

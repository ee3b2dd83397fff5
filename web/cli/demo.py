"""`eiso demo`: the invented commune with two months of dossiers behind it, served with the scheduler inside."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import inspect

from engine.clock import SystemClock
from engine.database import Database
from engine.ids import TimeOrderedIds
from processes.simulation.driving import Run
from processes.simulation.queries import is_marked
from processes.simulation.staff import COMMUNE_STAFF, DEMO_ACCOUNTS, DEMO_PASSWORD, LAND_OFFICE_STAFF
from web.cli.serve import listen, require_free
from web.cli.simulate import run_simulation
from web.settings import Settings, read_settings

DOSSIERS, DAYS, SEED = 300, 60, 26
_FILE = "demo.db"  # not the database of an installation used in earnest
_URL = "EISO_DATABASE_URL"


@click.command()
@click.option("--fresh", is_flag=True, help="Forget what was clicked together and build the demo anew, ending now.")
def demo(fresh: bool) -> None:
    """Serve the demo commune on EISO_LISTEN until stopped; the first start builds it, later ones go on with it."""
    settings = read_settings()
    require_free(settings)  # before half a minute goes into building what could then not be served
    os.environ[_URL] = url = _prepared(settings, fresh=fresh)
    application_of(settings, url)  # a fault in the making is one line here, not a worker that dies
    _greet(settings, url)
    listen(settings, "web.cli.demo:application")


def application() -> Any:
    """The WSGI application of the worker, with the scheduler beside it in threads of the same process."""
    from web.scheduler import Scheduler
    from web.services import services

    settings = read_settings()
    app = application_of(settings, settings.database_url)
    with app.app_context():
        made_of = services()
    assert made_of.areas is not None
    Scheduler(made_of.database, made_of.areas).start()
    return app


def application_of(settings: Settings, url: str) -> Any:
    """The application on a database, whose login page shows the demo's log-ins.

    Raises: click.ClickException where the front end is not built.
    """
    from processes.wiring import build
    from web.app import create_app
    from web.logs import write_json
    from web.services import Demo, DemoLogin

    write_json()
    people = {one.login: one for one in (*COMMUNE_STAFF, *LAND_OFFICE_STAFF)}
    logins = tuple(DemoLogin(people[one.login].name, one.login, people[one.login].title, one.does) for one in DEMO_ACCOUNTS)
    areas = build()
    try:
        return create_app(settings, Database(url), areas, clock=areas.engine.clock, ids=areas.engine.ids, demo=Demo(DEMO_PASSWORD, logins))
    except FileNotFoundError as missing:
        raise click.ClickException(str(missing)) from None


def _prepared(settings: Settings, *, fresh: bool) -> str:
    """The address of a database with the demo in it: a file of its own in var/, or the one that the environment names."""
    given = os.environ.get(_URL)
    if given is not None:
        if fresh:
            raise click.UsageError(f"--fresh builds {settings.var / _FILE} anew; {_URL} names another database, which is left alone.")
        _prepare_given(given)
        return given
    settings.var.mkdir(parents=True, exist_ok=True)
    path = settings.var / _FILE
    if fresh or not path.exists():
        _build(path)
    else:
        _upgrade(f"sqlite:///{path}")
    return f"sqlite:///{path}"


def _build(path: Path) -> None:
    """Made beside the file and put in its place when it is whole: a start that was broken off leaves nothing half done."""
    draft = path.with_suffix(".building")
    _remove(draft)
    database = Database(f"sqlite:///{draft}")
    try:
        _fill(database)
    finally:
        database.dispose()
    _remove(path)
    draft.rename(path)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _prepare_given(url: str) -> None:
    """Fill an empty database; go on with one that is simulated.

    Raises: click.ClickException for any other.
    """
    database = Database(url)
    try:
        with database.reading() as connection:
            is_empty = not inspect(connection).get_table_names()
            is_ours = not is_empty and is_marked(connection)
    finally:
        database.dispose()
    if not is_empty and not is_ours:
        raise click.ClickException(f"The database in {_URL} is not one of a demo and is left alone; unset {_URL}, or name an empty one.")
    database = Database(url)
    try:
        if is_empty:
            _fill(database)
        else:
            _upgrade(url)
    finally:
        database.dispose()


def _fill(database: Database) -> None:
    from web.schema import upgrade

    click.echo(f"eISO: building the demo commune, {DOSSIERS} dossiers of the last {DAYS} days ...", err=True)
    upgrade(database)
    now = SystemClock().now().replace(second=0, microsecond=0)
    run_simulation(database, TimeOrderedIds(), Run(DOSSIERS, DAYS, SEED, now - timedelta(minutes=1)))


def _upgrade(url: str) -> None:
    from web.schema import upgrade

    database = Database(url)
    try:
        upgrade(database)
    finally:
        database.dispose()


def _greet(settings: Settings, url: str) -> None:
    people = {one.login: one for one in (*COMMUNE_STAFF, *LAND_OFFICE_STAFF)}
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    click.echo(f"\n  eISO demo: http://{host}:{settings.port}    (Ctrl-C ends it)\n\n  Log-ins, all with the password {DEMO_PASSWORD}:")
    for account in DEMO_ACCOUNTS:
        person = people[account.login]
        click.echo(f"    {account.login:<12} {person.name}, {person.title}: {account.does}")
    click.echo(f"\n  Everybody and everything in it is invented. Commands on its data: {_URL}={url} eiso ...\n")

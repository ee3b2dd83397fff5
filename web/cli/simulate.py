"""`eiso simulate`: an invented commune at work on a virtual clock, through the real operations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import inspect

from engine.clock import SystemClock, VirtualClock
from engine.database import Database
from engine.errors import UnavailableError
from engine.ids import Ids
from processes import wiring
from processes.simulation import driving
from processes.simulation.driving import Run, Simulated
from processes.simulation.durability import without_durability
from processes.simulation.preparing import prepare
from web.cli.init import PROCEDURES
from web.cli.installation import installation, print_result
from web.cli.moments import offset_text, parse_moment

_SHOWN_EVERY = timedelta(hours=1)  # of virtual time


@click.command()
@click.option("--dossiers", required=True, type=click.IntRange(1, 1_000_000), metavar="N", help="How many dossiers come in.")
@click.option("--days", required=True, type=click.IntRange(1, 1000), metavar="D", help="In how many days, weekends counted.")
@click.option("--seed", default=1, show_default=True, metavar="S", help="The same seed and end give the same exports.")
@click.option("--until", metavar="MOMENT", help="When it ends, such as 2026-11-20T17:00; without it, at the last whole hour.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def simulate(context: click.Context, dossiers: int, days: int, seed: int, until: str | None, as_json: bool) -> None:
    """Let dossiers come, be worked on, be late, be returned; on a database without an agency, found the invented commune first."""
    with installation(migrated=False) as here:
        _require_ready(here.database)
        end = parse_moment(until, here.settings.zone) if until else _last_hour()
        run = Run(dossiers, days, seed, end)
        simulated = run_simulation(here.database, here.ids, run)
    print_result(_facts(run, simulated, here.settings.zone), _told(run, simulated), as_json=as_json)
    if simulated.errors:
        for error in simulated.errors:
            click.echo(f"eiso: the sweep failed on instance {error}", err=True)
        context.exit(1)


def run_simulation(database: Database, ids: Ids, run: Run) -> Simulated:
    """Prepare the database and simulate, with a bar in the terminal. A crash meanwhile can cost all that is in the database."""
    clock = VirtualClock(run.begin)
    areas = wiring.build(clock=clock, ids=ids)
    facts = {"dossiers": run.dossiers, "days": run.days, "seed": run.seed, "until": run.until.isoformat()}
    with without_durability(database), _bar(run) as show:
        with database.writing() as connection:
            prepare(connection, clock=clock, ids=ids, definitions=areas.engine.definitions, catalogue=PROCEDURES, facts=facts)
        return driving.simulate(database, areas.engine, areas.dossiers, clock, run, on_progress=show)


def _last_hour() -> datetime:
    return SystemClock().now().replace(minute=0, second=0, microsecond=0)


def _require_ready(database: Database) -> None:
    """Give an empty database its tables; one of another version is left alone."""
    from web.schema import is_current, upgrade

    with database.reading() as connection:
        is_empty = not inspect(connection).get_table_names()
    if is_empty:
        upgrade(database)
    elif not is_current(database):
        raise UnavailableError("The database is not prepared for this version; run `eiso init` first.", code="database_not_ready")


@contextmanager
def _bar(run: Run) -> Iterator[Callable[[datetime], None]]:
    """A bar of virtual days, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"{run.dossiers} dossiers, {run.days} days", total=run.days * 24.0)
        shown = run.begin

        def show(moment: datetime) -> None:
            nonlocal shown
            if moment - shown >= _SHOWN_EVERY:
                shown = moment
                progress.update(bar, completed=(moment - run.begin) / timedelta(hours=1))

        yield show


def _facts(run: Run, simulated: Simulated, zone: ZoneInfo) -> dict[str, Any]:
    counted = simulated.counted
    return {
        "dossiers": run.dossiers,
        "days": run.days,
        "seed": run.seed,
        "begin": offset_text(run.begin, zone),
        "until": offset_text(run.until, zone),
        "accepted": counted["accepted"],
        "finished": counted["finished"],
        "finished_on_time": counted["finished_on_time"],
        "returned": counted["status_10"],
        "refused": counted["status_3"],
        "withdrawn": counted["status_7"],
        "waiting": _waiting(counted),
        "steps": counted["steps"],
        "breaches": counted["steps_overdue"] + counted["dossiers_overdue"],
        "steps_overdue": counted["steps_overdue"],
        "dossiers_overdue": counted["dossiers_overdue"],
        "deadlines_moved": simulated.moved_deadlines,
        "sweeps": counted["sweeps"],
        "statuses": {str(status): counted[f"status_{status}"] for status in range(1, 11)},
        "errors": simulated.errors,
    }


def _waiting(counted: dict[str, int]) -> int:
    """Neither finished nor closed: filed, accepted, in process, paused."""
    return sum(counted[f"status_{status}"] for status in (1, 2, 4, 5, 6))


def _told(run: Run, simulated: Simulated) -> str:
    counted = simulated.counted
    on_time = f"{counted['finished_on_time'] / counted['finished']:.1%} on time" if counted["finished"] else "none yet"
    return (
        f"{run.dossiers} dossiers in {run.days} days, seed {run.seed}: {counted['accepted']} accepted, "
        f"{counted['finished']} finished ({on_time}), {counted['status_10']} returned, {counted['status_3']} refused, "
        f"{counted['status_7']} withdrawn, {_waiting(counted)} waiting; {counted['steps']} steps, "
        f"{counted['steps_overdue'] + counted['dossiers_overdue']} breaches ({counted['dossiers_overdue']} of dossiers), "
        f"{simulated.moved_deadlines} deadlines moved by the calendar, {counted['sweeps']} sweeps."
    )

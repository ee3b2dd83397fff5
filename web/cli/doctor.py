"""`eiso doctor`: does the data hold together?"""

import json
import sys
from typing import Any

import click

from web.cli.installation import Installation, installation
from web.cli.moments import offset_text, parse_moment


@click.command()
@click.option("--at", metavar="MOMENT", help="Judge breaches as of this moment instead of that of the last sweep.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def doctor(context: click.Context, at: str | None, as_json: bool) -> None:
    """Recompute every invariant of the data from the ledgers; exit 1 if one does not hold."""
    with installation() as here:
        report = _examine(here, at)
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else _told(report, here))
    context.exit(0 if report.ok else 1)


def _examine(here: Installation, at: str | None) -> Any:
    from engine.definitions import Definitions  # they read models: only here
    from processes.doctor.examination import examine
    from processes.organisation.calendars import PublishedCalendars
    from web.schema import wanted

    wanted()  # each area says in its models where the heads of its chains lie
    with here.database.reading() as connection:
        return examine(
            connection,
            calendars=PublishedCalendars(),
            definitions=Definitions(clock=here.clock, ids=here.ids),
            now=here.clock.now(),
            at=parse_moment(at, here.settings.zone) if at is not None else None,
            progress=_show_progress if sys.stderr.isatty() else None,
        )


def _show_progress(done: int) -> None:
    click.echo(f"\r{done:,} instances", nl=False, err=True)


def _told(report: Any, here: Installation) -> str:
    width = max(len(check.name) for check in report.checks)
    lines = [
        f"{'holds' if check.ok else 'BROKEN':7} {check.name:{width}} {check.counted:>9,}{'' if check.ok else '  ' + check.detail}"
        for check in report.checks
    ]
    broken = sum(not check.ok for check in report.checks)
    when = f"as of {offset_text(report.as_of, here.settings.zone)}" if report.as_of is not None else "before any sweep"
    verdict = f"All {len(lines)} checks hold" if not broken else f"{broken} of {len(lines)} checks do not hold"
    return "\n".join([*lines, f"{verdict}, {when}."])

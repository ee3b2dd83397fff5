"""`eiso trace`: is the trace what it was when it was written?"""

import json
import sys

import click

from engine.trace.report import Report
from web.cli.installation import installation


@click.group()
def trace() -> None:
    """The trace and its proof."""


@trace.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:
    """Check every entry, chain, personal value and leaf; exit 1 and name the first entry at fault if one does not hold."""
    from engine.trace.verification import verify as check
    from web.schema import wanted

    wanted()  # each area says in its models where the heads of its chains lie
    with installation() as here, here.database.reading() as connection:
        report = check(connection, _show_progress if sys.stderr.isatty() else None)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else _told(report))
    if not report.ok:
        context.exit(1)


def _show_progress(done: int) -> None:
    click.echo(f"\r{done:,} entries", nl=False, err=True)


def _told(report: Report) -> str:
    counted = report.counted
    looked_at = (
        f"{counted.entries:,} entries in {counted.chains:,} chains and {counted.loose:,} loose, "
        f"{counted.values:,} personal values, {counted.leaves:,} leaves, {counted.unnumbered:,} not yet numbered"
    )
    fault = report.first_fault
    if fault is None:
        return f"The trace holds: {looked_at}."
    named = f"entry {fault.entry_id}" if fault.entry_id is not None else "no single entry"
    about = ", ".join(part for part in (fault.kind, fault.subject_code) if part)
    faults = "1 fault" if report.fault_count == 1 else f"{report.fault_count:,} faults"
    return (
        f"The trace does not hold: {faults} in {looked_at}.\n"
        f"First at fault: {named}{f' ({about})' if about else ''}: {fault.what} [{fault.check}]"
    )

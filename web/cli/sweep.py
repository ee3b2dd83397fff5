"""`eiso sweep`: fire what is due and record what is overdue, once."""

import click

from web.cli.installation import installation, print_result
from web.cli.moments import parse_moment


@click.command()
@click.option("--at", metavar="MOMENT", help="As of this moment; later than now only on a simulated database. Default: now.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def sweep(at: str | None, as_json: bool) -> None:
    """Fire due timers and record what is overdue; safe to run again, it finds nothing the second time."""
    from engine.sweep import sweep as run  # what runs models takes a while to load: only here
    from processes.wiring import build

    with installation() as here:
        moment = parse_moment(at, here.settings.zone) if at is not None else None
        swept = run(here.database, build(clock=here.clock, ids=here.ids).engine, at=moment)
    result = {name: getattr(swept, name) for name in ("timers_fired", "steps_overdue", "dossiers_overdue", "nonconformities_raised")}
    sentence = (
        f"{swept.steps_overdue} steps and {swept.dossiers_overdue} dossiers found overdue, "
        f"{swept.nonconformities_raised} nonconformities raised, {swept.timers_fired} timers fired."
    )
    print_result(result, sentence, as_json=as_json)
    for error in swept.errors:
        click.echo(f"eiso: parked instance {error}", err=True)

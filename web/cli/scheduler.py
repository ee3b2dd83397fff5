"""`eiso scheduler`: the scheduler on its own."""

import logging
import signal
import sys
import threading
from types import FrameType

import click

from web.cli.installation import installation


@click.command()
def scheduler() -> None:
    """Sweep every 30 seconds, number the trace and forget ended sessions, until stopped. Any number may run beside each other."""
    from processes.wiring import build
    from web.scheduler import Scheduler

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("eiso").setLevel(logging.INFO)
    with installation() as here:
        jobs = Scheduler(here.database, build(clock=here.clock, ids=here.ids))
        stopped = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopped.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        jobs.start()
        click.echo("eISO watches deadlines; stop it with Ctrl-C.", err=True)
        stopped.wait()
        jobs.stop()

"""`eiso serve`: the web, without the scheduler."""

import errno
import os
import socket
from typing import Any

import click

from web.cli.installation import installation
from web.settings import Settings, read_settings

THREADS = min(8, 2 * (os.cpu_count() or 1) + 1)  # of each process; never more than engine.database keeps connections


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; several pay on PostgreSQL only.")
def serve(workers: int) -> None:
    """Serve pages and API on EISO_LISTEN until stopped; deadlines are watched by `eiso scheduler`."""
    with installation() as here:  # says what is missing before anything listens
        settings = here.settings
    require_free(settings)
    application()  # a fault in the making is one line here, not a worker that dies again and again
    click.echo(f"eISO serves http://{settings.host}:{settings.port}", err=True)
    listen(settings, "web.cli.serve:application", workers=workers)


def application() -> Any:
    """The WSGI application of this process's environment: what each worker makes for itself."""
    from engine.database import Database
    from processes.wiring import build
    from web.app import create_app
    from web.logs import write_json

    write_json()
    settings = read_settings()
    areas = build()
    try:
        return create_app(settings, Database(settings.database_url), areas, clock=areas.engine.clock, ids=areas.engine.ids)
    except FileNotFoundError as missing:
        raise click.ClickException(str(missing)) from None


def listen(settings: Settings, factory: str, *, workers: int = 1) -> None:
    """Serve what a factory, named as module:function, makes in each worker; returns when stopped."""
    from granian.constants import Interfaces
    from granian.server import Server

    server = Server(
        factory,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        websockets=False,
    )
    server.serve()


def require_free(settings: Settings) -> None:
    """Refuse a port that somebody listens on.

    Raises: click.ClickException.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.host, settings.port))
        except OSError as error:
            address = f"{settings.host}:{settings.port}"
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be listened on: {error.strerror or error}"
            raise click.ClickException(f"{address} {why}; name another with EISO_LISTEN, for example 127.0.0.1:8001.") from None

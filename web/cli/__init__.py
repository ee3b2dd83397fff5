"""The command `eiso`: one module a command, loaded only when it is called."""

import sys
from importlib import import_module

import click

from engine.errors import EngineError

# name -> module:attribute. Each attribute is a click command or group.
COMMANDS = {
    "bench": "web.cli.bench:bench",
    "calendar": "web.cli.calendar:calendar",
    "demo": "web.cli.demo:demo",
    "doctor": "web.cli.doctor:doctor",
    "export": "web.cli.export:export",
    "init": "web.cli.init:init",
    "model": "web.cli.model:model",
    "scheduler": "web.cli.scheduler:scheduler",
    "serve": "web.cli.serve:serve",
    "simulate": "web.cli.simulate:simulate",
    "sweep": "web.cli.sweep:sweep",
    "trace": "web.cli.trace:trace",
    "user": "web.cli.user:user",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def eiso() -> None:
    """eISO: dossiers, their deadlines, the quality records and the trace."""


def main() -> None:
    """Run the command line: 0 done, 1 what was checked does not hold, 2 wrong use or bad input (one clear line)."""
    try:
        code = eiso.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 2
    except click.ClickException as error:
        print(f"eiso: {error.format_message()}", file=sys.stderr)
        code = 2
    except EngineError as error:
        print(f"eiso: {error.message}", file=sys.stderr)
        for field, problem in error.errors.items():
            print(f"  {field}: {problem}", file=sys.stderr)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)

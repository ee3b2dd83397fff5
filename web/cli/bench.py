"""`eiso bench`: what is it worth beside hand-written SQL on the same database, measured in one run."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click

CHECKOUT = Path(__file__).parents[2]
SIZES = ("small", "full")
KINDS = ("sqlite", "postgresql")

_NUMBERS = ("workers", "steps", "n", "floor_per_s", "ours_per_s", "ratio", "p50_ms", "p95_ms", "floor_p50_ms", "floor_p95_ms")
_COLUMNS = ("name", "database", *_NUMBERS)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON."),
        click.option("--size", type=click.Choice(SIZES), default="small", show_default=True, help="How much is measured."),
        click.option("--database", metavar="URL", help="Measure on this empty database, not on a SQLite and a PostgreSQL of its own."),
    ):
        command = option(command)
    return command


@click.group()
def bench() -> None:
    """Measure eISO and its floor in turn; needs the checkout."""


@bench.command()
@_options
def steps(database: str | None, size: str, as_json: bool) -> None:
    """Workload W: instances created and steps completed per second, by one worker and by four."""
    report(measure("steps", database, size), as_json=as_json)


@bench.command()
@_options
def sweep(database: str | None, size: str, as_json: bool) -> None:
    """The sweep: with nothing due among many open steps, and with many deadlines passed at once."""
    report(measure("sweeping", database, size), as_json=as_json)


def measure(what: str, url: str | None, size: str) -> list[dict[str, Any]]:
    """The rows of one benchmark, on the database named or on one of each kind made for it.

    Raises: ClickException outside a checkout, for a database that cannot be measured on, and when a worker failed.
    """
    measuring, targets = _benchmarks(what), _benchmarks("targets")
    rows: list[dict[str, Any]] = []
    for opening in _openings(targets, url):
        try:
            with opening as target:
                rows += measuring.bench(target, size, lambda line: click.echo(line, err=True))
        except targets.CannotMeasureError as error:
            raise click.ClickException(str(error)) from error
    return rows


def report(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """The rows for programs, or a table for people."""
    click.echo(json.dumps({"rows": rows}, ensure_ascii=False) if as_json else "\n".join(_table(rows)))


def _benchmarks(module: str) -> ModuleType:
    """A module of tests/benchmarks: they belong to the checkout and are not installed with the program."""
    if not (CHECKOUT / "tests" / "benchmarks" / f"{module}.py").is_file():
        raise click.ClickException("The benchmarks belong to the checkout of eISO and are not installed; run this command from there.")
    if str(CHECKOUT) not in sys.path:
        sys.path.insert(0, str(CHECKOUT))
    return import_module(f"tests.benchmarks.{module}")


def _openings(targets: ModuleType, url: str | None) -> Iterator[AbstractContextManager[Any]]:
    if url is not None:
        yield targets.named_target(url)
    else:
        yield from map(targets.own_target, KINDS)


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    columns = [name for name in _COLUMNS if any(name in row for row in rows)]
    lines = [columns, *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(
            text.rjust(width) if name in _NUMBERS else text.ljust(width) for name, text, width in zip(columns, line, widths, strict=True)
        )


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)

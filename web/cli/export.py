"""`eiso export`: dossiers, steps and nonconformities as CSV, for scripts and other systems."""

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import click
from sqlalchemy import Connection

from web.cli.installation import installation, print_result

KINDS = ("dossiers", "steps", "nonconformities")

Rows = Callable[[Connection], Iterator[tuple[Any, ...]]]


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of standard output.")
@click.option("--json", "as_json", is_flag=True, help="With --out: print how many rows were written as JSON.")
def export(kind: str, out: Path | None, as_json: bool) -> None:
    """Write every row as CSV in UTF-8, moments as ISO 8601 with offset, nothing as an empty field."""
    columns, rows = _what(kind)
    with installation() as here, here.database.reading() as connection, _opened(out) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        written = 0
        for row in rows(connection):
            writer.writerow(row)
            written += 1
    if out is not None:
        print_result({"rows": written, "file": str(out)}, f"{written:,} {kind} written to {out}.", as_json=as_json)


def _what(kind: str) -> tuple[Sequence[str], Rows]:
    from processes.dossiers import export as dossiers
    from processes.quality import queries as quality

    known: dict[str, tuple[Sequence[str], Rows]] = {
        "dossiers": (dossiers.DOSSIER_COLUMNS, dossiers.dossier_rows),
        "steps": (dossiers.STEP_COLUMNS, dossiers.step_rows),
        "nonconformities": (quality.COLUMNS, quality.export_rows),
    }
    return known[kind]


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    """The file, or standard output, in UTF-8 whatever the terminal speaks.

    Raises: click.ClickException when the file cannot be written.
    """
    if out is None:
        file = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        try:
            yield file
        finally:
            file.flush()
            file.detach()  # standard output is not ours to close
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror or error}.") from None

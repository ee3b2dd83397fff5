"""`eiso model`: models checked on the command line, without a database."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine.errors import InvalidError
from engine.model.checks import check as check_model
from engine.model.findings import Finding, ModelError
from engine.model.procedure import ProcedureFacts, read_procedure
from engine.model.reading import examine, process_ids
from engine.model.rules import finding

PROCEDURE = "procedure.toml"


@dataclass(frozen=True)
class Subject:
    """One model to check: its files, the main one first, and what the law says about it."""

    files: tuple[Path, ...]
    facts: ProcedureFacts | None
    is_called: bool
    findings: tuple[Finding, ...]  # what was wrong before any model was read


@click.group()
def model() -> None:
    """BPMN models and their checks."""


@model.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Check models: every finding with file, element, rule, severity and remedy.

    FILE is a model, its procedure.toml, or a folder with both (folders inside it too). Called processes are found beside the model; given
    alone, one is checked as a process that others call. The legal limit comes from procedure.toml beside the model. Exits 1 if any finding
    is an error.
    """
    models = list(dict.fromkeys(path for file in files for path in _models(file)))
    if not models:
        raise click.UsageError(f"There is no model in {', '.join(str(f) for f in files)}.")
    findings = [f for subject in _subjects(models) for f in _check(subject)]
    is_ok = not any(f.is_error for f in findings)
    if as_json:
        click.echo(json.dumps({"ok": is_ok, "findings": [_as_json(f) for f in findings]}, ensure_ascii=False, indent=2))
    else:
        for found in findings:
            click.echo(_as_text(found))
        click.echo(_summary(findings, len(models)))
    ctx.exit(0 if is_ok else 1)


# --- which files belong together -----------------------------------------------------------------------------------


def _models(file: Path) -> list[Path]:
    """The models that an argument stands for."""
    if file.is_dir():
        return sorted(p for p in file.rglob("*.bpmn") if p.is_file())
    return sorted(file.parent.glob("*.bpmn")) if file.name == PROCEDURE else [file]


def _subjects(models: list[Path]) -> Iterator[Subject]:
    """Main models first with all that they call; then what nobody took along, as called processes or models of their own."""
    calls = _calls({path for m in models for path in (m, *m.parent.glob("*.bpmn"))})
    called = {c for path in calls for c in calls[path][1]}
    taken: set[Path] = set()
    for path in sorted(models, key=lambda m: _is_called(m, calls, called)):
        if path in taken:
            continue
        subject = _subject(path, calls, _is_called(path, calls, called))
        taken.update(subject.files)
        yield subject


def _calls(paths: Iterable[Path]) -> dict[Path, tuple[str | None, frozenset[str]]]:
    """File -> its process and those that it calls. A file that cannot be parsed calls nothing; its fault is reported when it is checked."""
    found: dict[Path, tuple[str | None, frozenset[str]]] = {}
    for path in sorted(paths):
        try:
            found[path] = process_ids(str(path), path.read_bytes())
        except ModelError:
            found[path] = (None, frozenset())
    return found


def _is_called(path: Path, calls: Mapping[Path, tuple[str | None, frozenset[str]]], called: set[str]) -> bool:
    facts, _ = _facts(path)
    if facts is not None and path.name in (facts.model, *facts.called):
        return path.name != facts.model
    return calls[path][0] in called


def _facts(path: Path) -> tuple[ProcedureFacts | None, list[Finding]]:
    beside = path.parent / PROCEDURE
    if not beside.is_file():
        return None, []
    try:
        return read_procedure(beside.read_bytes()), []
    except InvalidError as error:
        faults = error.errors or {"": error.message}
        return None, [finding("procedure.invalid", str(beside), key=key, problem=problem) for key, problem in faults.items()]


def _subject(path: Path, calls: Mapping[Path, tuple[str | None, frozenset[str]]], is_called: bool) -> Subject:
    facts, findings = _facts(path)
    files = [path]
    if facts is not None and path.name == facts.model:
        for name in facts.called:
            if (path.parent / name).is_file():
                files.append(path.parent / name)
            else:
                findings.append(finding("procedure.file_missing", str(path.parent / PROCEDURE), name=name))
    for file in files:  # grows on the way: a called process may call another
        near = sorted(calls, key=lambda p: p.parent != path.parent)
        files += [p for wanted in sorted(calls[file][1]) for p in [p for p in near if calls[p][0] == wanted][:1] if p not in files]
    if facts is not None and path.name != facts.model and not is_called and not (path.parent / facts.model).is_file():
        findings.append(finding("procedure.file_missing", str(path.parent / PROCEDURE), name=facts.model))
    return Subject(tuple(files), facts, is_called, tuple(findings))


# --- checking and telling ------------------------------------------------------------------------------------------


def _check(subject: Subject) -> list[Finding]:
    reading = examine({str(path): path.read_bytes() for path in subject.files})
    findings = [*subject.findings, *reading.findings]
    if reading.model is not None:
        legal = None if subject.facts is None or subject.is_called else subject.facts.legal
        findings += check_model(reading.model, legal, is_called=subject.is_called)
    return list(dict.fromkeys(findings))


def _as_json(found: Finding) -> dict[str, Any]:
    return {
        "file": found.file,
        "line": found.line,
        "element_id": found.element_id,
        "rule": found.rule,
        "severity": found.severity.value,
        "message": found.message,
        "remedy": found.remedy,
        "facts": found.facts,
    }


def _as_text(found: Finding) -> str:
    place = found.file if found.line is None else f"{found.file}:{found.line}"
    where = f" {found.element_id}" if found.element_id else ""
    return f"{place}:{where} {found.severity.value} [{found.rule}] {found.message} {found.remedy}"


def _summary(findings: list[Finding], models: int) -> str:
    count = {severity: sum(1 for f in findings if f.severity == severity) for severity in ("error", "warning", "info")}
    return f"{models} file(s): {count['error']} error(s), {count['warning']} warning(s), {count['info']} remark(s)"

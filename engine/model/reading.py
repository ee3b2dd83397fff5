"""BPMN files to a ProcessModel. What we do not run is refused by name, never passed over in silence."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.model.document import BPMN, Element, children, local_name, namespace, parse_document
from engine.model.elements import Process, ProcessModel
from engine.model.findings import Finding, ModelError
from engine.model.nodes import ProcessReader
from engine.model.rules import finding
from engine.model.vocabulary import near

__all__ = ["ModelError", "Reading", "examine", "process_ids", "read_model"]


@dataclass(frozen=True)
class Reading:
    """What could be read of some files, and everything that was wrong with them. No model: too little could be read."""

    model: ProcessModel | None
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        return self.model is not None and not any(f.is_error for f in self.findings)


def read_model(sources: Mapping[str, bytes]) -> ProcessModel:
    """Read the main file, which comes first, and the files of the processes that it calls.

    The model is faithful to the files; whether it can be run well is for engine.model.checks.

    Raises: ModelError with every finding, when one of them is an error.
    """
    reading = examine(sources)
    if reading.model is None or not reading.is_sound:
        raise ModelError(reading.findings)
    return reading.model


def examine(sources: Mapping[str, bytes]) -> Reading:
    """Read as much as possible; the model of a reading that is not sound is good for further checks, never for running."""
    findings: list[Finding] = []
    processes: list[Process | None] = []
    for file, data in sources.items():
        try:
            process, found = _read_file(file, data)
        except ModelError as error:
            process, found = None, list(error.findings)
        processes.append(process)
        findings += found
    if not processes or processes[0] is None:
        return Reading(None, tuple(findings))
    read = [p for p in processes if p is not None]
    findings += _double_processes(read)
    findings += _double_ids(read)
    findings += _calls(read)
    main, *called = read
    return Reading(ProcessModel(main, {p.id: p for p in called}, dict(sources), _digest(sources)), tuple(findings))


def process_ids(file: str, data: bytes) -> tuple[str | None, frozenset[str]]:
    """The id of the executable process of a file, and the ids of those that it calls, without judging anything else.

    Raises: ModelError when the file cannot be parsed.
    """
    root = parse_document(file, data)
    found = [p for p in children(root, "process") if _is_executable(p)]
    calls = (c.get("calledElement") for p in found for c in p.iter(f"{{{BPMN}}}callActivity"))
    return (found[0].get("id") if found else None), frozenset(c for c in calls if c)


def _read_file(file: str, data: bytes) -> tuple[Process | None, list[Finding]]:
    root = parse_document(file, data)
    findings = [finding("message_flow.ignored", file, e.get("id"), line=e.sourceline) for e in root.iter(f"{{{BPMN}}}messageFlow")]
    processes = list(children(root, "process"))
    executable = [p for p in processes if _is_executable(p)]
    findings += [
        finding("process.ignored", file, p.get("id"), line=p.sourceline)
        for p in processes
        if executable and p not in executable and _has_nodes(p)
    ]
    if len(executable) != 1:
        at = executable[1] if executable else next(iter(processes), root)
        rule = "file.several_processes" if executable else "file.no_process"
        raise ModelError([*findings, finding(rule, file, at.get("id"), line=at.sourceline, count=len(executable))])
    reader = ProcessReader(file, root, executable[0])
    process = reader.read()
    return process, findings + reader.findings


def _is_executable(process: Element) -> bool:
    return process.get("isExecutable") in ("true", "1")


def _has_nodes(process: Element) -> bool:
    return any(namespace(e) == BPMN and local_name(e) not in ("documentation", "extensionElements") for e in process)


def _digest(sources: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for file, data in sources.items():
        for part in (file.encode(), data):
            digest.update(len(part).to_bytes(8))
            digest.update(part)
    return digest.hexdigest()


def _double_processes(processes: list[Process]) -> Iterable[Finding]:
    seen: dict[str, Process] = {}
    for process in processes:
        if process.id in seen:
            yield finding("id.double", process.file, process.id, where=f"{seen[process.id].file}, {process.file}")
        seen[process.id] = process


def _double_ids(processes: list[Process]) -> Iterable[Finding]:
    """Within a file the reader has seen to it; between files only starts may share an id."""
    seen: dict[str, str] = {}
    for process in processes:
        own = [i for i in (*process.nodes, *process.lanes) if i not in process.starts]
        for element_id in own:
            if seen.get(element_id, process.file) != process.file:
                where = f"{seen[element_id]}, {process.file}"
                yield finding("id.double", process.file, element_id, line=process.lines.get(element_id), where=where)
            seen[element_id] = process.file


def _calls(processes: list[Process]) -> Iterable[Finding]:
    by_id = {p.id: p for p in processes}
    for process in processes:
        for call in process.calls.values():
            if call.called and call.called not in by_id:
                meant = near(call.called, list(by_id)) or "a process of another file"
                line = process.lines.get(call.id)
                yield finding("call.missing", process.file, call.id, line=line, called=call.called, near=meant)
            elif call.called in by_id and process.id in _reached(by_id, call.called):
                yield finding("call.recursive", process.file, call.id, line=process.lines.get(call.id), called=call.called)
    used = _reached(by_id, processes[0].id)
    for process in processes[1:]:
        if process.id not in used:
            yield finding("call.unused", process.file, process.id)


def _reached(by_id: Mapping[str, Process], start: str) -> set[str]:
    """A process and all that it calls, however indirectly."""
    reached: set[str] = set()
    todo = [start]
    while todo:
        process_id = todo.pop()
        if process_id in by_id and process_id not in reached:
            reached.add(process_id)
            todo += [c.called for c in by_id[process_id].calls.values()]
    return reached

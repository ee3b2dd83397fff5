"""The model with the progress of one dossier on it: marks, tokens and times for the viewer, and the same as a list."""

from typing import Any

from engine.model.elements import ModelStep, Process
from processes.dossiers.slip import SlipLine
from web import timephrases
from web.timephrases import hours
from web.views.dossierfacts import DossierFacts, Run
from web.views.slip import line_state, used_words

_ICONS = {"overdue": "alert", "early": "early", "ontime": "check", "done": "tick", "paused": "pause", "running": "play", "next": "dots"}


def diagrams(facts: DossierFacts) -> list[dict[str, Any]]:
    """One drawing for the main process and one for each that it calls; the list of all steps goes with the first."""
    run = facts.run
    if run is None:
        return []
    drawn = [process for process in run.model.processes if process.file in run.model.sources and process.drawn]
    found = [_diagram(process, number, facts, run) for number, process in enumerate(drawn)]
    if found:
        found[0]["steps"] = step_list(facts, run)
    return found


def _diagram(process: Process, number: int, facts: DossierFacts, run: Run) -> dict[str, Any]:
    marks: dict[str, str] = {}
    tokens: dict[str, str] = {}
    tags: dict[str, str] = {}
    for step in process.steps.values():
        line = run.line_of(step.code)
        mark = _mark(line, facts)
        if mark:
            marks[step.id] = mark
        if line is not None and line.status in ("open", "claimed"):
            tokens[step.id] = line.giver.person or "Chờ nhận"
        tag = _tag(step, line, facts, run)
        if tag:
            tags[step.id] = tag
    version = run.definition["version"]
    title = f"{run.definition['key']}, lần {version}" if number == 0 else f"gọi từ quy trình chính, {process.name}"
    xml = run.model.sources[process.file].decode("utf-8")
    return {"id": f"model-{number}", "title": title, "xml": xml, "marks": marks, "tokens": tokens, "tags": tags, "steps": []}


def _mark(line: SlipLine | None, facts: DossierFacts) -> str:
    if line is None or line.status == "cancelled":
        return ""
    if line.status in ("open", "claimed"):
        return "is-now"
    return "is-late" if line_state(line, facts.now)[0] == "overdue" else "is-done"


def _tag(step: ModelStep, line: SlipLine | None, facts: DossierFacts, run: Run) -> str:
    """ "45 phút / 2 giờ" of what was entered, the limit alone of what was not."""
    if line is None or line.status == "cancelled":
        return run.limit_words(step, facts.calendar)
    if line.limit_minutes is None or line.stops_clock:
        return ""
    return f"{hours(line.used_minutes)} / {hours(line.limit_minutes)}"


def step_list(facts: DossierFacts, run: Run) -> list[dict[str, Any]]:
    """Every step that was entered, in order, then what of the longest way is still to come; for macros.timeline."""
    entered = [_entered(line, facts) for line in run.slip.lines]
    return entered + [_ahead(step, facts, run) for step in run.ahead]


def _entered(line: SlipLine, facts: DossierFacts) -> dict[str, Any]:
    key, word = line_state(line, facts.now)
    is_open = line.status in ("open", "claimed")
    who = ", ".join(part for part in (line.giver.unit, line.giver.person) if part)
    when = timephrases.moment(line.done_at, facts.now, facts.calendar.zone) if line.done_at is not None else ""
    return {
        "icon": "play" if is_open else _ICONS.get(key, "tick"),
        "tone": "now" if is_open else None,
        "title": f"{line.code} {line.name}",
        "line": ", ".join(part for part in (who, used_words(line), when) if part),
        "state": key,
        "word": word,
        "current": is_open,
    }


def _ahead(step: ModelStep, facts: DossierFacts, run: Run) -> dict[str, Any]:
    return {
        "icon": "dots",
        "tone": None,
        "title": f"{step.code} {step.title}",
        "line": ", ".join(part for part in (run.units.get(step.lane_id, ""), run.limit_words(step, facts.calendar)) if part),
        "state": "next",
        "word": None,
        "current": False,
    }

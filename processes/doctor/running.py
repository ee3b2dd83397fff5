"""Instances against their models: what they wait for, how often each step was passed, which limits the steps were given."""

from collections import defaultdict

from engine import spiff
from engine.wayback import is_sent_back
from processes.doctor.lives import Life, Row
from processes.doctor.report import Finding


def waiting(life: Life, found: Finding) -> None:
    """The open steps and waiting timers are those that the stored state waits for; an ended instance has neither."""
    found.looked()
    open_now = {(step["task_key"], step["element_id"]) for step in life.open_steps}
    waiting_now = {(timer["task_key"], timer["element_id"]) for timer in life.waiting_timers}
    steps: set[tuple[str, str]] = set()
    timers: set[tuple[str, str]] = set()
    if life.is_over:
        found.expect(life.code, "the end of its clock", life.instance["clock"], "finished")
        if life.instance["ended_at"] is None:
            found.fault(life.code, "it has ended and does not say when")
    else:
        definition = life.about.definitions.load(life.about.connection, life.instance["definition_id"])
        wanted = spiff.waiting(definition, life.instance["state"])
        steps = {(step.task_key, step.element_id) for step in wanted.steps}
        timers = {(timer.task_key, timer.element_id) for timer in wanted.timers}
    _compare(life, "step", open_now, steps, found)
    _compare(life, "timer", waiting_now, timers, found)


def _compare(life: Life, what: str, rows: set[tuple[str, str]], wanted: set[tuple[str, str]], found: Finding) -> None:
    for _, element_id in sorted(rows - wanted):
        found.fault(life.code, f"the {what} {element_id} is open, and the instance does not wait for it")
    for _, element_id in sorted(wanted - rows):
        found.fault(life.code, f"the instance waits for the {what} {element_id}, which is not open")


def passes(life: Life, found: Finding) -> None:
    """The rows of one step code are numbered from 1 without gaps, and the instance counts as many and knows who completed it last."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for step in life.steps:
        rows[step["code"]].append(step)
    found.looked(len(rows))
    for code in sorted({*rows, *life.instance["tally"]}):
        numbers = sorted(step["pass"] for step in rows[code])
        if numbers != list(range(1, len(numbers) + 1)):
            found.fault(f"{life.code}/{code}", f"its passes are {numbers}")
        counted, last_by = life.instance["tally"].get(code, (0, None))
        found.expect(f"{life.code}/{code}", "the tally of passes", counted, len(numbers))
        completed = [step for step in rows[code] if step["status"] == "completed"]
        latest = max((step["done_at"] for step in completed), default=None)
        if last_by not in {step["done_by_id"] for step in completed if step["done_at"] == latest} and (completed or last_by is not None):
            found.fault(f"{life.code}/{code}", f"the tally says that {last_by} completed it last")


def limits(life: Life, found: Finding) -> None:
    """Every step has the limit that its model gives it; of a same-day procedure, its share or in full (rule 1.5)."""
    model = life.about.definitions.load(life.about.connection, life.instance["definition_id"]).model
    for step in life.steps:
        found.looked()
        drawn = model.steps.get(step["element_id"])
        if drawn is None:
            found.fault(life.named(step), f"its model has no step {step['element_id']}")
            continue
        found.expect(life.named(step), "code", step["code"], drawn.code)
        found.expect(life.named(step), "limit", step["limit_text"], drawn.limit.text)
        found.expect(life.named(step), "stops_clock", step["stops_clock"], drawn.stops_clock)
        calendar = life.about.books([step["calendar_version_id"]])[step["calendar_version_id"]]
        full = drawn.limit.working_minutes(calendar.minutes_per_working_day)
        added = drawn.extends.working_minutes(calendar.minutes_per_working_day) if drawn.extends is not None else 0
        if step["limit_minutes"] not in _possible(life.instance, full, added or 0):
            found.fault(life.named(step), f"its limit counts {step['limit_minutes']} minutes of {full}")


def _possible(instance: Row, full: int | None, added: int) -> set[int | None]:
    """In full; before the appointment of a same-day procedure also as a share, what the step adds to the limit apart."""
    if full is None or instance["share_total"] is None:
        return {full}
    apart = min(added, full)
    return {full, max(1, apart + (full - apart) * int(instance["share_minutes"]) // int(instance["share_total"]))}


def steps_in_order(life: Life, found: Finding) -> None:
    """The moments and persons of a step agree with its status; one that was sent back says why, and an earlier one was given instead."""
    given_by = {step["given_by_id"] for step in life.steps}
    for step in life.steps:
        found.looked()
        status, where = step["status"], life.named(step)
        found.expect(where, "whether it is done", step["done_at"] is not None, status in ("completed", "cancelled"))
        found.expect(where, "whether somebody did it", step["done_by_id"] is not None, status == "completed")
        if status == "open":
            found.expect(where, "whether somebody holds it", step["handler_id"] is not None, False)
        if status == "claimed":
            found.expect(where, "whether somebody holds it", step["handler_id"] is not None and step["claimed_at"] is not None, True)
        if status == "completed":
            found.expect(where, "its handler", step["handler_id"], step["done_by_id"])
        if status == "completed" and step["breached_at"] is not None and not step["late_reason"]:
            found.fault(where, "it was completed after its deadline without a reason")
        if is_sent_back(step) and not (step["note"] and step["id"] in given_by):
            found.fault(where, "it was sent back without a reason, or to no step")

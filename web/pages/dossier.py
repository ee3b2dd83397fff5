"""One dossier: what it is, and everything that can be done with it. Each action is one transaction, then the page as it is now."""

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from engine.clock import minute
from engine.errors import EngineError, InvalidError, NotFoundError
from engine.queries import WorkItem, work_item
from processes.dossiers.disclosure import PARTS, reveal_identifier
from processes.dossiers.intake import PaperEntry
from processes.dossiers.queries import dossier_view
from processes.organisation import moves
from processes.organisation.queries import names_of
from processes.wiring import Areas
from web import errors, timephrases
from web.access import actor, needs
from web.services import services
from web.views.actions import STEP_FORM
from web.views.days import parse_moment
from web.views.dossierfacts import read_dossier
from web.views.dossierpage import dossier_page
from web.views.intakeform import SORTS
from web.views.problem import Problem
from web.views.steps import require_no_receiver

blueprint = Blueprint("dossier", __name__)

Deed = Callable[[Connection, Areas], str]
_LONGEST_ID = 18  # digits of ids, which have 63 bits


@blueprint.get("/dossiers/<code>")
@needs("dossier.read")
def dossier(code: str) -> ResponseReturnValue:
    return _page(code)


# --- steps -----------------------------------------------------------------------------------------------------------


@blueprint.post("/dossiers/<code>/steps/<id:step_id>/claim")
@needs("step.work")
def claim(code: str, step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        item = _step(connection, code, step_id)
        areas.engine.claim(connection, step_id=step_id, actor=actor())
        return f"Đã nhận bước {item.step_code} {item.step_name}."

    return _act(code, STEP_FORM.format(step_id=step_id), do)


@blueprint.post("/dossiers/<code>/steps/<id:step_id>/release")
@needs("step.work")
def release(code: str, step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        item = _step(connection, code, step_id)
        areas.engine.release(connection, step_id=step_id, actor=actor())
        return f"Đã trả bước {item.step_code} về hàng chờ của bộ phận."

    return _act(code, STEP_FORM.format(step_id=step_id), do)


@blueprint.post("/dossiers/<code>/steps/<id:step_id>/complete")
@needs("step.work")
def complete(code: str, step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        item = _step(connection, code, step_id)
        require_no_receiver(item)
        note, late_reason = _typed("note"), _typed("late_reason")
        if late_reason and not note:
            raise InvalidError("A late completion needs a note.", code="late_reason_required", errors={"note": "required"})
        moved = areas.engine.complete(
            connection,
            step_id=step_id,
            actor=actor(),
            outcome=_typed("outcome") or None,
            note=note or None,
            late_reason=late_reason or None,
        )
        onward = ", ".join(f"{step['code']} {step['name']}" for step in moved.opened)
        return f"Đã hoàn thành {item.step_code}." + (f" Chuyển tới {onward}." if onward else "")

    return _act(code, STEP_FORM.format(step_id=step_id), do)


@blueprint.post("/dossiers/<code>/steps/<id:step_id>/return")
@needs("dossier.return_result")
def return_result(code: str, step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        _step(connection, code, step_id)
        receiver = _typed("receiver")
        areas.dossiers.return_result(
            connection, actor=actor(), code=code, step_id=step_id, receiver=receiver, result_number=_typed("result_number")
        )
        return f"Đã trả kết quả cho {receiver}."

    return _act(code, STEP_FORM.format(step_id=step_id), do)


@blueprint.post("/dossiers/<code>/steps/<id:step_id>/handover")
@needs("step.work")
def hand_over(code: str, step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        item, to_id = _step(connection, code, step_id), _person_id("to")
        moves.hand_over(connection, areas.engine, actor=actor(), step_id=step_id, to_id=to_id, reason=_typed("reason"))
        return f"Đã bàn giao {item.step_code} cho {names_of(connection, [to_id])[to_id]}."

    return _act(code, f"handover-{step_id}", do)


@blueprint.post("/dossiers/<code>/steps/<id:step_id>/takeover")
@needs("step.work")
def take_over(code: str, step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        item = _step(connection, code, step_id)
        moves.take_over(connection, areas.engine, actor=actor(), step_id=step_id, reason=_typed("reason"))
        return f"Đã nhận thay bước {item.step_code} {item.step_name}."

    return _act(code, f"takeover-{step_id}", do)


@blueprint.post("/dossiers/<code>/steps/<id:step_id>/send-back")
@needs("step.work")
def send_back(code: str, step_id: int) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        item, to_code = _step(connection, code, step_id), _typed("to")
        moved = moves.send_back(connection, areas.engine, actor=actor(), step_id=step_id, to_code=to_code, reason=_typed("reason"))
        again = moved.opened[0]
        person = names_of(connection, [again["offered_to_id"]]).get(again["offered_to_id"] or 0)
        return f"Đã trả lại {again['code']} {again['name']}{f' cho {person}' if person else ''}, từ bước {item.step_code}."

    return _act(code, f"send-back-{step_id}", do)


# --- the dossier as a whole --------------------------------------------------------------------------------------------


@blueprint.post("/dossiers/<code>/accept")
@needs("dossier.accept")
def accept(code: str) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        promised_at = areas.dossiers.accept_filing(connection, actor=actor(), code=code).promised_at
        when = f" Hẹn trả {timephrases.moment(promised_at, g.now, services().zone)}." if promised_at is not None else ""
        return f"Đã tiếp nhận hồ sơ.{when}"

    return _act(code, "accept", do)


@blueprint.post("/dossiers/<code>/supplement")
@needs("dossier.supplement")
def supplement(code: str) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        number = areas.dossiers.request_supplement(
            connection,
            actor=actor(),
            code=code,
            content=_typed("content"),
            reason=_typed("reason"),
            repeat_reason=_typed("repeat_reason") or None,
        )
        return f"Đã lập yêu cầu bổ sung số {number} (Mẫu 02). Đồng hồ dừng."

    return _act(code, "supplement", do)


@blueprint.post("/dossiers/<code>/supplement/receive")
@needs("dossier.supplement")
def receive_supplement(code: str) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        stopped_at = _stopped_at(connection, code)
        received_at = _received_at(_typed("received_at"), stopped_at)
        areas.dossiers.receive_supplement(connection, actor=actor(), code=code, received_at=received_at, papers=_papers())
        return "Đã nhận bổ sung. Đồng hồ chạy tiếp."

    return _act(code, "receive", do)


@blueprint.post("/dossiers/<code>/refuse")
@needs("dossier.refuse")
def refuse(code: str) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        number = areas.dossiers.refuse(connection, actor=actor(), code=code, reason=_typed("reason"))
        return f"Đã từ chối hồ sơ, phiếu số {number} (Mẫu 03)."

    return _act(code, "refuse", do)


@blueprint.post("/dossiers/<code>/withdraw")
@needs("dossier.withdraw")
def withdraw(code: str) -> ResponseReturnValue:
    def do(connection: Connection, areas: Areas) -> str:
        areas.dossiers.withdraw(connection, actor=actor(), code=code, reason=_typed("reason"))
        return "Đã cho rút hồ sơ."

    return _act(code, "withdraw", do)


@blueprint.post("/dossiers/<code>/identifier/<part>")
@needs("dossier.read")
def identifier(code: str, part: str) -> ResponseReturnValue:
    """The whole ID number of the owner or the filer; who looked stands in the trace before it is answered."""
    if part not in PARTS:
        raise NotFoundError("There is no such person in a dossier.", code="dossier_not_found", dossier_code=code)
    made_of = services()
    with made_of.database.writing() as connection:
        number = reveal_identifier(connection, actor=actor(), code=code, part=part, clock=made_of.clock, ids=made_of.ids)
    if "HX-Request" in request.headers:
        return render_template("_identifier.html", number=number)
    return _page(code, revealed={part: number})


# --- what the actions share -----------------------------------------------------------------------------------------------


def _act(code: str, form: str, do: Deed) -> ResponseReturnValue:
    """Do it; when it is refused, show the page with the sentence in its form and everything that was typed."""
    made_of = services()
    assert made_of.areas is not None
    try:
        with made_of.database.writing() as connection:
            dossier_view(connection, actor(), code)  # one that the actor may not see does not exist, whatever is done with it
            told = do(connection, made_of.areas)
    except EngineError as refused:
        if refused.code == "dossier_not_found":
            raise
        problem = Problem(form, errors.refuse(refused), request.form.to_dict())
        return make_response(_page(code, problem=problem), errors.status_of(refused))
    flash(told, "done")
    return redirect(url_for("dossier.dossier", code=code), 303)


def _page(code: str, problem: Problem | None = None, revealed: Mapping[str, str] | None = None) -> str:
    with services().database.reading() as connection:
        facts = read_dossier(connection, actor(), code, g.now)
    return render_template("dossier.html", **dossier_page(facts, problem, revealed))


def _step(connection: Connection, code: str, step_id: int) -> WorkItem:
    """A step of this dossier and of no other.

    Raises: NotFoundError (step_not_found).
    """
    item = work_item(connection, step_id)
    if item is None or item.subject_kind != "dossier" or item.subject_code != code:
        raise NotFoundError("The dossier has no such step.", code="step_not_found", step_id=step_id)
    return item


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _person_id(name: str) -> int:
    """Raises: InvalidError for what is nobody's id."""
    typed = _typed(name)
    if not typed.isascii() or not typed.isdecimal() or len(typed) > _LONGEST_ID:
        raise InvalidError("Choose a person.", code="fields_invalid", errors={name: "required"})
    return int(typed)


def _stopped_at(connection: Connection, code: str) -> datetime | None:
    instance = dossier_view(connection, actor(), code).instance
    return instance["stopped_at"] if instance is not None else None


def _received_at(typed: str, stopped_at: datetime | None) -> datetime | None:
    """The moment typed, to the minute; the minute in which the clock stopped means that very moment. Nothing typed is now.

    Raises: InvalidError.
    """
    if not typed:
        return None
    try:
        local = parse_moment(typed)
    except ValueError:
        raise InvalidError("The moment of receipt cannot be read.", code="request_invalid", errors={"received_at": "not_a_date"}) from None
    received_at = local.replace(tzinfo=services().zone)
    if received_at == minute(g.now):
        return None
    return stopped_at if stopped_at is not None and received_at == minute(stopped_at) else received_at


def _papers() -> list[PaperEntry]:
    codes = [name.removeprefix("paper_") for name in request.form if name.startswith("paper_") and not name.endswith(SORTS)]
    return [PaperEntry(code, *(_count(f"paper_{code}_{sort}") for sort in SORTS)) for code in codes]


def _count(name: str) -> int:
    """Raises: InvalidError for what is no number."""
    typed = _typed(name)
    if not typed:
        return 0
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 3:
        raise InvalidError("A count is not a number.", code="fields_invalid", errors={name: "not_a_number"})
    return int(typed)

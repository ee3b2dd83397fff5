"""The one place that knows HTTP statuses: a refusal becomes a Vietnamese sentence, as a page, an htmx fragment or JSON."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine.errors import ConflictError, EngineError, InvalidError, NotFoundError, NotPermittedError, UnavailableError, WrongStateError
from processes.organisation.recording import record_refusal
from processes.organisation.rights import PersonDisabledError
from processes.organisation.rules import ROLE_TITLES
from processes.organisation.sessions import LoginExpiredError
from web import sentences, timephrases, wording
from web.access import NotSignedInError
from web.services import services

_STATUSES: Mapping[type[EngineError], int] = {
    NotSignedInError: 401,
    LoginExpiredError: 401,
    PersonDisabledError: 401,
    InvalidError: 422,
    NotFoundError: 404,
    NotPermittedError: 403,
    WrongStateError: 409,
    ConflictError: 409,
    UnavailableError: 503,
}
_HTTP_CODES = {400: "request_invalid", 404: "page_not_found", 405: "method_not_allowed", 413: "request_too_large", 422: "request_invalid"}
_TITLES = {401: "Cần đăng nhập", 403: "Không thuộc việc của bạn", 404: "Không tìm thấy", 409: "Chưa làm được lúc này", 422: "Cần sửa lại"}
_SIGN_IN = 401
_UNEXPECTED = 500
_EXACT_IN_JAVASCRIPT = 2**53
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is misread over the telephone

_log = structlog.get_logger("web")


def handle_errors(app: Flask) -> None:
    """Turn whatever a request runs into an answer; nothing fails silently."""
    app.register_error_handler(EngineError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: EngineError) -> int:
    """The HTTP status of a refusal's family."""
    return next((_STATUSES[family] for family in type(error).__mro__ if family in _STATUSES), _UNEXPECTED)


def codes_of(error: EngineError) -> list[str]:
    """The error's own code, then those of its families: the first with a sentence is said."""
    return [error.code, *(family.code for family in type(error).__mro__ if issubclass(family, EngineError))]


def sentence_of(error: EngineError) -> str:
    """What the screen says about a refusal."""
    return sentences.sentence(codes_of(error), _told(error.facts), _say)


def field_sentences(error: EngineError) -> dict[str, str]:
    """What stands beside each field."""
    return {field: sentences.field_sentence(problem, _say) for field, problem in error.errors.items()}


def new_reference() -> str:
    """A number that is read out over the telephone and finds one line of the log: "7K2M-41"."""
    return f"{''.join(secrets.choice(_LETTERS) for _ in range(4))}-{secrets.randbelow(100):02d}"


@dataclass(frozen=True)
class Refusal:
    """What a page shows beside its own form."""

    sentence: str
    reference: str
    fields: Mapping[str, str]


def refuse(error: EngineError) -> Refusal:
    """Log a refusal like any other and say it in the page's own form, which keeps what was typed."""
    reference = new_reference()
    _log.info("refused", reference=reference, code=error.code, status=status_of(error), **_asked())
    if isinstance(error, NotPermittedError):
        _keep_attempt(error)
    return Refusal(sentence_of(error), reference, field_sentences(error))


def _refused(error: EngineError) -> Response:
    status, reference = status_of(error), new_reference()
    if status == _UNEXPECTED:
        _log.error("failed", reference=reference, code=error.code, exc_info=error, **_asked())
    else:
        _log.info("refused", reference=reference, code=error.code, status=status, **_asked())
    if status == _SIGN_IN and not _wants_json():
        return _ask_to_sign_in(error, reference)
    if isinstance(error, NotPermittedError):
        _keep_attempt(error)
    return _answer(status, error.code, sentence_of(error), reference, fields=field_sentences(error), facts=error.facts)


def _keep_attempt(error: NotPermittedError) -> None:
    """What somebody tried and may not do stays in the trace."""
    actor, made_of = g.get("actor"), services()
    if actor is None:
        return
    with made_of.database.writing() as connection:
        record_refusal(
            connection,
            actor=actor,
            refusal=error.code,
            asked=str(request.url_rule),
            facts=error.facts,
            clock=made_of.clock,
            ids=made_of.ids,
        )


def _ask_to_sign_in(error: EngineError, reference: str) -> Response:
    """Lead to the login page and back; only an htmx request and a sent form are answered in place, so that what was typed stays."""
    is_part = "HX-Request" in request.headers
    here = request.headers.get("HX-Current-URL") if is_part else request.url if request.method == "GET" else request.referrer
    session["next"] = _path_of(here or "")
    if is_part or request.method != "GET":
        return _answer(_SIGN_IN, error.code, sentence_of(error), reference)
    if error.code != NotSignedInError.code:
        session["login_notice"] = sentence_of(error)
    return make_response(redirect(url_for("session.log_in"), 303))


def _path_of(address: str) -> str:
    """The path and query of an address of ours, without the host."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())  # a redirect that was raised
    status, reference = error.code, new_reference()
    code = "csrf_failed" if isinstance(error, CSRFError) else _HTTP_CODES.get(status, "refused")
    _log.info("refused", reference=reference, code=code, status=status, detail=error.description, **_asked())
    response = _answer(status, code, sentences.sentence([code], {}), reference, fields=_faults(error))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _faults(error: HTTPException) -> dict[str, str]:
    """What webargs found wrong with a request, by field; nested fields are joined with dots."""
    messages = getattr(error, "data", {}).get("messages", {}) if isinstance(getattr(error, "data", None), dict) else {}
    return dict(_flat("", {name: fault for place in messages.values() if isinstance(place, dict) for name, fault in place.items()}))


def _flat(path: str, faults: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    for name, fault in faults.items():
        here = f"{path}.{name}" if path else str(name)
        if isinstance(fault, dict):
            yield from _flat(here, fault)
        else:
            yield here, " ".join(map(str, fault)) if isinstance(fault, list) else str(fault)


def _unexpected(error: Exception) -> Response:
    reference = new_reference()
    _log.error("failed", reference=reference, code="unexpected", exc_info=error, **_asked())
    return _answer(_UNEXPECTED, "unexpected", sentences.sentence(["unexpected"], {}), reference)


def _answer(
    status: int, code: str, message: str, reference: str, *, fields: Mapping[str, str] | None = None, facts: Mapping[str, Any] | None = None
) -> Response:
    fields, facts = fields or {}, facts or {}
    if _wants_json():
        body = {"code": code, "message": message, "errors": fields, "facts": {**_plain(facts), "reference": reference}}
        response = jsonify(body)
    else:
        context = {"message": message, "reference": reference, "fields": fields, "status": status, "code": code}
        if "HX-Request" in request.headers:
            response = make_response(render_template("_problem.html", **context))
            # the form that was sent stays as it is, with everything that was typed
            response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#messages", "innerHTML show:top"
        else:
            title = _TITLES.get(status, "Có lỗi")
            response = make_response(render_template("error.html", title=title, **context))
    response.status_code = status
    return response


def _wants_json() -> bool:
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as sentences name them: roles by their titles, persons by their names."""
    told = dict(facts)
    roles = told.get("roles") or [told[name] for name in ("role",) if name in told]
    if roles:
        told["role"] = " hoặc ".join(ROLE_TITLES.get(role, role) for role in roles)
    if told.get("status") in wording.STATUSES:
        told["status"] = wording.STATUSES[told["status"]]
    person_id = told.get("by_id")
    if person_id is not None and "by" not in told:
        told["by"] = services().name_of(person_id)
    return told


def _say(value: Any) -> str:
    zone, now = services().zone, services().clock.now()
    if isinstance(value, datetime):
        return timephrases.moment(value, now, zone)
    if isinstance(value, date):
        return timephrases.full_day(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value))
    return str(value)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON: moments in ISO 8601 with the office's offset, whatever is not JSON as text."""
    zone = services().zone
    return {name: _plain_value(value, zone) for name, value in facts.items()}


def _plain_value(value: Any, zone: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain_value(item, zone) for item in value]
    if isinstance(value, int) and abs(value) > _EXACT_IN_JAVASCRIPT:
        return str(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _asked() -> dict[str, Any]:
    """What the log line says about the request; no address with personal data in its query, no facts."""
    actor = g.get("actor")
    return {"method": request.method, "endpoint": request.endpoint, "actor": actor.label if actor else None}

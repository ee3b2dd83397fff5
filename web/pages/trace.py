"""The auditor's page: what happened, told in sentences, and whether the log is what it was when it was written."""

import time
from collections.abc import Iterator

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from engine.errors import UnavailableError
from engine.trace.queries import count_all
from engine.trace.verification import verify
from processes.evidence.operations import note_export, note_verification, note_view
from web.access import actor, needs
from web.services import services
from web.views import trace as view
from web.views.addresses import period_fields
from web.views.downloads import Row, csv_file
from web.views.trace import Asking, Looked

blueprint = Blueprint("trace", __name__)


class LogTooLargeError(UnavailableError):
    """The log is too large to be verified while somebody waits before a page."""

    code = "log_too_large"


@blueprint.get("/trace")
@needs("trace.read")
def trace() -> ResponseReturnValue:
    """The timeline; a look at one dossier's is written down before it is shown."""
    made_of, asking = services(), Asking.read(request.args, g.now)
    looked = _look(asking)
    if looked.subject is not None:
        with made_of.database.writing() as connection:
            note_view(
                connection,
                actor=actor(),
                clock=made_of.clock,
                ids=made_of.ids,
                code=looked.subject.code,
                shows_personal=view.shows_personal(actor(), looked),
            )
    with made_of.database.reading() as connection:
        context = view.timeline_view(connection, actor(), asking, looked, g.now)
    return render_template("trace.html", days_asked=period_fields(request.args, asking.period), **context)


@blueprint.get("/trace.csv")
@needs("trace.read")
def timeline_csv() -> Response:
    """The timeline as a file; that it is taken away is written down before its first line leaves."""
    made_of, asking = services(), Asking.read(request.args, g.now)
    looked = _look(asking)
    code = looked.subject.code if looked.subject is not None else None
    asked = {name: str(value) for name, value in asking.parameters.items()}
    with made_of.database.writing() as connection:
        note_export(connection, actor=actor(), clock=made_of.clock, ids=made_of.ids, code=code, asked=asked)
    return csv_file(f"nhat-ky-{code or 'chung'}", view.COLUMNS, _rows(looked), made_of.zone)


@blueprint.post("/trace/verify")
@needs("trace.verify")
def verify_log() -> ResponseReturnValue:
    """Verify the whole log as it lies in the database, and say what was found.

    Raises: LogTooLargeError.
    """
    made_of = services()
    with made_of.database.reading() as connection:
        if count_all(connection)[0] > view.MOST_VERIFIED:
            raise LogTooLargeError(most=view.MOST_VERIFIED)
    began = time.perf_counter()
    with made_of.database.reading() as connection:
        report = verify(connection)
    seconds = time.perf_counter() - began
    with made_of.database.writing() as connection:
        note_verification(connection, actor=actor(), clock=made_of.clock, ids=made_of.ids, report=report)
    with made_of.database.reading() as connection:
        found = view.verification_view(connection, actor(), report, seconds, g.now)
    return render_template("_verification.html", verification=found, alone="HX-Request" not in request.headers)


def _look(asking: Asking) -> Looked:
    with services().database.reading() as connection:
        return view.look(connection, actor(), asking)


def _rows(looked: Looked) -> Iterator[Row]:
    with services().database.reading() as connection:
        yield from view.file_rows(connection, actor(), looked, services().zone)

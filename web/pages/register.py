"""The dossier register (Mẫu 07): read, filtered, printed, taken away as a file."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from processes.organisation.queries import names_of, unit_names
from processes.reporting.register import (
    RegisterFilter,
    note_export,
    procedures_in_register,
    register_counts,
    register_lines,
    register_page,
    shows_personal,
)
from web import wording
from web.access import actor, needs
from web.services import services
from web.views import register as view
from web.views.addresses import page_of, period_fields, read_page
from web.views.downloads import Row, csv_file, excel_file

blueprint = Blueprint("register", __name__)


@blueprint.get("/register")
@needs("register.read")
def register() -> ResponseReturnValue:
    """A page of the register, filtered as the address bar says; at most seven statements of its own."""
    asked, number = view.read_filter(request.args, g.now), read_page(request.args)
    zone, start = services().zone, (number - 1) * view.PAGE_SIZE
    with services().database.reading() as connection:
        counts = register_counts(connection, actor(), asked, now=g.now)
        lines = register_page(connection, actor(), asked, now=g.now, limit=view.PAGE_SIZE, offset=start)
        procedures = procedures_in_register(connection, actor())
        names = _names(connection, asked)
    return render_template(
        "register.html",
        asked=asked,
        told=view.told_filter(asked, procedures, names),
        rows=[view.line_view(line, g.now, zone) for line in lines],
        days=period_fields(request.args, asked.period),
        columns=view.COLUMNS,
        procedures=procedures,
        statuses=wording.STATUSES,
        states=view.state_choices(),
        page=page_of(number, view.PAGE_SIZE, counts["total"], lambda page: view.register_href(asked, page=page)),
        counters=view.counters(asked, counts),
        files={format: view.file_href(asked, format) for format in ("xlsx", "csv")},
    )


@blueprint.get("/register.csv")
@needs("register.read")
def register_csv() -> ResponseReturnValue:
    asked = _take_away("csv")
    return csv_file(view.file_name(g.now), view.COLUMNS, _rows(asked), services().zone)


@blueprint.get("/register.xlsx")
@needs("register.read")
def register_xlsx() -> Response:
    asked = _take_away("xlsx")
    return excel_file(view.file_name(g.now), "Sổ theo dõi hồ sơ", view.COLUMNS, _rows(asked), services().zone, widths=view.WIDTHS)


def _take_away(format: str) -> RegisterFilter:
    """Note in the trace, before the first row leaves, that the register is taken away."""
    made_of, asked = services(), view.read_filter(request.args, g.now)
    with made_of.database.writing() as connection:
        note_export(
            connection,
            actor=actor(),
            clock=made_of.clock,
            ids=made_of.ids,
            format=format,
            asked={name: str(value) for name, value in view.parameters(asked).items() if name != "q"},
            shows_personal=shows_personal(actor()),
        )
    return asked


def _rows(asked: RegisterFilter) -> Iterator[Row]:
    with services().database.reading() as connection:
        yield from view.file_rows(register_lines(connection, actor(), asked, now=g.now), g.now, services().zone)


def _names(connection: Connection, asked: RegisterFilter) -> Mapping[str, str]:
    """The names of a unit and a holder that the filter speaks of."""
    names: dict[str, Any] = {}
    if asked.unit_id:
        names["unit"] = unit_names(connection, [asked.unit_id]).get(asked.unit_id, "")
    if asked.holder_id:
        names["holder"] = names_of(connection, [asked.holder_id]).get(asked.holder_id, "")
    elif asked.holder_id == 0:
        names["holder"] = "chưa ai nhận"
    return names

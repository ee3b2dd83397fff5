"""Tables as files: CSV that streams, Excel that is written row by row and never held in memory as a whole."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import xlsxwriter
from flask import Response, send_file, stream_with_context

Cell = str | int | datetime | None
Row = Sequence[Cell]

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BATCH = 200


def csv_file(name: str, head: Row, rows: Iterable[Row], zone: ZoneInfo) -> Response:
    """A CSV that Excel opens as it is (UTF-8 with its mark), sent while it is read."""
    answer = Response(stream_with_context(_csv(head, rows, zone)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def excel_file(name: str, title: str, head: Row, rows: Iterable[Row], zone: ZoneInfo, *, widths: Sequence[int]) -> Response:
    """An Excel workbook with one sheet: a fixed first row, moments as moments, landscape on A4."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # send_file closes it when it is sent
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1})
    plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
    moment = book.add_format({"num_format": "hh:mm dd/mm/yyyy", "valign": "top", "border": 1})
    sheet = book.add_worksheet(title[:31])
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 0)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    for column, text in enumerate(head):
        sheet.write_string(0, column, str(text), bold)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell.astimezone(zone).replace(tzinfo=None), moment)
            elif isinstance(cell, int):
                sheet.write_number(number, column, cell, plain)
            else:
                sheet.write_string(number, column, cell or "", plain)
    book.close()
    file.seek(0)
    return send_file(file, mimetype=_EXCEL, as_attachment=True, download_name=f"{name}.xlsx")


def _csv(head: Row, rows: Iterable[Row], zone: ZoneInfo) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\N{ZERO WIDTH NO-BREAK SPACE}")
    writer.writerow(head)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_text(cell, zone) for cell in row])
        if number % _BATCH == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _text(cell: Cell, zone: ZoneInfo) -> str:
    """A cell as text; what a spreadsheet would take for a formula is defused, for names come from people."""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(zone):%d/%m/%Y %H:%M}"
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text

"""Numbers without gaps: as many as the highest of them, which is the last one taken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from processes.doctor.report import Finding
from processes.dossiers.models import dossiers, issued_forms
from processes.dossiers.operations import DOSSIER_BOOK, REGISTER_BOOK
from processes.organisation.models import Agency, NumberSequence
from processes.organisation.rules import local_day
from processes.quality.models import nonconformities

FORM_BOOK, NONCONFORMITY_BOOK = "form:", "nonconformity"

Period = tuple[int, str, str]  # agency, book, period


@dataclass(slots=True)
class _Used:
    """The numbers of one book and period that rows bear, as far as it takes to see that none is missing and none given twice."""

    count: int = 0
    total: int = 0
    highest: int = 0
    gap: int | None = None  # they mostly come in order: the first that did not follow

    def take(self, number: int) -> None:
        if number != self.highest + 1 and self.gap is None:
            self.gap = self.highest + 1
        self.count += 1
        self.total += number
        self.highest = max(self.highest, number)

    @property
    def is_dense(self) -> bool:
        return self.count == self.highest and self.total == self.highest * (self.highest + 1) // 2


def dossier_codes(connection: Connection, found: Finding) -> None:
    """Codes of an agency and day run from 1, and name the day on which the dossier was filed."""
    columns = dossiers.c
    query = select(columns.agency_id, columns.code, columns.filed_at)
    ordered = query.order_by(columns.agency_id, func.length(columns.code), columns.code)

    def numbered() -> Iterator[tuple[Period, int]]:
        for row in _streamed(connection, ordered):
            _, day, number = row.code.rsplit("-", 2)
            found.expect(row.code, "the day of its filing", local_day(row.filed_at).strftime("%y%m%d"), day)
            yield (row.agency_id, DOSSIER_BOOK, day), int(number)

    _compare(connection, DOSSIER_BOOK, numbered(), found)


def register_numbers(connection: Connection, found: Finding) -> None:
    """Entries of an agency's register run from 1 each year, in the year of their acceptance."""
    columns = dossiers.c
    query = select(columns.agency_id, columns.book_year, columns.running_no, columns.accepted_at, columns.code)
    ordered = query.where(columns.running_no.is_not(None)).order_by(columns.agency_id, columns.book_year, columns.running_no)

    def numbered() -> Iterator[tuple[Period, int]]:
        for row in _streamed(connection, ordered):
            if row.accepted_at is None or local_day(row.accepted_at).year != row.book_year:
                found.fault(row.code, f"it stands in the register of {row.book_year}, and was not accepted in that year")
            yield (row.agency_id, REGISTER_BOOK, str(row.book_year)), row.running_no

    _compare(connection, REGISTER_BOOK, numbered(), found)


def form_numbers(connection: Connection, found: Finding) -> None:
    """Forms of an agency run from 1 for each kind and year."""
    columns = issued_forms.c
    query = select(columns.agency_id, columns.form, columns.year, columns.running_no, columns.number)
    ordered = query.order_by(columns.agency_id, columns.form, columns.year, columns.running_no)

    def numbered() -> Iterator[tuple[Period, int]]:
        for row in _streamed(connection, ordered):
            if not row.number.startswith(f"{row.running_no}/"):
                found.fault(row.number, f"the form {row.form} has the running number {row.running_no}")
            yield (row.agency_id, FORM_BOOK + row.form, str(row.year)), row.running_no

    _compare(connection, FORM_BOOK, numbered(), found)


def nonconformity_numbers(connection: Connection, found: Finding) -> None:
    """Nonconformities of an agency run from 1 each year, in the year in which they were raised."""
    columns = nonconformities.c
    query = select(columns.agency_id, columns.number, columns.raised_at)
    ordered = query.order_by(columns.agency_id, func.substr(columns.number, 1, 9), func.length(columns.number), columns.number)

    def numbered() -> Iterator[tuple[Period, int]]:
        for row in _streamed(connection, ordered):
            _, year, number = row.number.split("-")
            found.expect(row.number, "the year of its raising", local_day(row.raised_at).year, int(year))
            yield (row.agency_id, NONCONFORMITY_BOOK, year), int(number)

    _compare(connection, NONCONFORMITY_BOOK, numbered(), found)


def _compare(connection: Connection, book: str, numbers: Iterator[tuple[Period, int]], found: Finding) -> None:
    """Numbers in use against the sequences. What is kept in memory are the periods, not the numbers."""
    used: dict[Period, _Used] = {}
    for period, number in numbers:
        used.setdefault(period, _Used()).take(number)
        found.looked()
    taken = _taken(connection, book)
    agencies = {row.id: row.code for row in connection.execute(select(Agency.id, Agency.code))}
    for key in sorted({*used, *taken}):
        where = f"{agencies.get(key[0], key[0])}, {key[1]} {key[2]}"
        numbers_of, last = used.get(key, _Used()), taken.get(key, 0)
        if not numbers_of.is_dense:
            found.fault(where, f"there are {numbers_of.count} numbers up to {numbers_of.highest}; look at {numbers_of.gap}")
        if numbers_of.highest != last:
            found.fault(where, f"the highest number is {numbers_of.highest}, the last one taken is {last}")


def _taken(connection: Connection, book: str) -> Mapping[Period, int]:
    column = NumberSequence.book
    which: ColumnElement[bool] = column.startswith(book, autoescape=True) if book == FORM_BOOK else column == book
    query = select(NumberSequence.agency_id, column, NumberSequence.period, NumberSequence.last_no).where(which)
    return {(row.agency_id, row.book, row.period): row.last_no for row in connection.execute(query)}


def _streamed(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
    return iter(connection.execution_options(yield_per=1000).execute(query))

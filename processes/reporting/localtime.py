"""Local days and minutes inside SQL, on both databases; the office's zone has had no other offset since 1975."""

from typing import Any

from sqlalchemy import Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from processes.organisation.rules import OFFICE_ZONE

_OFFSET = "+7 hours"


class local_day_text(GenericFunction[str]):  # noqa: N801  # it reads as the SQL function that it is
    """The local date of a moment, as text that sorts: 2026-11-20."""

    type = String()
    inherit_cache = True


class local_minute(GenericFunction[int]):  # noqa: N801
    """The minutes since local midnight of a moment."""

    type = Integer()
    inherit_cache = True


@compiles(local_day_text, "sqlite")
def _day_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"date({compiler.process(element.clauses, **options)}, '{_OFFSET}')"


@compiles(local_day_text, "postgresql")
def _day_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"to_char(({compiler.process(element.clauses, **options)}) at time zone '{OFFICE_ZONE.key}', 'YYYY-MM-DD')"


@compiles(local_minute, "sqlite")
def _minute_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"(cast(strftime('%H', {moment}, '{_OFFSET}') as integer) * 60 + cast(strftime('%M', {moment}, '{_OFFSET}') as integer))"


@compiles(local_minute, "postgresql")
def _minute_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    local = f"(({compiler.process(element.clauses, **options)}) at time zone '{OFFICE_ZONE.key}')"
    return f"cast(extract(hour from {local}) * 60 + extract(minute from {local}) as integer)"

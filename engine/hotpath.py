"""The two statements behind every claim and completion, spoken to the driver itself: lock and take a step, write one change.

Building a Core statement, looking up its compiled form and wrapping its result costs several times what the database does for it, so
the texts here are made once from engine.tables and kept. Values go through the processors of the same column types, so what is stored
is what Core would store. PostgreSQL gets one statement for each of the two; SQLite, which answers within the process, one for each row.
What many changes write together, and all other reading, stays with Core in saving.py and loading.py.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

from engine.tables import instances, steps

Values = dict[str, Any]
Shape = tuple[str, ...]  # names of columns

_OPEN = "steps.agency_id = {mark} and steps.status = 'open'"
_OPEN_OR_MINE = "steps.agency_id = {mark} and (steps.status = 'open' or (steps.status = 'claimed' and steps.handler_id = {mark}))"  # as loading._refusal tells


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows to be added to a table; all have the columns of the first."""

    table: Table
    rows: Sequence[Values]


@dataclass(frozen=True, slots=True)
class Update:
    """New values for one row; `version` is the one that an instance must still have."""

    table: Table
    id: int
    values: Mapping[str, Any]
    version: int | None = None


Part = Insert | Update


class _Columns:
    """How the values of a table go to the driver and come back from it."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        quote = dialect.identifier_preparer.quote
        types = {column.name: column.type.dialect_impl(dialect) for column in table.columns}
        self.names = tuple(types)
        self.quoted = {name: quote(name) for name in types}
        self.listed = ", ".join(f"{table.name}.{self.quoted[name]}" for name in types)
        self._to_driver = {name: of.bind_processor(dialect) for name, of in types.items()}
        self._from_driver = [(name, process) for name, of in types.items() if (process := of.result_processor(dialect, None))]

    def bound(self, values: Mapping[str, Any], shape: Shape) -> list[Any]:
        """The values in the order of the shape, as the driver takes them; None is NULL whatever the type."""
        processors = self._to_driver
        return [
            value if (value := values[name]) is None or (process := processors[name]) is None else process(value) for name in shape
        ]

    def read(self, row: Sequence[Any]) -> Values:
        """A row that has all columns."""
        values = dict(zip(self.names, row, strict=True))
        for name, process in self._from_driver:
            if (value := values[name]) is not None:
                values[name] = process(value)
        return values


class HotPath:
    """Speaks to the driver of one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._at_once = dialect.name == "postgresql"
        self._cursor = _numbered_cursor if self._at_once else _plain_cursor
        self._columns: dict[str, _Columns] = {}
        self._texts: dict[Any, Any] = {}  # few: one for each set of columns that operations change together

    # --- taking -----------------------------------------------------------------------------------------------------

    def take(
        self, connection: Connection, step_id: int, agency_id: int | None, person_id: int | None, values: Values, *, only_open: bool
    ) -> tuple[Values | None, Values | None]:
        """Lock the step's instance, then change the step if its status and handler still allow it; both as they stand then.

        A claimed_at among the values stands only when the step has none yet. None for an instance that is not there, and for a
        step that may not be taken.
        """
        shape = tuple(values)
        locking, taking = self._take_texts(shape, only_open)
        changed = [*self._of(steps).bound(values, shape), step_id, agency_id, *([] if only_open else [person_id])]
        with self._driver(connection) as execute:
            if self._at_once:
                row = execute(locking, [step_id, *changed]).fetchone()
                width = len(self._of(instances).names)
                found, taken = (row[:width], row[width:]) if row is not None else (None, None)
            else:
                found, taken = execute(locking, [step_id]).fetchone(), None
            # On PostgreSQL again: whoever had the lock before us may have put the step back after our statement had looked at it.
            if found is not None and (taken is None or taken[0] is None):
                taken = execute(taking, changed).fetchone()
        return (
            self._of(instances).read(found) if found is not None else None,
            self._of(steps).read(taken) if taken is not None else None,
        )

    def _take_texts(self, shape: Shape, only_open: bool) -> tuple[str, str]:
        key = "take", shape, only_open
        texts: tuple[str, str] | None = self._texts.get(key)
        if texts is None:
            texts = self._texts[key] = self._make_take_texts(shape, only_open)
        return texts

    def _make_take_texts(self, shape: Shape, only_open: bool) -> tuple[str, str]:
        found, taken = self._of(instances), self._of(steps)
        lock = f"select {found.listed} from instances where id = (select instance_id from steps where id = ?)"
        condition = f"steps.id = ? and {_OPEN if only_open else _OPEN_OR_MINE}"
        sets = self._sets(steps, shape, keeping="claimed_at")
        take = f"update steps set {sets} where {condition} returning {taken.listed}"
        if not self._at_once:
            return lock, take
        # The join makes the lock come first: PostgreSQL updates a row only when it stands joined to one that is locked already.
        # A step that another has changed meanwhile is looked at again, as it stands then, before it is updated.
        return _numbered(
            f"with locked as ({lock} for update), taken as (update steps set {sets} from locked "
            f"where steps.instance_id = locked.id and {condition} returning {taken.listed}) "
            "select locked.*, taken.* from locked left join taken on true"
        ), _numbered(take)

    # --- reading ----------------------------------------------------------------------------------------------------

    def rows_of(self, connection: Connection, table: Table, instance_id: int, order: str) -> list[Values]:
        """The rows of one instance in a table, in this order."""
        columns, key = self._of(table), ("rows", table.name, order)
        text = self._texts.get(key)
        if text is None:
            text = f"select {columns.listed} from {table.name} where instance_id = ? order by {order}"
            text = self._texts[key] = _numbered(text) if self._at_once else text
        with self._driver(connection) as execute:
            return [columns.read(row) for row in execute(text, [instance_id]).fetchall()]

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, connection: Connection, parts: Sequence[Part]) -> bool:
        """Write all parts; False when an instance no longer has the version that it must have, and then nothing may be kept."""
        with self._driver(connection) as execute:
            if self._at_once:
                text, counts = self._writing(tuple(_shape(part) for part in parts))
                cursor = execute(text, [value for part in parts for value in self._parameters(part)])
                return not counts or cursor.fetchone()[0] == 1
            for part in parts:
                for text, parameters in self._one_by_one(part):
                    written = execute(text, parameters)
                    if isinstance(part, Update) and part.version is not None and written.rowcount != 1:
                        return False
        return True

    def _parameters(self, part: Part) -> list[Any]:
        columns = self._of(part.table)
        if isinstance(part, Insert):
            shape = tuple(part.rows[0])
            return [value for row in part.rows for value in columns.bound(row, shape)]
        return [*columns.bound(part.values, tuple(part.values)), part.id, *([] if part.version is None else [part.version])]

    def _one_by_one(self, part: Part) -> Iterator[tuple[str, list[Any]]]:
        if isinstance(part, Update):
            yield self._text(_shape(part)), self._parameters(part)
            return
        columns, shape = self._of(part.table), tuple(part.rows[0])
        text = self._text((part.table, shape, 1))
        for row in part.rows:
            yield text, columns.bound(row, shape)

    def _text(self, shape: Any) -> str:
        text: str | None = self._texts.get(shape)
        if text is None:
            text = self._texts[shape] = self._make_text(*shape)
        return text

    def _make_text(self, table: Table, shape: Shape, rows: int, versioned: bool = False) -> str:
        if rows:
            marks = f"({', '.join('?' * len(shape))})"
            listed = ", ".join(self._of(table).quoted[name] for name in shape)
            return f"insert into {table.name} ({listed}) values {', '.join([marks] * rows)}"
        guard = " and version = ?" if versioned else ""
        return f"update {table.name} set {self._sets(table, shape)} where id = ?{guard}"

    def _writing(self, shapes: tuple[Any, ...]) -> tuple[str, bool]:
        """One statement for all parts, and whether it tells how many instances had their version."""
        made: tuple[str, bool] | None = self._texts.get(shapes)
        if made is None:
            texts = [self._make_text(*shape) for shape in shapes]
            guarded = [index for index, shape in enumerate(shapes) if shape[3:] == (True,)]
            named = [f"part{index} as ({text}{' returning 1' if index in guarded else ''})" for index, text in enumerate(texts)]
            made = self._texts[shapes] = (
                f"with {', '.join(named)} select {f'count(*) from part{guarded[0]}' if guarded else '1'}",
                bool(guarded),
            )
        return made

    def _sets(self, table: Table, shape: Shape, keeping: str = "") -> str:
        quoted = self._of(table).quoted
        return ", ".join(f"{quoted[name]} = {'?' if name != keeping else f'coalesce({table.name}.{quoted[name]}, ?)'}" for name in shape)

    # --- the driver -------------------------------------------------------------------------------------------------

    def _of(self, table: Table) -> _Columns:
        columns = self._columns.get(table.name)
        if columns is None:
            columns = self._columns[table.name] = _Columns(table, self._dialect)
        return columns

    @contextmanager
    def _driver(self, connection: Connection) -> Iterator[Callable[[str, Sequence[Any]], Any]]:
        """The driver's execute in the transaction that the connection has open; its errors become those that Core raises."""
        cursor = self._cursor(connection.connection.driver_connection)
        try:
            yield cursor.execute
        except self._dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(None, None, error, self._dialect.loaded_dbapi.Error, dialect=self._dialect) from error
        finally:
            cursor.close()


def _shape(part: Part) -> Any:
    if isinstance(part, Insert):
        return part.table, tuple(part.rows[0]), len(part.rows)
    return part.table, tuple(part.values), 0, part.version is not None


def _numbered(text: str) -> str:
    """PostgreSQL's own marks, $1 and so on, for the question marks in a text."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", text)


def _numbered_cursor(driver: Any) -> Any:
    """A cursor of psycopg that takes PostgreSQL's own marks: others it translates, anew each time when a text has more than 50."""
    from psycopg import RawCursor  # not where only SQLite is used

    return RawCursor(driver)


def _plain_cursor(driver: Any) -> Any:
    return driver.cursor()


@lru_cache(maxsize=32)
def _of_dialect(dialect: Dialect) -> HotPath:
    return HotPath(dialect)


def hot_path(connection: Connection) -> HotPath:
    """The hot path of this connection's database."""
    return _of_dialect(connection.dialect)

"""The statements behind every claim and completion, spoken to the driver itself: lock and take a step, write one change.

Building a Core statement, looking up its compiled form and wrapping its result costs several times what the database does for it, so
the texts here are made once from engine.tables and kept. Values go through the processors of the same column types, so what is stored
is what Core would store. PostgreSQL gets one statement to take and one to write; SQLite, which answers within the process, one for each
row. What many changes write together, and other reading, stays with Core in saving.py and loading.py.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import count
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

from engine.tables import instances, steps

Values = dict[str, Any]
Shape = tuple[str, ...]  # names of columns

# When it does not hold, loading finds out why.
_OPEN = "steps.agency_id = ? and steps.status = 'open'"
_OPEN_OR_MINE = "steps.agency_id = ? and (steps.status = 'open' or (steps.status = 'claimed' and steps.handler_id = ?))"


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows to be added to a table; all have the columns of the first."""

    table: Table
    rows: Sequence[Values]

    @property
    def shape(self) -> "_PartShape":
        return self.table, tuple(self.rows[0]), len(self.rows), False


@dataclass(frozen=True, slots=True)
class Update:
    """New values for one row; `version` is the one that an instance must still have."""

    table: Table
    id: int
    values: Mapping[str, Any]
    version: int | None = None

    @property
    def shape(self) -> "_PartShape":
        return self.table, tuple(self.values), 0, self.version is not None


Part = Insert | Update
_PartShape = tuple[Table, Shape, int, bool]  # table, columns, rows to insert (0: an update), whether a version is asked for


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
        return [value if (value := values[name]) is None or (process := processors[name]) is None else process(value) for name in shape]

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
        self._errors: type[Exception] = dialect.loaded_dbapi.Error
        self._at_once = dialect.name == "postgresql"
        self._cursor = _numbered_cursor if self._at_once else _plain_cursor
        self._columns: dict[str, _Columns] = {}
        self._texts: dict[Any, tuple[str, ...]] = {}  # few: one for each set of columns that operations change together

    # --- taking and reading -----------------------------------------------------------------------------------------

    def take(
        self, connection: Connection, step_id: int, agency_id: int | None, person_id: int | None, values: Values, *, only_open: bool
    ) -> tuple[Values | None, Values | None]:
        """Lock the step's instance, then change the step if its status and handler still allow it; both as they stand then.

        A claimed_at among the values stands only when the step has none yet. None for an instance that is not there, and for a
        step that may not be taken.
        """
        shape = tuple(values)
        locking, taking = self._text(("take", shape, only_open), lambda: self._take_texts(shape, only_open))
        changed = [*self._of(steps).bound(values, shape), step_id, agency_id, *([] if only_open else [person_id])]
        with self._driver(connection) as execute:
            row = execute(locking, [step_id, *changed] if self._at_once else [step_id]).fetchone()
            if row is None:
                return None, None
            width = len(self._of(instances).names)
            taken = row[width:]
            # On PostgreSQL again: whoever had the lock before us may have put the step back after our statement had looked at it.
            if not taken or taken[0] is None:
                taken = execute(taking, changed).fetchone()
        return self._of(instances).read(row[:width]), self._of(steps).read(taken) if taken is not None else None

    def _take_texts(self, shape: Shape, only_open: bool) -> tuple[str, ...]:
        found, taken = self._of(instances), self._of(steps)
        lock = f"select {found.listed} from instances where id = (select instance_id from steps where id = ?)"
        sets = self._sets(steps, shape, kept="claimed_at")
        condition = f"steps.id = ? and {_OPEN if only_open else _OPEN_OR_MINE}"
        take = f"update steps set {sets} where {condition} returning {taken.listed}"
        if not self._at_once:
            return lock, take
        # The join makes the lock come first: PostgreSQL updates a row only once it stands joined to one that is locked.
        # A step that another has changed meanwhile is looked at again, as it stands then, before it is updated.
        both = (
            f"with locked as ({lock} for update), taken as (update steps set {sets} from locked "
            f"where steps.instance_id = locked.id and {condition} returning {taken.listed}) "
            "select locked.*, taken.* from locked left join taken on true"
        )
        return both, take

    def rows_of(self, connection: Connection, table: Table, instance_id: int, *, order: str) -> list[Values]:
        """The rows of one instance in a table, in this order."""
        columns = self._of(table)
        (text,) = self._text(
            (table.name, order), lambda: (f"select {columns.listed} from {table.name} where instance_id = ? order by {order}",)
        )
        with self._driver(connection) as execute:
            return [columns.read(row) for row in execute(text, [instance_id]).fetchall()]

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, connection: Connection, parts: Sequence[Part]) -> bool:
        """Write all parts; False when an instance no longer has the version that it must have, and then nothing may be kept."""
        with self._driver(connection) as execute:
            return self._write_at_once(execute, parts) if self._at_once else self._write_in_turn(execute, parts)

    def _write_at_once(self, execute: Callable[..., Any], parts: Sequence[Part]) -> bool:
        shapes = tuple(part.shape for part in parts)
        (text,) = self._text(shapes, lambda: (self._joined(shapes),))
        parameters: list[Any] = []
        for part in parts:
            for row in self._parameters(part):
                parameters += row
        kept: bool = execute(text, parameters).fetchone()[0]
        return kept

    def _write_in_turn(self, execute: Callable[..., Any], parts: Sequence[Part]) -> bool:
        for part in parts:
            table, shape, rows, versioned = part.shape
            one = table, shape, min(rows, 1), versioned
            (text,) = self._text(one, partial(self._alone, one))
            for parameters in self._parameters(part):
                written = execute(text, parameters)
            if versioned and written.rowcount != 1:
                return False
        return True

    def _parameters(self, part: Part) -> Iterator[list[Any]]:
        """The parameters of each row."""
        columns = self._of(part.table)
        if isinstance(part, Insert):
            shape = tuple(part.rows[0])
            yield from (columns.bound(row, shape) for row in part.rows)
        else:
            yield [*columns.bound(part.values, tuple(part.values)), part.id, *([] if part.version is None else [part.version])]

    def _joined(self, shapes: Sequence[_PartShape]) -> str:
        """One statement for all parts; it tells whether the instance had its version."""
        named, kept = [], "true"
        for index, shape in enumerate(shapes):
            versioned = shape[3]
            named.append(f"part{index} as ({self._single(*shape)}{' returning 1' if versioned else ''})")
            if versioned:
                kept = f"exists (select from part{index})"
        return f"with {', '.join(named)} select {kept}"

    def _alone(self, shape: _PartShape) -> tuple[str, ...]:
        return (self._single(*shape),)

    def _single(self, table: Table, shape: Shape, rows: int, versioned: bool) -> str:
        if rows:
            marks = f"({', '.join('?' * len(shape))})"
            listed = ", ".join(self._of(table).quoted[name] for name in shape)
            return f"insert into {table.name} ({listed}) values {', '.join([marks] * rows)}"
        return f"update {table.name} set {self._sets(table, shape)} where id = ?{' and version = ?' if versioned else ''}"

    # --- what they share --------------------------------------------------------------------------------------------

    def _sets(self, table: Table, shape: Shape, *, kept: str = "") -> str:
        """Assignments; the column `kept` is set only where it is empty."""
        quoted = self._of(table).quoted
        return ", ".join(f"{quoted[name]} = {'?' if name != kept else f'coalesce({table.name}.{quoted[name]}, ?)'}" for name in shape)

    def _of(self, table: Table) -> _Columns:
        columns = self._columns.get(table.name)
        if columns is None:
            columns = self._columns[table.name] = _Columns(table, self._dialect)
        return columns

    def _text(self, key: Any, make: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        texts = self._texts.get(key)
        if texts is None:
            texts = make()
            self._texts[key] = texts = tuple(map(_numbered, texts)) if self._at_once else texts
        return texts

    @contextmanager
    def _driver(self, connection: Connection) -> Iterator[Callable[..., Any]]:
        """The driver's execute, in the transaction that the connection has open; its errors become those that Core raises."""
        cursor = self._cursor(connection.connection.driver_connection)
        try:
            yield cursor.execute
        except self._errors as error:
            raise DBAPIError.instance(None, None, error, self._errors, dialect=self._dialect) from error
        finally:
            cursor.close()


def _numbered(text: str) -> str:
    """PostgreSQL's own marks, $1 and so on, for the question marks in a text."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", text)


def _numbered_cursor(driver: Any) -> Any:
    """A cursor of psycopg that takes PostgreSQL's own marks; others it translates, anew each time where there are more than 50."""
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

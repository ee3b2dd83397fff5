"""Running numbers without gaps: dossier codes of a day, books of a year, forms, nonconformities."""

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from processes.organisation.models import NumberSequence


def take_numbers(connection: Connection, *, agency_id: int, book: str, period: str, count: int = 1) -> int:
    """Take the next `count` numbers; returns the first of them.

    The sequence's row stays locked to the end of the transaction and a rollback gives the numbers back, so there are no gaps.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(NumberSequence).values(agency_id=agency_id, book=book, period=period, last_no=count)
    taken = statement.on_conflict_do_update(
        index_elements=["agency_id", "book", "period"], set_={"last_no": NumberSequence.last_no + count}
    ).returning(NumberSequence.last_no)
    return int(connection.execute(taken).scalar_one()) - count + 1

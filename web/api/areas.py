"""What every resource of the API starts from."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from processes.wiring import Areas
from web.services import services


def areas() -> Areas:
    """The areas behind this application."""
    found = services().areas
    assert found is not None, "the API needs the areas that processes.wiring builds"
    return found


@contextmanager
def reading() -> Iterator[Connection]:
    with services().database.reading() as connection:
        yield connection


@contextmanager
def writing() -> Iterator[Connection]:
    with services().database.writing() as connection:
        yield connection

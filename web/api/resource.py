"""flask-smorest's blueprint with types: what a resource takes, gives and where it is."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask_smorest import Blueprint
from marshmallow import Schema

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Resource(Blueprint):  # type: ignore[misc]  # the library has no types
    """A group of routes under one address, described in the OpenAPI document."""

    def at(self, rule: str) -> Callable[[Decorated], Decorated]:
        """Where a class of views answers."""
        return cast(Callable[[Decorated], Decorated], self.route(rule))

    def takes(self, schema: type[Schema] | Schema, *, location: str = "json") -> Callable[[Decorated], Decorated]:
        """What a view is handed, checked; unknown fields are refused."""
        return cast(Callable[[Decorated], Decorated], self.arguments(schema, location=location))

    def gives(self, status: int, schema: type[Schema] | Schema | None = None) -> Callable[[Decorated], Decorated]:
        """What a view answers with."""
        return cast(Callable[[Decorated], Decorated], self.response(status, schema))

    def is_open(self) -> Callable[[Decorated], Decorated]:
        """Describes a route that needs no token."""
        return cast(Callable[[Decorated], Decorated], self.doc(security=[]))

"""The official forms of a dossier as links; number, title and circular are those of the day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask import current_app, url_for

from processes.forms.definitions import FormDefinition, definition_on


@dataclass(frozen=True)
class FormLink:
    """A form to print; without an address it is kept as a record."""

    number: str
    title: str
    href: str | None


def form_on(form: str, on: date) -> FormDefinition:
    """Raises: NotFoundError for a form that no circular lays down for that day."""
    return definition_on(form, on)


def form_href(code: str, form: str) -> str | None:
    """Where the PDF of a form is made; None when it is not."""
    endpoint = f"forms.{form}"
    return url_for(endpoint, code=code) if endpoint in current_app.view_functions else None


def form_links(code: str, forms: Iterable[str], on: date) -> list[FormLink]:
    return [FormLink((known := definition_on(form, on)).number, known.title, form_href(code, form)) for form in forms]

"""Which official form has which number, title and circular on which day. Data, since they moved in 2025 and will move again."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from engine.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class FormDefinition:
    """An official form as a circular lays it down."""

    key: str
    number: str
    title: str
    circular: str
    paper: str
    from_on: date
    until_on: date | None = None
    template: str | None = None  # None: kept as a numbered record

    @property
    def citation(self) -> str:
        """The line that the form carries at its top."""
        return f"Mẫu số {self.number} ban hành kèm theo {self.circular}"

    @property
    def short(self) -> str:
        """The form as other papers mention it: "Mẫu 02"."""
        return f"Mẫu {self.number}"


@cache
def definitions() -> tuple[FormDefinition, ...]:
    """Every form of every circular known, as forms.toml lists them."""
    text = files("processes.forms").joinpath("forms.toml").read_text(encoding="utf-8")
    return tuple(FormDefinition(**row) for row in tomllib.loads(text)["forms"])


def definition_on(key: str, on: date) -> FormDefinition:
    """The form as it stood on a local day.

    Raises: NotFoundError (form_unknown, form_not_in_force).
    """
    of_key = [one for one in definitions() if one.key == key]
    if not of_key:
        raise NotFoundError(f"There is no form called {key}.", code="form_unknown", form=key)
    for one in of_key:
        if one.from_on <= on and (one.until_on is None or on <= one.until_on):
            return one
    raise NotFoundError("No circular lays this form down for that day.", code="form_not_in_force", form=key, on=on)

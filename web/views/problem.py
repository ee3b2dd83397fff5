"""A refusal of one of the forms on a page, with what was typed in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from web.errors import Refusal


@dataclass(frozen=True)
class Problem:
    """form: the name of the form that was refused; typed: its fields."""

    form: str
    refusal: Refusal
    typed: Mapping[str, str]

    @property
    def sentence(self) -> str:
        return self.refusal.sentence

    @property
    def reference(self) -> str:
        return self.refusal.reference

    @property
    def fields(self) -> Mapping[str, str]:
        return self.refusal.fields

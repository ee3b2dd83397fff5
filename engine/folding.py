"""Folds Vietnamese text for searching: "dat" finds "Đạt"."""

import unicodedata

_D_STROKE = str.maketrans({"đ": "d", "Đ": "D"})  # a letter of its own: decomposing it leaves the stroke in


def fold(text: str) -> str:
    """The text in lower case, without accents, runs of white space as one space; equal for composed and decomposed input."""
    decomposed = unicodedata.normalize("NFD", text.translate(_D_STROKE))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.lower().split())

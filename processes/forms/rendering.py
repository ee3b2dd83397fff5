"""The one door to typst: a template and its data become a PDF. The same data give the same bytes.

What people typed goes in as data and is never read as markup; templates can read no file and load no package.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import segno
import typst

import processes
from engine.errors import UnavailableError
from processes.forms.wording import printable

_SHARED = "official"  # what all templates have in common; put before each of them
_LIBERATION = (Path("/usr/share/fonts/truetype/liberation2"), Path("/usr/share/fonts/liberation-serif"))
_EMBEDDED = ("Libertinus Serif", "DejaVu Sans Mono")  # inside typst itself; the second has the square for what cannot be printed


def render(template: str, data: Mapping[str, Any], *, made_at: datetime, qr: str) -> bytes:
    """Make a PDF/A of a template; the PDF is dated with the moment handed in, `qr` is what its QR code says.

    Safe to call from several threads at once.

    Raises: UnavailableError (form_not_rendered) when typst refuses or warns, for example of a font that is not there.
    """
    families, fonts = _fonts()
    values = {**_printable(data), "qr": qr_code(qr), "fonts": list(families)}
    try:
        with TemporaryDirectory(prefix="eiso-form-") as empty:
            compiler = typst.Compiler(
                root=empty,
                font_paths=fonts,
                sys_inputs={"data": json.dumps(values, ensure_ascii=False)},
                package_path=empty,
                package_cache_path=empty,
            )
            made, warnings = compiler.compile_with_warnings(
                _source(template), format="pdf", pdf_standards=["a-2b"], timestamp=int(made_at.timestamp())
            )
    except typst.TypstError as error:
        raise _refused(template, error.message) from error
    if warnings or not isinstance(made, bytes):
        raise _refused(template, warnings[0].message if warnings else "nothing came back")
    return made


def qr_code(text: str) -> str:
    """A QR code as SVG, with a quiet zone of two modules: the white of the paper around it is the rest."""
    svg = BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(
        svg, kind="svg", border=2, xmldecl=False, svgclass=None, lineclass=None
    )
    return svg.getvalue().decode()


@cache
def _fonts() -> tuple[tuple[str, ...], typst.Fonts]:
    """The families in the order of preference and the fonts themselves, read once.

    Tinos comes with the front-end build, beside this package; else the machine's Liberation Serif, cut to the same measures.
    """
    tinos = Path(processes.__file__).parent.parent / "web" / "static" / "dist" / "fonts" / "tinos"
    for family, folder in (("Tinos", tinos), *(("Liberation Serif", folder) for folder in _LIBERATION)):
        if folder.is_dir():
            fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])
            if family in fonts.families():
                return (family, *_EMBEDDED), fonts
    return _EMBEDDED, typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[])


@cache
def _source(template: str) -> bytes:
    folder = files("processes.forms").joinpath("templates")
    return b"\n".join(folder.joinpath(f"{name}.typ").read_bytes() for name in (_SHARED, template))


def _printable(value: Any) -> Any:
    """The same data with every text as our fonts can print it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _printable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(one) for one in value]
    return value


def _refused(template: str, reason: str) -> UnavailableError:
    return UnavailableError("The form could not be made.", code="form_not_rendered", template=template, reason=reason)

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import committed, name

BINARY = {".png", ".ttf", ".woff2", ".pdf", ".docx", ".xlsx", ".zip", ".ico"}
# Put together here, so that this file does not hold what it forbids.
HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"))]
HOSTS += [".".join(parts) for parts in (("deb", "debian", "org"), ("archive", "ubuntu", "com"), ("proxy", "golang", "org"))]
PLACES = re.compile(r"(?<![\w.}>)~*-])/(?:" + "|".join(("work", "root", "home", "Users")) + r")/[\w.-]")


class TestCommittedFiles:
    def test_name_no_package_registry(self) -> None:
        assert [line for host in HOSTS for line in _lines_with(re.compile(re.escape(host)))] == []

    def test_name_no_place_on_somebodys_machine(self) -> None:
        assert list(_lines_with(PLACES)) == []

    @pytest.mark.parametrize("line", ["open('/%s/main/engine')", "see /%s/lan/eiso", '"/%s/x"'])
    def test_would_be_caught(self, line: str) -> None:
        assert PLACES.search(line % "home")
        assert PLACES.search(line % "work")

    def test_hold_nothing_that_was_built(self) -> None:
        built = ("/node_modules/", "/dist/", "/__pycache__/", "/.venv/", "/var/")
        assert [name(path) for path in committed() if any(part in f"/{name(path)}" for part in built)] == []


def _lines_with(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in committed():
        text = _text(path)
        for number, line in enumerate(text.splitlines(), 1) if pattern.search(text) else ():
            if pattern.search(line):
                yield f"{name(path)}:{number}"


def _text(path: Path) -> str:
    return "" if path.suffix.lower() in BINARY else path.read_text(encoding="utf-8", errors="replace")

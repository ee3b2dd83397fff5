import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import modules, name

# The clock tells the time; ids hold a millisecond of their making, which nothing else reads.
MAY_ASK_THE_MACHINE = {"engine/clock.py", "engine/ids.py"}
ASKING = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("func", "now"),
    ("func", "current_timestamp"),
}


class TestTime:
    def test_is_told_by_the_clock_alone(self) -> None:
        asking = [
            place for path in modules("engine", "processes", "web") if name(path) not in MAY_ASK_THE_MACHINE for place in _asking(path)
        ]
        assert asking == []

    def test_would_be_found_elsewhere(self) -> None:
        """The clock itself asks the machine; a guard that does not see that sees nothing."""
        clock = next(path for path in modules("engine") if name(path) == "engine/clock.py")
        assert list(_asking(clock))


def _asking(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and (_owner(node.value), node.attr) in ASKING:
            yield f"{name(path)}:{node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "time" and {alias.name for alias in node.names} & {"time", "time_ns"}:
            yield f"{name(path)}:{node.lineno}"


def _owner(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""

"""What the guard tests read: the files of the checkout, and our own modules among them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSES = ("engine", "processes", "web", "bpmn", "tests")


@cache
def committed() -> tuple[Path, ...]:
    """Every file that is committed or would be: what git does not ignore. A copy without git has all its files looked at."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        return tuple(path for house in HOUSES for path in (ROOT / house).rglob("*") if path.is_file() and "node_modules" not in path.parts)
    return tuple(path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file())


def modules(*houses: str) -> list[Path]:
    """Our Python modules, revisions left out: they are written by machine."""
    chosen = houses or ("engine", "processes", "web", "tests")
    return [path for path in committed() if path.suffix == ".py" and name(path).split("/")[0] in chosen and "versions" not in path.parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()

from alembic.script import ScriptDirectory

from tests.architecture.sources import HOUSES, ROOT, modules, name
from web.schema import MIGRATIONS

MOST_LINES = 400
# A module that must be longer stands here with its reason.
LONGER: dict[str, str] = {}
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


class TestModules:
    def test_fit_in_the_head(self) -> None:
        lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
        assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES and path not in LONGER} == {}
        assert {path for path in LONGER if lengths.get(path, 0) <= MOST_LINES} == set(), "no longer needed in LONGER"

    def test_have_names_that_say_what_they_are(self) -> None:
        named = {name(path): {path.stem, *path.relative_to(ROOT).parent.parts} for path in modules()}
        assert [path for path, parts in named.items() if parts & NAMES_THAT_SAY_NOTHING] == []


class TestHouses:
    def test_introduce_themselves(self) -> None:
        assert [house for house in HOUSES if not (ROOT / house / "README.md").exists()] == []

    def test_hold_packages_that_import(self) -> None:
        """A folder of modules without __init__.py is left out of the installed package without a word."""
        folders = {path.parent for path in modules("engine", "processes", "web")}
        assert [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


class TestRevisions:
    def test_follow_one_another_in_one_line(self) -> None:
        script = ScriptDirectory(str(MIGRATIONS))
        assert len(script.get_heads()) == 1
        numbers = sorted(revision.revision for revision in script.walk_revisions())
        assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]

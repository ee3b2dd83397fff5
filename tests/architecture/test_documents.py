import re

from tests.architecture.sources import ROOT, committed, name
from web.cli import COMMANDS

README = (ROOT / "README.md").read_text(encoding="utf-8")


class TestReadme:
    def test_begins_with_the_two_commands(self) -> None:
        first = [line.split("#")[0].strip() for line in README.splitlines() if line.startswith("    ")][:2]
        assert first == ["make run", "make test"]

    def test_names_every_command_and_no_other(self) -> None:
        table = README.split("<!-- commands:")[1].split("## ")[0]
        assert set(re.findall(r"^\| `eiso ([a-z-]+)", table, re.MULTILINE)) == set(COMMANDS)


class TestDocuments:
    def test_link_to_files_that_exist(self) -> None:
        broken = []
        for path in committed():
            if path.suffix != ".md":
                continue
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
                if "://" not in target and not (path.parent / target).exists():
                    broken.append(f"{name(path)}: {target}")
        assert broken == []

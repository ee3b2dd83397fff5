"""`eiso model check`: files, folders and called processes, from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.unit.model_drafts import Draft, straight
from tests.unit.test_procedure import LEAST
from web.cli.model import model


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(model, ["check", *map(str, arguments)])


def findings(*arguments: str | Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*arguments, "--json").output)["findings"]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A procedure with a model that calls another process."""
    called = Draft("tra", procedure=None).start("s2").step("C1").end("e2").way("s2", "C1", "e2")
    main = Draft().start().call("c", "tra").step("B8", status="9").step("B9", "untimed", status="10").end()
    (tmp_path / "model.bpmn").write_bytes(main.way("start", "c", "B8", "B9", "end").xml())
    (tmp_path / "tra.bpmn").write_bytes(called.xml())
    (tmp_path / "procedure.toml").write_text(LEAST.replace("version", 'called = ["tra.bpmn"]\nversion'), encoding="utf-8")
    return tmp_path


class TestModelCheck:
    def test_takes_the_limit_from_beside_the_model_and_the_called_process_too(self, folder: Path) -> None:
        (found,) = findings(folder / "model.bpmn")
        assert (found["rule"], found["severity"], found["facts"]["needed_minutes"]) == ("budget.fits", "info", 120)
        assert found["file"] == str(folder / "model.bpmn") and set(found) >= {"element_id", "message", "remedy", "line"}
        assert run(folder / "model.bpmn").exit_code == 0

    def test_takes_a_folder_the_procedure_or_all_its_files_for_the_same(self, folder: Path) -> None:
        once = findings(folder / "model.bpmn")
        assert once == findings(folder) == findings(folder / "procedure.toml") == findings(folder / "tra.bpmn", folder / "model.bpmn")

    def test_checks_a_called_process_as_one(self, folder: Path) -> None:
        assert [f["rule"] for f in findings(folder / "tra.bpmn")] == ["budget.not_checked"]

    def test_finds_called_processes_without_a_procedure(self, folder: Path) -> None:
        (folder / "procedure.toml").unlink()
        assert [f["rule"] for f in findings(folder)] == ["budget.not_checked"]
        assert run(folder).exit_code == 0

    def test_exits_with_1_on_an_error_and_names_everything(self, tmp_path: Path) -> None:
        path = tmp_path / "model.bpmn"
        path.write_bytes(straight().way("B1", "B3").xml())
        result = run(path)
        assert result.exit_code == 1
        assert f"{path}:" in result.output and "B1 error [fork.implicit]" in result.output and "1 error(s)" in result.output
        assert json.loads(run(path, "--json").output)["ok"] is False

    def test_reports_a_limit_that_is_too_short(self, folder: Path) -> None:
        toml = folder / "procedure.toml"
        toml.write_text(toml.read_text(encoding="utf-8").replace("8h", "1h"), encoding="utf-8")
        assert [f["rule"] for f in findings(folder)] == ["budget.exceeded"] and run(folder).exit_code == 1

    def test_reports_a_procedure_that_cannot_be_read_or_names_no_file(self, folder: Path) -> None:
        toml = folder / "procedure.toml"
        text = toml.read_text(encoding="utf-8")
        toml.write_text(text.replace("tra.bpmn", "mat.bpmn"), encoding="utf-8")
        assert "procedure.file_missing" in {f["rule"] for f in findings(folder / "model.bpmn")}
        toml.write_text(text.replace("version", "verson"), encoding="utf-8")
        assert {f["rule"] for f in findings(folder / "model.bpmn")} == {"procedure.invalid", "budget.not_checked"}
        assert run(folder / "model.bpmn").exit_code == 1

    def test_reports_a_file_that_is_no_model(self, tmp_path: Path) -> None:
        path = tmp_path / "model.bpmn"
        path.write_bytes(b"<!DOCTYPE x><x/>")
        assert [f["rule"] for f in findings(path)] == ["file.doctype"] and run(path).exit_code == 1

    def test_exits_with_2_on_wrong_use(self, tmp_path: Path) -> None:
        assert run().exit_code == run(tmp_path / "none.bpmn").exit_code == run(tmp_path).exit_code == 2

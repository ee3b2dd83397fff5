"""The commands with which an installation is run: doctor, sweep, export, serve, scheduler."""

import csv
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result
from sqlalchemy import delete, insert

from engine.database import Database
from engine.errors import InvalidError, UnavailableError
from engine.tables import marks
from processes.dossiers.export import DOSSIER_COLUMNS, STEP_COLUMNS
from processes.quality import queries as quality
from processes.quality.models import nonconformities
from tests.office import Office, open_office
from web.cli.doctor import doctor
from web.cli.export import export
from web.cli.serve import serve
from web.cli.sweep import sweep

Run = Callable[..., Result]


@pytest.fixture
def office(database: Database) -> Office:
    """On a simulated database, so that it does not matter what the machine's own clock says."""
    office = open_office(database).at("2026-11-20T08:00")
    mark_simulated(database)
    return office


def mark_simulated(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(marks).values(name="simulated", value="7"))


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("EISO_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("EISO_VAR", str(tmp_path / "var"))

    def call(command: Command, *arguments: str) -> Result:
        result = CliRunner().invoke(command, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


class TestSweep:
    def test_prints_the_keys_that_scripts_rely_on_and_finds_nothing_the_second_time(self, office: Office, run: Run) -> None:
        office.accept()
        first = json.loads(run(sweep, "--at", "2026-11-20T10:01", "--json").stdout)
        assert first == {"timers_fired": 0, "steps_overdue": 1, "dossiers_overdue": 0, "nonconformities_raised": 1}
        second = json.loads(run(sweep, "--at", "2026-11-20T10:01", "--json").stdout)
        assert second == dict.fromkeys(first, 0)

    def test_refuses_the_future_unless_the_database_is_simulated(self, database: Database, run: Run) -> None:
        with pytest.raises(InvalidError, match="future"):
            run(sweep, "--at", "2100-01-01T08:00+07:00")
        mark_simulated(database)
        assert run(sweep, "--at", "2100-01-01T08:00+07:00").exit_code == 0

    def test_says_in_words_what_it_found(self, office: Office, run: Run) -> None:
        office.accept()
        told = run(sweep, "--at", "2026-11-20T10:01").stdout
        assert told == "1 steps and 0 dossiers found overdue, 1 nonconformities raised, 0 timers fired.\n"


class TestDoctor:
    def test_passes_and_fails_when_one_nonconformity_is_deleted_by_hand(self, office: Office, run: Run) -> None:
        accepted = office.accept()
        run(sweep, "--at", "2026-11-20T10:01")
        passed = run(doctor, "--json")
        assert (passed.exit_code, json.loads(passed.stdout)["ok"]) == (0, True)
        with office.database.writing() as connection:
            connection.execute(delete(nonconformities))
        failed = run(doctor, "--json")
        report = json.loads(failed.stdout)
        assert (failed.exit_code, report["ok"]) == (1, False)
        assert {tuple(check) for check in report["checks"]} == {("name", "ok", "counted", "detail")}
        assert f"{accepted.code}/B1/1: its breach has no nonconformity" in {check["detail"] for check in report["checks"]}

    def test_tells_people_what_does_not_hold(self, office: Office, run: Run) -> None:
        office.accept()
        run(sweep, "--at", "2026-11-20T10:01")
        assert run(doctor).stdout.splitlines()[-1] == "All 29 checks hold, as of 2026-11-20T10:01:00+07:00."
        missed = run(doctor, "--at", "2026-11-23T10:01")
        assert missed.exit_code == 1
        assert missed.stdout.splitlines()[-1] == "1 of 29 checks do not hold, as of 2026-11-23T10:01:00+07:00."

    def test_asks_for_a_prepared_database(self, empty_database: Database, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EISO_DATABASE_URL", empty_database.url.render_as_string(hide_password=False))
        with pytest.raises(UnavailableError, match="eiso init"):
            run(doctor)


class TestExport:
    @pytest.mark.parametrize(
        ("kind", "columns"), [("dossiers", DOSSIER_COLUMNS), ("steps", STEP_COLUMNS), ("nonconformities", quality.COLUMNS)]
    )
    def test_writes_the_header_of_the_interface(self, office: Office, run: Run, kind: str, columns: tuple[str, ...]) -> None:
        interface = {
            "steps": "agency,dossier_code,step_code,pass,handler,opened_at,claimed_at,due_at,done_at,status,breached_at",
            "dossiers": "agency,dossier_code,procedure,status,accepted_at,due_at,promised_at,finished_at,returned_at,breached_at",
            "nonconformities": "agency,number,kind,source,occurred_at,raised_at,status,cancelled_at",
        }
        assert run(export, kind).stdout == interface[kind] + "\n"
        assert ",".join(columns) == interface[kind]

    def test_writes_moments_with_their_offset_and_nothing_as_nothing(self, office: Office, run: Run) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        (row,) = list(csv.DictReader(io.StringIO(run(export, "steps").stdout)))
        assert row == {
            "agency": "H99.018",
            "dossier_code": accepted.code,
            "step_code": "B1",
            "pass": "1",
            "handler": "nang.hoang",
            "opened_at": "2026-11-20T08:00:00+07:00",
            "claimed_at": "2026-11-20T08:00:00+07:00",
            "due_at": "2026-11-20T10:00:00+07:00",
            "done_at": "",
            "status": "claimed",
            "breached_at": "",
        }

    def test_writes_into_a_file_and_says_how_much(self, office: Office, run: Run, tmp_path: Path) -> None:
        office.accept()
        office.accept()
        out = tmp_path / "dossiers.csv"
        assert json.loads(run(export, "dossiers", "--out", str(out), "--json").stdout) == {"rows": 2, "file": str(out)}
        assert len(out.read_text(encoding="utf-8").splitlines()) == 3

    def test_names_a_file_that_cannot_be_written(self, office: Office, run: Run, tmp_path: Path) -> None:
        result = CliRunner().invoke(export, ["steps", "--out", str(tmp_path / "nowhere" / "steps.csv")])
        assert result.exit_code == 1  # 2 by way of web.cli.main
        assert "cannot be written: No such file or directory" in result.output


class TestServe:
    def test_says_in_one_line_that_the_port_is_taken(self, office: Office, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            monkeypatch.setenv("EISO_LISTEN", f"127.0.0.1:{port}")
            result = CliRunner().invoke(serve, [])
        assert f"127.0.0.1:{port} is in use; name another with EISO_LISTEN" in result.output


class TestProcess:
    def test_exits_as_scripts_rely_on(self, sqlite_url: str, tmp_path: Path) -> None:
        """0 done, 1 what was checked does not hold, 2 bad input with one line and no traceback."""
        database = Database(sqlite_url)
        office = open_office(database).at("2026-11-20T08:00")
        office.accept()
        mark_simulated(database)

        def eiso(*arguments: str) -> subprocess.CompletedProcess[str]:
            environment = {**os.environ, "EISO_DATABASE_URL": sqlite_url, "EISO_VAR": str(tmp_path)}
            command = [sys.executable, "-c", "from web.cli import main; main()", *arguments]
            return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

        assert eiso("sweep", "--at", "2026-11-20T10:01").returncode == 0
        assert eiso("doctor").returncode == 0
        with database.writing() as connection:
            connection.execute(delete(nonconformities))
        database.dispose()
        assert eiso("doctor").returncode == 1
        for wrong in (
            ("doctor", "--at", "hôm qua"),
            ("export", "people"),
            ("export", "steps", "--out", str(tmp_path / "không" / "có.csv")),
        ):
            refused = eiso(*wrong)
            assert refused.returncode == 2, refused
            assert "Traceback" not in refused.stderr

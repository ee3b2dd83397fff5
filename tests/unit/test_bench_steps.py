"""`eiso bench` on next to nothing: the shape of its rows, on both databases. How quick anything is, is no test."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.database import Database
from tests.benchmarks import steps, sweeping
from tests.benchmarks.floor import prepare_sqlite, sqlite_floor
from tests.benchmarks.targets import CannotMeasureError, named_target
from tests.benchmarks.workload import Answer, Timing, complete_all, create_all
from tests.office import open_office
from web.cli import bench as command
from web.cli import main

RATES = {"name", "database", "workers", "n", "floor_per_s", "ours_per_s", "ratio", "p50_ms", "p95_ms"}


def quiet(_line: str) -> None:
    """Nobody watches."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a database without any table, of both kinds."""
    address: str = request.getfixturevalue(f"empty_{request.param}_url")
    return address


class TestBenchSteps:
    def test_tells_both_operations_with_every_key(self, url: str) -> None:
        with named_target(url) as target:
            rows = list(steps.bench(target, "tiny", quiet))
        workers = [1] if target.kind == "sqlite" else [1, 2]
        assert [(row["name"], row["workers"]) for row in rows] == [(name, number) for number in workers for name in ("complete", "create")]
        for row in rows:
            assert set(row) >= RATES
            assert row["database"] == target.kind
            assert row["ratio"] == pytest.approx(row["ours_per_s"] / row["floor_per_s"], rel=0.01, abs=0.001)

    def test_counts_what_was_measured_and_not_the_first_round(self, empty_sqlite_url: str) -> None:
        with named_target(empty_sqlite_url) as target:
            rows = {row["name"]: row for row in steps.bench(target, "tiny", quiet)}
        assert (rows["create"]["n"], rows["complete"]["n"]) == (2, 12)  # two instances of six steps; of so few none is sent back

    def test_runs_again_where_it_ran_before(self, url: str) -> None:
        for _ in range(2):
            with named_target(url) as target:
                assert list(sweeping.bench(target, "tiny", quiet))

    def test_leaves_no_table_of_the_floor(self, empty_postgresql_url: str) -> None:
        with named_target(empty_postgresql_url):
            pass
        database = Database(empty_postgresql_url)
        with database.reading() as connection:
            schemas = connection.exec_driver_sql("select count(*) from pg_namespace where nspname = 'bench_floor'").scalar_one()
        database.dispose()
        assert schemas == 0

    def test_refuses_a_database_that_holds_dossiers(self, database: Database) -> None:
        open_office(database).accept()
        with pytest.raises(CannotMeasureError, match="holds dossiers"), named_target(database.url.render_as_string(hide_password=False)):
            pass


class TestBenchSweep:
    def test_finds_nothing_when_idle_and_every_breach_afterwards(self, url: str) -> None:
        with named_target(url) as target:
            idle, breach = sweeping.bench(target, "tiny", quiet)
        assert (idle["name"], idle["steps"], idle["n"]) == ("sweep.idle", sweeping.AMOUNTS["tiny"].open, 3)
        assert (breach["name"], breach["n"]) == ("sweep.breach", sweeping.AMOUNTS["tiny"].breaches)
        database = Database(target.url)
        with database.reading() as connection:
            raised = connection.exec_driver_sql("select count(*), count(distinct source) from nonconformities").one()
        database.dispose()
        assert tuple(raised) == (10, 10)


class TestWorkload:
    def test_sends_one_instance_in_ten_back_once(self, tmp_path: Path) -> None:
        floor, close = _floor(tmp_path)
        timing = Timing()
        complete_all(floor, create_all(floor, range(20), Timing()), 3, timing)
        close()
        assert len(timing.seconds) == 20 * 6 + 2 * 2
        counted = sqlite3.connect(tmp_path / "floor.db").execute(
            "select (select count(*) from instances where status = 'ended'), (select count(*) from steps where status <> 'done'),"
            " (select count(*) from audit)"
        )
        assert counted.fetchone() == (20, 0, 20 + len(timing.seconds))

    def test_floor_refuses_a_step_that_is_done(self, tmp_path: Path) -> None:
        floor, close = _floor(tmp_path)
        step = floor.create(1)
        floor.complete(step, Answer("done", {}))
        with pytest.raises(RuntimeError):
            floor.complete(step, Answer("done", {}))
        close()


class TestCommand:
    @pytest.mark.parametrize("arguments", [["--json"], []])
    def test_prints_the_rows(self, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        row = {"name": "complete", "database": "sqlite", "workers": 1, "n": 1200, "ratio": 0.5}
        monkeypatch.setattr(command, "measure", lambda *_: [row])
        code, out, _ = _run(monkeypatch, capsys, "bench", "steps", *arguments)
        assert code == 0
        if arguments:
            assert json.loads(out) == {"rows": [row]}
        else:
            assert [line.split() for line in out.splitlines()] == [
                ["name", "database", "workers", "n", "ratio"],
                ["complete", "sqlite", "1", "1,200", "0.5"],
            ]

    def test_says_where_it_can_be_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(command, "CHECKOUT", tmp_path)
        code, _, err = _run(monkeypatch, capsys, "bench", "steps")
        assert code == 2
        assert "checkout" in err

    @pytest.mark.parametrize("url", ["nonsense", "sqlite://", "postgresql://nobody@127.0.0.1:1/nothing"])
    def test_refuses_what_is_no_database_in_one_line(
        self, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = _run(monkeypatch, capsys, "bench", "sweep", "--database", url)
        assert code == 2
        assert len(err.splitlines()) == 1


def _floor(folder: Path) -> Any:
    prepare_sqlite(folder / "floor.db")
    return sqlite_floor(folder / "floor.db")


def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    monkeypatch.setattr("sys.argv", ["eiso", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, *capsys.readouterr()

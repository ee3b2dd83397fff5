"""`eiso calendar due`, called as a person calls it."""

import csv
import json
import sys
from datetime import datetime
from pathlib import Path

import pytest

from web.cli import main

VECTORS = Path(__file__).parents[1] / "data" / "working_time_vectors.csv"


class Eiso:
    """Runs the command and keeps what it said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.code: object = None
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> "Eiso":
        self._monkeypatch.setattr(sys, "argv", ["eiso", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        self.code = ended.value.code
        self.out, self.err = self._capsys.readouterr()
        return self


@pytest.fixture
def eiso(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Eiso:
    monkeypatch.delenv("EISO_TIMEZONE", raising=False)
    return Eiso(monkeypatch, capsys)


class TestDue:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (("2026-11-20T14:20", "3d"), "2026-11-26T14:20"),
            (("2026-11-20T14:20", "3d", "--rule", "endofday"), "2026-11-26T17:00"),
            (("2026-11-20T07:20:30Z", "3d"), "2026-11-26T14:20"),
            (("2026-11-20T14:20+07:00", "3d"), "2026-11-26T14:20"),
            (("2026-11-20T14:20", "untimed"), "untimed"),
        ],
    )
    def test_prints_local_minutes(self, eiso: Eiso, arguments: tuple[str, ...], expected: str) -> None:
        assert (eiso("calendar", "due", *arguments).code, eiso.out) == (0, f"{expected}\n")

    def test_prints_facts_for_programs(self, eiso: Eiso) -> None:
        facts = json.loads(eiso("calendar", "due", "2026-12-31T16:00", "2h", "--json", "--explain").out)
        assert facts["due"] == "2027-01-04T08:30:00+07:00"
        assert facts["provisional"] == ["2027-01-01"]
        assert sum(day["minutes"] for line in facts["explanation"] for day in line["days"]) == 120

    def test_explains_day_by_day(self, eiso: Eiso) -> None:
        out = eiso("calendar", "due", "2026-11-20T14:20", "3d", "--explain").out
        assert out.startswith("2026-11-26T14:20\n")
        assert "Ngày Văn hóa Việt Nam (Nghị quyết 28/2026/QH16)" in out
        assert "13:00–14:20" in out

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("2026-11-20T14:20",),
            ("2026-11-20", "3d"),
            ("2026-11-31T14:20", "3d"),
            ("2026-11-20T14:20", "3 days"),
            ("2026-11-20T14:20", "0.5d", "--rule", "endofday"),
            ("2026-11-20T14:20", "3d", "--rule", "guess"),
            ("2031-11-20T14:20", "3d"),
            ("2026-11-20T14:20", "3d", "--csv", str(VECTORS)),
            ("--csv", "no-such-file.csv"),
        ],
    )
    def test_answers_bad_input_with_two_and_no_traceback(self, eiso: Eiso, arguments: tuple[str, ...]) -> None:
        assert eiso("calendar", "due", *arguments).code == 2
        assert eiso.out == ""
        assert eiso.err and "Traceback" not in eiso.err


class TestDueFromCsv:
    def test_answers_the_thousand_vectors(self, eiso: Eiso, tmp_path: Path) -> None:
        with VECTORS.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        asked = tmp_path / "asked.csv"
        asked.write_text("".join(f"{row['start_local']},{row['add_working_hours']}h\n" for row in rows), encoding="utf-8")
        answers = list(csv.reader(eiso("calendar", "due", "--csv", str(asked)).out.splitlines()))
        assert [one[2] for one in answers] == [
            datetime.fromisoformat(row["due_local_end_of_last_worked_minute"]).strftime("%Y-%m-%dT%H:%M") for row in rows
        ]

    def test_keeps_a_line_of_names_and_what_was_written(self, eiso: Eiso, tmp_path: Path) -> None:
        asked = tmp_path / "asked.csv"
        asked.write_text("\ufeffstart,limit\r\n2026-11-20T14:20,3d\r\n\r\n2026-11-20T14:20,untimed\r\n", encoding="utf-8")
        assert eiso("calendar", "due", "--csv", str(asked)).out == (
            "start,limit,due\n2026-11-20T14:20,3d,2026-11-26T14:20\n2026-11-20T14:20,untimed,\n"
        )

    @pytest.mark.parametrize("line", ["2026-11-20T14:20", "2026-11-20T14:20,4x", "gibberish,3d", "2031-01-01T08:00,3d"])
    def test_names_the_line_at_fault_and_prints_nothing_else(self, eiso: Eiso, tmp_path: Path, line: str) -> None:
        asked = tmp_path / "asked.csv"
        asked.write_text(f"2026-11-20T14:20,3d\n{line}\n", encoding="utf-8")
        assert (eiso("calendar", "due", "--csv", str(asked)).code, eiso.out) == (2, "")
        assert "Line 2" in eiso.err

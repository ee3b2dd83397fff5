import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from engine.database import Database
from tests.integration.traced import Traced
from web.cli.trace import trace


@pytest.fixture
def traced(database: Database, monkeypatch: pytest.MonkeyPatch) -> Traced:
    monkeypatch.setenv("EISO_DATABASE_URL", database.url.render_as_string(hide_password=False))
    return Traced(database)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(trace, arguments)


class TestTraceVerify:
    def test_says_that_the_trace_holds_and_what_was_looked_at(self, traced: Traced) -> None:
        traced.happen(traced.instance(), {"owner": "Nguyễn Văn Vui"}, {})
        traced.loose()
        traced.number()
        result = run("verify")
        assert result.exit_code == 0
        assert result.stdout == ("The trace holds: 3 entries in 1 chains and 1 loose, 1 personal values, 3 leaves, 0 not yet numbered.\n")

    def test_names_the_first_entry_at_fault_and_fails(self, traced: Traced) -> None:
        chain = traced.instance()
        first, _ = traced.happen(chain, times=2)
        with traced.forging() as connection:
            connection.execute(text("update trace_entries set kind = 'dossier.step.skipped' where id = :id"), {"id": first})
        result = run("verify")
        assert result.exit_code == 1
        assert f"First at fault: entry {first} (dossier.step.skipped, H99.018-{chain.id % 1000}): its column kind says" in result.stdout

    def test_gives_programs_the_same(self, traced: Traced) -> None:
        first, _ = traced.happen(traced.instance(), times=2)
        assert json.loads(run("verify", "--json").stdout)["ok"] is True
        with traced.forging() as connection:
            connection.execute(text("update trace_entries set actor_id = 8 where id = :id"), {"id": first})
        result = run("verify", "--json")
        assert result.exit_code == 1
        told = json.loads(result.stdout)
        assert (told["ok"], told["fault_count"], told["counted"]["entries"]) == (False, 1, 2)
        assert (told["first_fault"]["entry_id"], told["first_fault"]["check"]) == (first, "copy")

"""A short fire on either database. `python -m tests.resilience.kill --kills 100` is the long one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from engine.database import Database
from engine.tables import steps
from processes.quality.models import nonconformities
from tests.office import Office, open_office
from tests.resilience import proof
from tests.resilience.durable import KINDS

ROOT = Path(__file__).parents[2]
KILLS = 6


class TestKillMinusNine:
    @pytest.mark.parametrize("kind", KINDS)
    def test_loses_nothing_and_doubles_nothing(self, kind: str) -> None:
        command = [sys.executable, "-m", "tests.resilience.kill", "--kills", str(KILLS), "--database", kind, "--seed", "7", "--json"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
        assert ended.stdout, ended.stderr
        outcome = json.loads(ended.stdout)
        assert outcome["mismatches"] == []
        assert (outcome["kills"], outcome["examinations"]) == (KILLS, KILLS + 1)
        assert outcome["committed"]["complete"] > 0  # otherwise nobody has worked, or been late
        assert outcome["nonconformities"]["step_overdue"] > 0


class TestProof:
    """What the fire is judged by sees what it has to see."""

    @pytest.fixture
    def office(self, database: Database) -> Office:
        office = open_office(database).at("2026-11-20T08:00")
        accepted = office.accept()
        office.at("2026-11-20T09:00").complete(accepted, "nang.hoang")
        office.at("2026-11-20T15:00").sweep()
        return office

    def told(self, office: Office) -> str:
        with office.database.reading() as connection:
            return f"complete B1/1 of {connection.execute(select(steps.c.instance_id)).scalar()}"

    def test_finds_nothing_where_nothing_is_wrong(self, office: Office) -> None:
        assert list(proof.faults(office.database, office.commune.clock)) == []
        assert list(proof.lost(office.database, [self.told(office)])) == []

    def test_finds_a_breach_without_its_nonconformity(self, office: Office) -> None:
        with office.database.writing() as connection:
            connection.execute(delete(nonconformities))
        assert "one to one: 1 breaches, 0 nonconformities" in list(proof.faults(office.database, office.commune.clock))

    def test_finds_a_step_that_is_half_saved(self, office: Office) -> None:
        with office.database.writing() as connection:
            connection.execute(update(steps).where(steps.c.code == "B2").values(status="cancelled"))
        assert any(fault.startswith("running.waiting") for fault in proof.faults(office.database, office.commune.clock))

    def test_finds_what_was_said_to_be_committed_and_is_not_there(self, office: Office) -> None:
        lines = [self.told(office).replace("B1", "B2"), "accept H99.018.01-261120-0002 2.000908", "withdraw H99.018.01-261120-0001"]
        assert len(list(proof.lost(office.database, lines))) == 3

    def test_finds_a_step_that_two_officers_were_told_is_theirs(self, office: Office) -> None:
        (fault,) = proof.lost(office.database, [self.told(office)] * 2)
        assert fault.startswith("doubled")

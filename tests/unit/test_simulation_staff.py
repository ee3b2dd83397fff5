from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from engine.actor import Seat
from engine.model.elements import Lane
from engine.model.procedure import read_procedure
from engine.model.reading import read_model
from processes.organisation.commune import STANDARD_UNITS
from processes.organisation.rules import AGENCY_WIDE_ROLES, COUNTER_ROLES
from processes.simulation.roster import Roster, Worker
from processes.simulation.staff import COMMUNE_STAFF, DEMO_ACCOUNTS, LAND_OFFICE_STAFF

FOLDERS = sorted(folder for folder in (Path(__file__).parents[2] / "bpmn" / "procedures").iterdir() if folder.is_dir())
DAYS = [date(2026, 9, 1) + timedelta(days=n) for n in range(60)]
UNIT_OF_FIELD = {field: unit.key for unit in STANDARD_UNITS for field in unit.fields}


class TestInventedStaff:
    @pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
    def test_can_do_every_step_with_somebody_to_spare(self, folder: Path) -> None:
        """Two for each lane: one may be away, and nobody checks the own work."""
        facts = read_procedure((folder / "procedure.toml").read_bytes())
        model = read_model({name: (folder / name).read_bytes() for name in (facts.model, *facts.called)})
        able = {lane.id: _able(lane, facts.field) for lane in model.lanes.values()}
        assert {lane: len(people) for lane, people in able.items() if len(people) < 2} == {}
        for step in model.steps.values():
            if step.handler is not None and step.handler.kind == "not":
                checked = model.codes[step.handler.code]
                assert all(able[step.lane_id] - {doer} for doer in able[checked.lane_id])

    def test_have_logins_of_their_own(self) -> None:
        logins = [person.login for person in (*COMMUNE_STAFF, *LAND_OFFICE_STAFF)]
        assert len(set(logins)) == len(logins)
        assert {account.login for account in DEMO_ACCOUNTS} <= set(logins)


def _able(lane: Lane, field: str) -> set[str]:
    unit = lane.unit if lane.unit != "field" else None
    if unit is None and lane.agency == "own" and lane.role not in AGENCY_WIDE_ROLES:
        unit = "counter" if lane.role in COUNTER_ROLES else UNIT_OF_FIELD[field]
    people = COMMUNE_STAFF if lane.agency == "own" else LAND_OFFICE_STAFF
    return {
        person.login for person in people for role, place in person.seats if role == lane.role and (unit is None or place in (None, unit))
    }


class TestPlanAbsences:
    def roster(self) -> Roster:
        seats = {"an": {Seat(1, "clerk")}, "binh": {Seat(1, "clerk")}, "chi": {Seat(2, "leader")}}
        workers = [Worker(login, number, 1, frozenset(held)) for number, (login, held) in enumerate(seats.items())]
        roster = Roster(workers)
        roster.plan_absences(Random(5), DAYS)
        return roster

    def test_sends_people_away_but_never_the_last_one(self) -> None:
        roster = self.roster()
        away = {worker.login: worker.away for worker in roster.workers}
        assert away["an"] | away["binh"]
        assert not away["an"] & away["binh"]
        assert not away["chi"]

    def test_announces_only_days_on_which_somebody_is_away(self) -> None:
        assert all(set(worker.leaves_on) <= worker.away for worker in self.roster().workers)

    def test_names_those_who_may_and_are_there(self) -> None:
        roster = self.roster()
        (clerk, day) = next((worker, day) for worker in roster.workers for day in sorted(worker.away))
        assert clerk not in roster.permitted(1, "step.work", day)
        assert clerk in roster.able(1, "clerk", 1)
        assert roster.able(1, "clerk", 2) == []
        assert roster.able(2, "clerk", 1) == []

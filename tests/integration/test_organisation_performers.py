from pathlib import Path

import pytest

from engine.database import Database
from engine.model.elements import Lane
from engine.model.procedure import read_procedure
from engine.model.reading import read_model
from processes.organisation.operations import add_unit, create_agency, register_partner
from processes.organisation.performers import LaneUnresolvedError, OrganisationPerformers, unstaffed
from processes.organisation.staffing import disable_person
from tests.commune import Commune, found_commune

PROCEDURES = Path(__file__).parents[2] / "bpmn" / "procedures"
RESOLVER = OrganisationPerformers()


@pytest.fixture
def commune(database: Database) -> Commune:
    return found_commune(database)


def lane(role: str, unit: str = "field", agency: str = "own") -> Lane:
    return Lane(id="Lane_1", name="Làn bơi", role=role, unit=unit, agency=agency)


def resolve(database: Database, commune: Commune, one: Lane, field: str = "Đất đai", agency_id: int | None = None) -> tuple[object, ...]:
    with database.reading() as connection:
        found = RESOLVER.resolve_all(connection, agency_id=agency_id or commune.agency_id, field=field, lanes={one.id: one})
    assert list(found) == ["Lane_1"]
    return tuple(found["Lane_1"])


class TestResolveAll:
    def test_takes_a_unit_by_its_key(self, database: Database, commune: Commune) -> None:
        assert resolve(database, commune, lane("clerk", "office")) == (commune.agency_id, commune.units["office"], "clerk", None)

    @pytest.mark.parametrize(("field", "unit"), [("Đất đai", "economy"), ("Hộ tịch", "office"), ("Bảo trợ xã hội", "culture_society")])
    def test_takes_the_unit_responsible_for_the_field(self, database: Database, commune: Commune, field: str, unit: str) -> None:
        assert resolve(database, commune, lane("specialist"), field) == (commune.agency_id, commune.units[unit], "specialist", None)

    def test_lets_roles_beside_the_units_stand_for_the_whole_agency(self, database: Database, commune: Commune) -> None:
        assert resolve(database, commune, lane("leader"))[1] is None

    def test_seats_intake_officers_at_the_counter(self, database: Database, commune: Commune) -> None:
        assert resolve(database, commune, lane("intake_officer"))[1] == commune.units["counter"]

    def test_gives_a_step_to_a_partner_on_the_system(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            desk = add_unit(
                connection, agency_id=commune.land_office_id, key="maps", name="Tổ bản đồ", fields=("Đất đai",), **commune.doing
            )
        found = resolve(database, commune, lane("land_officer", agency="land_office"))
        assert found == (commune.land_office_id, desk, "land_officer", None)

    def test_gives_it_to_the_whole_partner_where_no_unit_has_the_field(self, database: Database, commune: Commune) -> None:
        assert resolve(database, commune, lane("land_officer", agency="land_office")) == (
            commune.land_office_id,
            None,
            "land_officer",
            None,
        )

    def test_keeps_the_step_of_a_partner_that_is_not_on_the_system_under_its_name(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            register_partner(connection, agency_id=commune.agency_id, key="land_office", name="Văn phòng đất đai tỉnh", **commune.doing)
        found = resolve(database, commune, lane("land_officer", agency="land_office"))
        assert found == (commune.agency_id, commune.units["economy"], "specialist", "Văn phòng đất đai tỉnh")

    def test_gives_a_step_to_the_parent(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            child = create_agency(
                connection, code="H99.018.09", name="Trạm Mây", kind="office", parent_id=commune.agency_id, **commune.doing
            )
        found = resolve(database, commune, lane("specialist", agency="parent"), agency_id=child)
        assert found == (commune.agency_id, commune.units["economy"], "specialist", None)

    @pytest.mark.parametrize(
        ("one", "field", "remedy"),
        [
            (lane("specialist", "moon_office"), "Đất đai", "moon_office"),
            (lane("specialist"), "Bay lên mây", "Bay lên mây"),
            (lane("specialist", agency="tax_office"), "Đất đai", "tax_office"),
            (lane("specialist", agency="parent"), "Đất đai", "parent"),
            (lane("land_officer", "moon_office", "land_office"), "Đất đai", "moon_office"),
        ],
    )
    def test_refuses_whom_the_agency_does_not_have_and_says_what_to_do(
        self, database: Database, commune: Commune, one: Lane, field: str, remedy: str
    ) -> None:
        with pytest.raises(LaneUnresolvedError) as refused:
            resolve(database, commune, one, field)
        assert refused.value.code == "lane_unresolved"
        assert refused.value.facts["lane_id"] == "Lane_1"
        assert remedy in refused.value.facts["remedy"]


class TestStandardUnits:
    def test_are_enough_for_every_lane_of_the_catalogue(self, database: Database, commune: Commune) -> None:
        checked = 0
        with database.reading() as connection:
            for folder in sorted(PROCEDURES.iterdir()):
                facts = read_procedure((folder / "procedure.toml").read_bytes())
                model = read_model({name: (folder / name).read_bytes() for name in (facts.model, *facts.called)})
                found = RESOLVER.resolve_all(connection, agency_id=commune.agency_id, field=facts.field, lanes=model.lanes)
                assert found.keys() == model.lanes.keys()
                checked += len(found)
        assert checked > 30


class TestUnstaffed:
    def test_names_lanes_that_nobody_could_claim(self, database: Database, commune: Commune) -> None:
        lanes = {
            "staffed": Lane("staffed", "Kinh tế", "specialist"),
            "elsewhere": Lane("elsewhere", "Văn thư", "clerk", "economy"),
            "nobody": Lane("nobody", "Hội đồng", "council"),
            "partner": Lane("partner", "Đất đai", "land_officer", agency="land_office"),
        }
        with database.writing() as connection:
            performers = RESOLVER.resolve_all(connection, agency_id=commune.agency_id, field="Đất đai", lanes=lanes)
            found = unstaffed(connection, lanes=lanes, performers=performers, now=commune.clock.now())
            assert [one.lane_id for one in found] == ["elsewhere", "nobody"]
            disable_person(connection, person_id=commune.people["dat.pham"], **commune.doing)
            found = unstaffed(connection, lanes=lanes, performers=performers, now=commune.clock.now())
            assert [one.lane_id for one in found] == ["staffed", "elsewhere", "nobody"]

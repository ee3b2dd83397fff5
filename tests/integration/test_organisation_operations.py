from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.database import Database
from engine.errors import InvalidError, NotFoundError, NotPermittedError, WrongStateError
from engine.tables import trace_entries
from engine.trace.verification import verify
from processes.organisation import queries
from processes.organisation.models import Agency
from processes.organisation.operations import add_unit, assign_field, create_agency, register_partner
from tests.commune import Commune, found_commune, hire
from tests.refusals import counts, last_entry, refused


@pytest.fixture
def commune(database: Database) -> Commune:
    return found_commune(database)


class TestCreateAgency:
    def test_names_counter_and_place_after_the_commune(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            agency = queries.agency_by_code(connection, "H99.018")
        assert agency.counter_name == "Trung tâm Phục vụ hành chính công xã Suối Mây"
        assert agency.place_name == "Suối Mây"
        assert agency.dossier_code_prefix == "H99.018.01"

    def test_begins_a_chain_whose_head_lies_on_its_row(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            row = connection.execute(select(Agency.trace_seq, Agency.trace_head).where(Agency.id == commune.agency_id)).one()
            chain = connection.execute(
                select(trace_entries.c.chain_seq, trace_entries.c.kind, trace_entries.c.hash)
                .where(trace_entries.c.chain_kind == "agency", trace_entries.c.chain_id == commune.agency_id)
                .order_by(trace_entries.c.chain_seq)
            ).all()
        assert chain[0].kind == "organisation.agency.created"
        assert [entry.chain_seq for entry in chain] == list(range(1, row.trace_seq + 1))
        assert chain[-1].hash == row.trace_head

    def test_names_every_field_at_fault_at_once(self, database: Database, commune: Commune) -> None:
        error = refused(database, InvalidError, lambda c: create_agency(c, code="suối", name=" ", kind="kingdom", **commune.doing))
        assert set(error.errors) == {"code", "name", "kind", "dossier_code_prefix"}

    def test_refuses_a_code_or_a_prefix_that_is_taken(self, database: Database, commune: Commune) -> None:
        error = refused(database, WrongStateError, lambda c: create_agency(c, code="H99.018", name="UBND xã Suối Mưa", **commune.doing))
        assert error.code == "agency_exists"
        refused(
            database,
            WrongStateError,
            lambda c: create_agency(c, code="H99.019", name="UBND xã Suối Mưa", dossier_code_prefix="H99.018.01", **commune.doing),
        )

    def test_lets_an_administrator_create_only_below_the_own_agency(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            actor = commune.actor(connection, "may.quan")
            child = create_agency(
                connection, actor=actor, code="H99.018.09", name="Trạm Mây", kind="office", parent_id=commune.agency_id, **commune.tools()
            )
            assert queries.agency(connection, child).parent_id == commune.agency_id
        for parent_id in (None, commune.land_office_id):
            refused(
                database,
                NotPermittedError,
                lambda c, parent_id=parent_id: create_agency(
                    c, actor=actor, code="H99.020", name="Trạm Gió", parent_id=parent_id, **commune.tools()
                ),
            )


class TestAddUnit:
    def test_records_what_was_added(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            actor = commune.actor(connection, "may.quan")
            unit_id = add_unit(
                connection, actor=actor, agency_id=commune.agency_id, key="clinic", name="Trạm y tế", fields=("Y tế",), **commune.tools()
            )
            unit = next(unit for unit in queries.units(connection, commune.agency_id) if unit.id == unit_id)
            assert (unit.key, unit.name, unit.fields) == ("clinic", "Trạm y tế", ("Y tế",))
            entry = last_entry(connection, commune)
        assert entry["kind"] == "organisation.field.assigned"
        assert entry["actor"] == {"id": commune.people["may.quan"], "label": "may.quan"}
        assert entry["facts"] == {"field": "Y tế", "before": None, "after": "clinic"}

    @pytest.mark.parametrize("key", ["economy", "counter"])
    def test_refuses_a_key_that_is_taken(self, database: Database, commune: Commune, key: str) -> None:
        error = refused(
            database, WrongStateError, lambda c: add_unit(c, agency_id=commune.agency_id, key=key, name="Phòng mới", **commune.doing)
        )
        assert error.code == "unit_exists"

    def test_refuses_a_second_counter(self, database: Database, commune: Commune) -> None:
        error = refused(
            database,
            WrongStateError,
            lambda c: add_unit(c, agency_id=commune.agency_id, key="counter_2", name="Quầy hai", is_counter=True, **commune.doing),
        )
        assert error.code == "counter_exists"

    def test_refuses_an_agency_that_does_not_exist(self, database: Database, commune: Commune) -> None:
        refused(database, NotFoundError, lambda c: add_unit(c, agency_id=1, key="x", name="Phòng không", **commune.doing))

    def test_refuses_whoever_is_no_administrator(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            leader = commune.actor(connection, "tinh.dinh")
        refused(
            database,
            NotPermittedError,
            lambda c: add_unit(c, actor=leader, agency_id=commune.agency_id, key="x", name="Phòng", **commune.tools()),
        )


class TestAssignField:
    def test_moves_a_field_from_one_unit_to_another(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            assign_field(connection, unit_id=commune.units["culture_society"], field="Hộ tịch", **commune.doing)
            holders = [unit.key for unit in queries.units(connection, commune.agency_id) if "Hộ tịch" in unit.fields]
            assert holders == ["culture_society"]
            assert last_entry(connection, commune)["facts"] == {"field": "Hộ tịch", "before": "office", "after": "culture_society"}

    def test_leaves_no_record_when_nothing_changes(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            before = counts(connection)
            assign_field(connection, unit_id=commune.units["office"], field="Hộ tịch", **commune.doing)
            assert counts(connection) == before


class TestRegisterPartner:
    def test_replaces_an_agency_by_a_name(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            register_partner(
                connection, agency_id=commune.agency_id, key="land_office", name="Văn phòng đăng ký đất đai tỉnh", **commune.doing
            )
            assert [(p.key, p.partner_agency_id, p.name) for p in queries.partners(connection, commune.agency_id)] == [
                ("land_office", None, "Văn phòng đăng ký đất đai tỉnh")
            ]
            facts = last_entry(connection, commune)["facts"]
        assert facts["before"] == {"partner_agency_id": commune.land_office_id, "name": None}

    @pytest.mark.parametrize(
        "given",
        [
            {"key": "tax_office"},
            {"key": "parent", "name": "Tỉnh"},
            {"key": "Tax", "name": "Thuế"},
            {"key": "tax", "name": "Thuế", "partner_agency_id": 5},
        ],
    )
    def test_refuses_what_could_not_be_resolved(self, database: Database, commune: Commune, given: dict[str, Any]) -> None:
        refused(database, InvalidError, lambda c: register_partner(c, agency_id=commune.agency_id, **given, **commune.doing))

    def test_refuses_the_agency_itself(self, database: Database, commune: Commune) -> None:
        refused(
            database,
            InvalidError,
            lambda c: register_partner(c, agency_id=commune.agency_id, key="me", partner_agency_id=commune.agency_id, **commune.doing),
        )


class TestTraceOfAnAgency:
    def test_verifies_after_everything_that_was_done(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            report = verify(connection)
        assert report.ok, report
        assert report.counted.chains >= 2

    def test_does_not_verify_when_its_head_is_moved_back(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            connection.execute(update(Agency).where(Agency.id == commune.agency_id).values(trace_seq=Agency.trace_seq - 1))
        with database.reading() as connection:
            assert not verify(connection).ok

    def test_does_not_fork_when_two_administrators_work_at_once(self, database: Database, commune: Commune) -> None:
        def hire_many(team: int) -> None:
            for number in range(5):
                with database.writing() as connection:
                    hire(connection, commune, f"doi{team}.so{number}", f"Đội {team} Số {number}", "clerk", "office")

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(hire_many, (1, 2)))
        with database.reading() as connection:
            report = verify(connection)
        assert report.ok, report
        with database.reading() as connection:
            actor = commune.actor(connection, "may.quan")
            assert len(queries.people(connection, actor=actor, agency_id=commune.agency_id, search="doi")) == 10

"""What the one clause lets through: instances, steps and nonconformities of a commune, its land office and a stranger next door."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, insert, select

from engine.actor import SYSTEM, Actor, Seat
from engine.database import Database
from engine.tables import definitions, instances, steps, trace_entries
from processes.organisation.operations import create_agency
from processes.organisation.rights import (
    ROLE_PERMISSIONS,
    visible,
    visible_entries,
    visible_instances,
    visible_nonconformities,
    visible_steps,
    workable_steps,
)
from tests.commune import START, Commune, found_commune

# What the quality area hands in: columns of a table that organisation does not know.
_papers = Table(
    "papers_of_a_test",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("agency_id", BigInteger),
    Column("handler_id", BigInteger),
    Column("instance_id", BigInteger),
)


@dataclass
class Scene:
    """Ids by what they stand for."""

    commune: Commune
    stranger_id: int
    instances: dict[str, int]
    steps: dict[str, int]

    def actor(self, role: str, agency_id: int | None = None, unit: str | None = None, person_id: int = 1) -> Actor:
        unit_id = self.commune.units[unit] if unit else None
        return Actor(person_id, "ai.do", agency_id or self.commune.agency_id, frozenset({Seat(unit_id, role)}))


@pytest.fixture
def scene(database: Database) -> Scene:
    """Three dossiers and a quality process of the commune, one dossier of a stranger; the land office has a step in one of them."""
    commune = found_commune(database)
    with database.writing() as connection:
        stranger_id = create_agency(connection, code="H99.777", name="UBND xã Suối Mưa", **commune.doing)
        made = Scene(commune, stranger_id, {}, {})
        definition_id = commune.ids.next()
        connection.execute(insert(definitions).values(_row(definitions, id=definition_id, status="published")))
        for name, kind, agency_id in (
            ("plain", "dossier", commune.agency_id),
            ("shared", "dossier", commune.agency_id),
            ("quality", "nonconformity", commune.agency_id),
            ("strange", "dossier", stranger_id),
        ):
            row_id = made.instances[name] = commune.ids.next()
            links = {"definition_id": definition_id, "calendar_version_id": commune.calendar_version_id, "agency_id": agency_id}
            row = _row(instances, id=row_id, subject_id=row_id, subject_kind=kind, status="running", clock="none", **links)
            connection.execute(insert(instances).values(row))
        economy, office = commune.units["economy"], commune.units["office"]
        for name, instance, agency_id, role, unit_id, handler_id in (
            ("plain B1", "plain", commune.agency_id, "intake_officer", commune.units["counter"], None),
            ("plain B2", "plain", commune.agency_id, "specialist", economy, 55),
            ("shared B1", "shared", commune.agency_id, "specialist", economy, None),
            ("shared B2", "shared", commune.land_office_id, "land_officer", None, None),
            ("quality C1", "quality", commune.agency_id, "specialist", office, None),
            ("strange B1", "strange", stranger_id, "specialist", None, None),
        ):
            row_id = made.steps[name] = commune.ids.next()
            links = {"instance_id": made.instances[instance], "calendar_version_id": commune.calendar_version_id}
            who = {"agency_id": agency_id, "role": role, "unit_id": unit_id, "handler_id": handler_id}
            row = _row(steps, id=row_id, task_key=str(row_id), code=name[-2:], status="claimed" if handler_id else "open", **links, **who)
            connection.execute(insert(steps).values(row))
    return made


def _row(table: Table, **values: Any) -> dict[str, Any]:
    """A row in which whatever the test does not care about is filled with something that fits."""
    fillers: dict[type, Any] = {str: "x", int: 0, bool: False, bytes: b"", dict: {}, list: []}
    row = dict(values)
    for column in table.columns:
        if column.name not in row and not column.nullable and column.server_default is None:
            python = column.type.python_type
            row[column.name] = START if column.name.endswith("_at") else fillers.get(python, {})
    return row


def seen(database: Database, scene: Scene, actor: Actor) -> tuple[set[str], set[str]]:
    """The names of the instances and steps that the actor sees; reading, listing and counting use the same clause."""
    with database.reading() as connection:
        found = set(connection.scalars(select(instances.c.id).where(visible_instances(actor))))
        lines = set(connection.scalars(select(steps.c.id).where(visible_steps(actor))))
        assert found == set(connection.scalars(select(instances.c.id).where(visible(actor, instances))))
    return {name for name, row_id in scene.instances.items() if row_id in found}, {
        name for name, row_id in scene.steps.items() if row_id in lines
    }


OWN_DOSSIERS = {"plain", "shared"}
THEIR_STEPS = {"plain B1", "plain B2", "shared B1", "shared B2"}


class TestVisibleInstances:
    @pytest.mark.parametrize("role", ["intake_officer", "specialist", "clerk"])
    def test_are_all_dossiers_of_the_agency_to_its_officers(self, database: Database, scene: Scene, role: str) -> None:
        assert seen(database, scene, scene.actor(role, unit="economy")) == (OWN_DOSSIERS, THEIR_STEPS)

    @pytest.mark.parametrize("role", ["leader", "auditor", "iso_secretary", "division_head"])
    def test_are_quality_processes_too_to_those_who_oversee(self, database: Database, scene: Scene, role: str) -> None:
        assert seen(database, scene, scene.actor(role)) == (OWN_DOSSIERS | {"quality"}, THEIR_STEPS | {"quality C1"})

    def test_are_a_quality_process_to_whom_its_step_falls(self, database: Database, scene: Scene) -> None:
        assert "quality" in seen(database, scene, scene.actor("specialist", unit="office"))[0]
        assert "quality" not in seen(database, scene, scene.actor("specialist", unit="economy"))[0]

    def test_are_to_another_agency_those_with_a_step_of_its_own_with_the_whole_slip(self, database: Database, scene: Scene) -> None:
        land_officer = scene.actor("land_officer", agency_id=scene.commune.land_office_id)
        assert seen(database, scene, land_officer) == ({"shared"}, {"shared B1", "shared B2"})

    def test_are_nothing_of_ours_to_the_stranger_and_nothing_of_theirs_to_us(self, database: Database, scene: Scene) -> None:
        assert seen(database, scene, scene.actor("leader", agency_id=scene.stranger_id)) == ({"strange"}, {"strange B1"})

    @pytest.mark.parametrize("role", sorted(role for role, given in ROLE_PERMISSIONS.items() if not given & {"dossier.read", "step.work"}))
    def test_are_nothing_to_roles_that_read_no_dossiers(self, database: Database, scene: Scene, role: str) -> None:
        assert seen(database, scene, scene.actor(role)) == (set(), set())

    def test_are_nothing_without_a_seat_or_an_agency(self, database: Database, scene: Scene) -> None:
        assert seen(database, scene, Actor(1, "ai.do", scene.commune.agency_id)) == (set(), set())
        assert seen(database, scene, Actor(1, "ai.do", None, frozenset({Seat(None, "leader")}))) == (set(), set())

    def test_are_everything_to_the_system(self, database: Database, scene: Scene) -> None:
        assert seen(database, scene, SYSTEM) == (set(scene.instances), set(scene.steps))


class TestWorkableSteps:
    def test_are_those_that_the_seats_cover(self, database: Database, scene: Scene) -> None:
        cases = {
            ("specialist", "economy"): {"plain B2", "shared B1"},
            ("specialist", "office"): {"quality C1"},
            ("specialist", None): {"plain B2", "shared B1", "quality C1"},
            ("intake_officer", "counter"): {"plain B1"},
            ("leader", None): set(),
        }
        with database.reading() as connection:
            for (role, unit), expected in cases.items():
                actor = scene.actor(role, unit=unit)
                found = set(connection.scalars(select(steps.c.id).where(workable_steps(actor))))
                assert {name for name, row_id in scene.steps.items() if row_id in found} == expected
                rows = connection.execute(select(steps)).mappings()
                held = {row["id"] for row in rows if row["agency_id"] == actor.agency_id and actor.holds(row["role"], row["unit_id"])}
                assert held == found, "the clause and Actor.holds() agree"

    def test_are_also_those_in_the_persons_hands(self, database: Database, scene: Scene) -> None:
        with database.reading() as connection:
            found = list(connection.scalars(select(steps.c.id).where(workable_steps(scene.actor("clerk", person_id=55)))))
        assert found == [scene.steps["plain B2"]]


class TestVisibleNonconformities:
    def test_follow_agency_handler_and_dossier(self, database: Database, scene: Scene) -> None:
        own, land_office = scene.commune.agency_id, scene.commune.land_office_id
        rows = [
            {"id": 1, "agency_id": own, "handler_id": None, "instance_id": scene.instances["plain"]},
            {"id": 2, "agency_id": land_office, "handler_id": 31, "instance_id": scene.instances["shared"]},
            {"id": 3, "agency_id": own, "handler_id": 55, "instance_id": None},
            {"id": 4, "agency_id": scene.stranger_id, "handler_id": None, "instance_id": scene.instances["strange"]},
        ]
        expected = {
            ("leader", own, 1): {1, 2, 3},
            ("clerk", own, 1): {1, 2},
            ("clerk", own, 55): {1, 2, 3},
            ("land_officer", land_office, 31): {2},
            ("administrator", own, 1): set(),
        }
        columns = {"agency_id": _papers.c.agency_id, "handler_id": _papers.c.handler_id, "instance_id": _papers.c.instance_id}
        with database.writing() as connection:
            _papers.create(connection)
            connection.execute(insert(_papers), rows)
            for (role, agency_id, person_id), ids in expected.items():
                actor = scene.actor(role, agency_id=agency_id, person_id=person_id)
                assert set(connection.scalars(select(_papers.c.id).where(visible_nonconformities(actor, **columns)))) == ids
            everything = select(_papers.c.id).where(visible_nonconformities(SYSTEM, **columns))
            assert set(connection.scalars(everything)) == {1, 2, 3, 4}


class TestVisibleEntries:
    def test_are_those_of_the_own_agency_to_auditors_and_to_nobody_at_the_counter(self, database: Database, scene: Scene) -> None:
        with database.reading() as connection:

            def agencies(actor: Actor) -> set[int | None]:
                return set(connection.scalars(select(trace_entries.c.agency_id).where(visible_entries(actor))))

            assert agencies(scene.actor("auditor")) == {scene.commune.agency_id}
            assert agencies(scene.actor("auditor", agency_id=scene.stranger_id)) == {scene.stranger_id}
            assert agencies(scene.actor("intake_officer")) == set()
            assert None in agencies(SYSTEM)

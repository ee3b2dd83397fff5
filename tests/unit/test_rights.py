import pytest

from engine.actor import SYSTEM, Actor, Seat
from engine.errors import NotPermittedError
from processes.organisation.rights import (
    PERMISSIONS,
    ROLE_PERMISSIONS,
    OtherAgencyError,
    may,
    may_view_personal,
    require,
    roles_with,
    visible_instances,
)
from processes.organisation.rules import ROLE_TITLES

SUOI_MAY = 18
LAND_OFFICE = 900


def officer(*roles: str, agency_id: int | None = SUOI_MAY, person_id: int = 7) -> Actor:
    return Actor(person_id=person_id, label="nang.hoang", agency_id=agency_id, seats=frozenset(Seat(None, role) for role in roles))


class TestRolePermissions:
    def test_are_there_for_every_role_of_the_vocabulary_and_no_other(self) -> None:
        vocabulary = (
            "intake_officer, specialist, division_head, leader, clerk, council, iso_secretary, quality_representative, auditor, police, "
            "land_officer, applicant, administrator"
        )
        assert set(ROLE_PERMISSIONS) == set(ROLE_TITLES) == set(vocabulary.split(", "))

    def test_name_only_permissions_that_exist(self) -> None:
        assert frozenset().union(*ROLE_PERMISSIONS.values()) == PERMISSIONS

    def test_keep_the_duties_apart(self) -> None:
        assert not ROLE_PERMISSIONS["administrator"] & {"dossier.read", "dossier.accept", "step.work", "personal.view", "trace.read"}
        assert not ROLE_PERMISSIONS["auditor"] & {"dossier.accept", "quality.close", "quality.cancel", "personal.view"}
        assert roles_with("admin.manage") == {"administrator"}
        assert roles_with("dossier.accept") == {"intake_officer"}
        assert ROLE_PERMISSIONS["applicant"] == frozenset()


class TestMay:
    def test_gives_what_any_of_the_roles_gives(self) -> None:
        both = officer("clerk", "iso_secretary")
        assert may(both, "register.read")
        assert may(both, "quality.close")
        assert not may(both, "quality.cancel")

    def test_gives_nothing_without_a_role_or_to_a_role_unknown(self) -> None:
        assert not any(may(officer(), permission) for permission in PERMISSIONS)
        assert not any(may(officer("king"), permission) for permission in PERMISSIONS)

    def test_gives_nothing_in_another_agency(self) -> None:
        assert may(officer("leader"), "dossier.read", agency_id=SUOI_MAY)
        assert not may(officer("leader"), "dossier.read", agency_id=LAND_OFFICE)

    def test_gives_the_system_everything(self) -> None:
        assert all(may(SYSTEM, permission, agency_id=LAND_OFFICE) for permission in PERMISSIONS)


class TestRequire:
    def test_refuses_and_says_who_could(self) -> None:
        with pytest.raises(NotPermittedError) as refused:
            require(officer("clerk"), "quality.cancel")
        assert refused.value.code == "not_permitted"
        assert refused.value.facts["roles"] == ["leader", "quality_representative"]

    def test_tells_another_agency_from_another_role(self) -> None:
        with pytest.raises(OtherAgencyError):
            require(officer("intake_officer"), "dossier.accept", agency_id=LAND_OFFICE)

    def test_does_not_pass_a_permission_that_nobody_defined(self) -> None:
        with pytest.raises(ValueError):
            require(SYSTEM, "dossier.acept")


class TestMayViewPersonal:
    def test_is_for_the_counter_of_the_agency(self) -> None:
        assert may_view_personal(officer("intake_officer"), agency_id=SUOI_MAY)
        assert not may_view_personal(officer("intake_officer"), agency_id=LAND_OFFICE)

    def test_is_for_a_handler_of_any_agency(self) -> None:
        land_officer = officer("land_officer", agency_id=LAND_OFFICE, person_id=31)
        assert may_view_personal(land_officer, agency_id=SUOI_MAY, handler_ids=[None, 31])
        assert not may_view_personal(land_officer, agency_id=SUOI_MAY, handler_ids=[None, 7])

    def test_is_not_for_an_unnamed_actor_among_unclaimed_steps(self) -> None:
        stranger = Actor(person_id=None, label="cli", agency_id=SUOI_MAY)
        assert not may_view_personal(stranger, agency_id=SUOI_MAY, handler_ids=[None])


class TestVisible:
    def test_is_nothing_for_somebody_of_no_agency(self) -> None:
        assert str(visible_instances(officer("leader", agency_id=None))) == "false"

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from engine.errors import InvalidError
from engine.timelimit import LimitRule
from engine.worktime import default_calendar
from processes.catalogue.queries import ProcedureInForce
from processes.organisation.identifiers import IdentifierKind, Sex, describe, normalise_identifier, normalise_phone
from processes.simulation.arrivals import Arrival, Fate, plan_arrivals
from processes.simulation.citizens import invent_citizen, invent_intake

CALENDAR = default_calendar()
END = CALENDAR.to_utc(datetime(2026, 11, 20, 17, tzinfo=CALENDAR.zone))
BEGIN = END - timedelta(days=30)
TODAY = date(2026, 11, 20)


def procedure(code: str, *channels: str, variants: dict[str, str] | None = None) -> ProcedureInForce:
    limits = {channel: "1d" for channel in channels or ("direct", "online", "postal")}
    papers = [
        {"code": "TP1", "name": "Tờ khai", "originals": 0, "certified": 0, "copies": 0, "required": True},
        {"code": "TP2", "name": "Bản sao", "originals": 0, "certified": 0, "copies": 2, "required": True},
        {"code": "TP3", "name": "Ủy quyền", "originals": 1, "certified": 0, "copies": 0, "required": False},
    ]
    facts = {"variants": variants or {}, "fee": {"amount": 50000, "when": "intake"}}
    return ProcedureInForce(
        version_id=int(code.replace(".", "")),
        code=code,
        version=1,
        name=f"Thủ tục {code}",
        field="Hộ tịch",
        definition_id=1,
        limits={key: limits for key in ["", *(variants or {})]},
        rule=LimitRule.ELAPSED,
        path_minutes=480,
        papers=papers,
        facts=facts,
        effective_from=date(2025, 7, 1),
        effective_to=None,
    )


OFFERED = [
    procedure("2.000815", "direct", variants={"standard": "Thường", "complex": "Phức tạp"}),
    procedure("1.001193"),
    procedure("9.000001"),
]


def plan(count: int = 500, seed: int = 7, offered: list[ProcedureInForce] | None = None, closed_on: date | None = None) -> list[Arrival]:
    return plan_arrivals(Random(seed), count, offered or OFFERED, CALENDAR, begin=BEGIN, end=END, closed_on=closed_on)


class TestPlanArrivals:
    @pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 150, 1000])
    def test_plans_exactly_so_many(self, count: int) -> None:
        assert len(plan(count)) == count

    def test_plans_the_same_for_the_same_seed_in_whatever_order_procedures_come(self) -> None:
        assert plan() == plan(offered=OFFERED[::-1])
        assert plan() != plan(seed=8)

    def test_lets_people_come_in_the_order_of_time_and_before_the_end(self) -> None:
        moments = [one.at for one in plan()]
        assert moments == sorted(moments)
        assert moments[0] >= BEGIN
        assert moments[-1] < END

    def test_lets_nobody_come_to_a_closed_counter(self) -> None:
        closed_on = date(2026, 11, 10)
        arrivals = plan(closed_on=closed_on)
        at_counter = [one.at for one in arrivals if not one.is_filing]
        assert all(any(start <= at < end for start, end in CALENDAR.sessions_on(CALENDAR.local(at).date())) for at in at_counter)
        assert closed_on not in {CALENDAR.local(at).date() for at in at_counter}
        assert closed_on in {CALENDAR.local(one.at).date() for one in arrivals if one.is_filing}

    def test_files_online_in_the_evening_too(self) -> None:
        assert any(CALENDAR.local(one.at).hour >= 19 for one in plan() if one.is_filing)

    def test_asks_only_through_channels_and_variants_that_are_offered(self) -> None:
        by_procedure = {one.procedure: set[tuple[str, str | None]]() for one in plan()}
        for one in plan():
            by_procedure[one.procedure].add((one.channel, one.variant))
        assert by_procedure["2.000815"] == {("direct", "standard"), ("direct", "complex")}
        assert {channel for channel, _ in by_procedure["1.001193"]} == {"direct", "online", "postal"}

    def test_asks_for_common_procedures_more_often(self) -> None:
        asked = Counter(one.procedure for one in plan())
        assert asked["2.000815"] > asked["1.001193"] > asked["9.000001"] > 0

    def test_gives_every_fate_to_somebody(self) -> None:
        assert {one.fate for one in plan(150)} == set(Fate)

    def test_leaves_some_lying_at_the_end(self) -> None:
        left = [one for one in plan(150) if one.is_left_lying]
        assert any(one.is_filing and END - one.at <= timedelta(minutes=90) for one in left)
        assert any(not one.is_filing and END - one.at <= timedelta(minutes=15) for one in left)

    def test_refuses_a_time_in_which_the_office_is_never_open(self) -> None:
        sunday = CALENDAR.to_utc(datetime(2026, 11, 22, 12, tzinfo=CALENDAR.zone))
        with pytest.raises(InvalidError) as refused:
            plan_arrivals(Random(1), 5, OFFERED, CALENDAR, begin=sunday - timedelta(hours=20), end=sunday)
        assert refused.value.code == "simulation_without_arrivals"


class TestInventedCitizens:
    def test_have_numbers_that_pass_and_agree_with_their_names(self) -> None:
        for seed in range(200):
            citizen = invent_citizen(Random(seed))
            number = describe(normalise_identifier(IdentifierKind.CITIZEN, citizen.id_number, today=TODAY), today=TODAY)
            assert (number.sex is Sex.FEMALE) == (" Thị " in citizen.name)
            assert number.birth_year <= 2005
            assert normalise_phone(citizen.phone).startswith("0900000")

    def test_hand_in_every_required_paper_and_pay_the_fee(self) -> None:
        intake = invent_intake(Random(3), OFFERED[1], channel="direct", variant=None, receipt=17)
        handed_in = {paper.code: paper for paper in intake.papers}
        assert handed_in["TP1"].originals == 1  # a paper without a count of its own
        assert handed_in["TP2"].copies == 2
        assert (intake.fee_amount, intake.fee_receipt) == (50000, "0000017")


def test_the_packaged_procedures_are_all_in_demand() -> None:
    """A procedure that nobody asks for would never be seen in the demo."""
    from processes.simulation import arrivals

    folders = Path(__file__).parents[2] / "bpmn" / "procedures"
    assert {folder.name.split("-")[0] for folder in folders.iterdir() if folder.is_dir()} == set(arrivals._DEMAND)

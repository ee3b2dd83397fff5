from datetime import UTC, datetime, timedelta

from processes.simulation.agenda import Agenda

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)


class TestAgenda:
    def test_hands_out_in_the_order_of_moments_then_of_noting(self) -> None:
        agenda, done = Agenda(), list[str]()
        agenda.at(NOON, lambda: done.append("second"))
        agenda.at(NOON, lambda: done.append("third"))
        agenda.at(NOON - timedelta(hours=1), lambda: done.append("first"))
        while (happening := agenda.next_until(NOON)) is not None:
            happening[1]()
        assert done == ["first", "second", "third"]

    def test_keeps_what_lies_after_the_end(self) -> None:
        agenda = Agenda()
        agenda.at(NOON, lambda: None)
        assert agenda.next_until(NOON - timedelta(seconds=1)) is None
        assert agenda.next_until(NOON) is not None

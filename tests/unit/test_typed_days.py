"""Days and moments as people type them into a field and as old addresses carry them."""

from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from processes.reporting.figures import Period
from web.views import addresses
from web.views.days import parse_day, parse_moment

TODAY = date(2026, 11, 20)


class TestDay:
    @pytest.mark.parametrize("typed", ["25/11/2026", " 25.11.2026 ", "25-11-2026", "25 11 2026", "25112026", "2026-11-25"])
    def test_is_read_however_it_is_written(self, typed: str) -> None:
        assert parse_day(typed) == date(2026, 11, 25)

    def test_needs_no_zeros_and_puts_the_day_first(self) -> None:
        assert parse_day("5/1/2026") == date(2026, 1, 5)

    @pytest.mark.parametrize("typed", ["", "hôm qua", "32/11/2026", "11/25/2026", "25/11", "25/11/26", "29/02/2026", "２５/11/2026"])
    def test_is_refused_when_there_is_no_such_day(self, typed: str) -> None:
        with pytest.raises(ValueError):
            parse_day(typed)


class TestMoment:
    @pytest.mark.parametrize("typed", ["08:05 25/11/2026", "25/11/2026  8:05", "8h05 25.11.2026", "2026-11-25T08:05"])
    def test_is_read_in_either_order(self, typed: str) -> None:
        assert parse_moment(typed).isoformat() == "2026-11-25T08:05:00"

    @pytest.mark.parametrize("typed", ["", "hôm qua", "25/11/2026", "08:05", "24:05 25/11/2026", "08:05 31/11/2026"])
    def test_is_refused_without_an_hour_or_a_day(self, typed: str) -> None:
        with pytest.raises(ValueError):
            parse_moment(typed)


class TestPeriodFields:
    def shown(self, **asked: str) -> dict[str, str]:
        typed = MultiDict(asked)
        fields = addresses.period_fields(typed, addresses.read_period(typed, TODAY))
        return {name: field.typed for name, field in fields.items()}

    def test_show_the_days_in_force_in_one_way_of_writing(self) -> None:
        assert self.shown(since="2026-11-01", until="9.11.2026") == {"since": "01/11/2026", "until": "09/11/2026"}

    def test_leave_an_open_beginning_empty(self) -> None:
        assert self.shown(until="9/11/2026") == {"since": "", "until": "09/11/2026"}

    def test_keep_what_could_not_be_read_and_say_so(self) -> None:
        typed = MultiDict({"since": "32/13/2026", "until": "9/11/2026"})
        fields = addresses.period_fields(typed, addresses.read_period(typed, TODAY))
        assert fields["since"].typed == "32/13/2026"
        assert fields["since"].problem == "Không đọc được ngày này, nên chưa lọc theo ngày đó. Gõ như 25/11/2026."
        assert fields["until"].problem is None

    def test_are_told_in_words(self) -> None:
        assert addresses.told_period(Period(date(2026, 11, 1), TODAY)) == "từ 01/11/2026 đến 20/11/2026"
        open_beginning = addresses.read_period(MultiDict({"until": "9/11/2026"}), TODAY)
        assert open_beginning is not None
        assert addresses.told_period(open_beginning) == "đến 09/11/2026"

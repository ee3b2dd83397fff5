"""The time phrases of the wording, on the days that it was written for: Monday 23/11/2026, 11:20, the day before a day off."""

from datetime import UTC, date, datetime

import pytest

from engine.worktime import default_calendar
from web import sentences, timephrases, wording

CALENDAR = default_calendar()
ZONE = CALENDAR.zone


def at(text: str) -> datetime:
    """A local moment: "23/11 11:20"."""
    return datetime.strptime(f"2026/{text}", "%Y/%d/%m %H:%M").replace(tzinfo=ZONE).astimezone(UTC)


NOW = at("23/11 11:20")


class TestLeft:
    @pytest.mark.parametrize(
        ("due", "said"),
        [
            ("23/11 13:05", "còn 15 phút, đến 13:05 hôm nay"),
            ("23/11 16:10", "còn 3 giờ 20 phút, đến 16:10 hôm nay"),
            ("25/11 15:40", "còn 1 ngày 2 giờ, đến 15:40 thứ Tư 25/11"),
            ("25/11 13:18", "còn 1 ngày 28 phút, đến 13:18 thứ Tư 25/11"),
            ("26/11 11:20", "còn 2 ngày làm việc, đến 11:20 thứ Năm 26/11"),
            ("18/12 09:00", "còn 17 ngày làm việc, đến 09:00 ngày 18/12/2026"),
        ],
    )
    def test_says_length_and_moment(self, due: str, said: str) -> None:
        assert str(timephrases.left(at(due), NOW, CALENDAR)) == said

    @pytest.mark.parametrize(
        ("due", "said"),
        [
            ("20/11 09:20", "quá hạn 1 ngày 2 giờ làm việc, hạn 09:20 thứ Sáu 20/11"),
            ("20/11 17:00", "quá hạn 3 giờ 50 phút, hạn 17:00 thứ Sáu 20/11"),
            ("23/11 10:37", "quá hạn 43 phút, hạn 10:37 hôm nay"),
        ],
    )
    def test_says_how_late(self, due: str, said: str) -> None:
        assert str(timephrases.left(at(due), NOW, CALENDAR)) == said

    def test_leaves_the_kind_of_day_to_the_column_in_short_cells(self) -> None:
        assert timephrases.left(at("20/11 09:20"), NOW, CALENDAR).length == "quá hạn 1 ngày 2 giờ"

    def test_is_late_only_after_the_minute(self) -> None:
        due = at("23/11 11:20")
        assert timephrases.left(due, due.replace(second=59), CALENDAR).state == "soon"
        assert timephrases.left(due, at("23/11 11:21"), CALENDAR).state == "overdue"

    def test_never_says_a_lateness_of_nothing(self) -> None:
        assert timephrases.left(at("20/11 17:00"), at("20/11 19:30"), CALENDAR).length == "vừa quá hạn"

    def test_counts_calendar_days_where_the_limit_does(self) -> None:
        assert str(timephrases.left(at("27/11 17:00"), NOW, CALENDAR, calendar_days=True)) == "còn 4 ngày, đến 17:00 thứ Sáu 27/11"
        assert timephrases.left(at("20/11 17:00"), NOW, CALENDAR, calendar_days=True).length == "quá hạn 3 ngày"

    def test_knows_what_has_no_limit(self) -> None:
        assert str(timephrases.left(None, NOW, CALENDAR)) == "không tính thời hạn"

    @pytest.mark.parametrize(("due", "state"), [("23/11 13:50", "soon"), ("23/11 13:51", "running")])
    def test_calls_the_last_working_hour_soon(self, due: str, state: str) -> None:
        assert timephrases.left(at(due), NOW, CALENDAR).state == state

    def test_gives_the_exact_moment_for_the_title(self) -> None:
        assert timephrases.left(at("25/11 15:40"), NOW, CALENDAR).exact == "15:40 thứ Tư 25/11/2026"


class TestOtherPhrases:
    def test_say_since_when_the_clock_stands(self) -> None:
        said = str(timephrases.paused(at("20/11 09:30"), 19 * 60 + 20, NOW, CALENDAR))
        assert said == "dừng từ 09:30 thứ Sáu 20/11, còn 19 giờ 20 phút khi tính tiếp"

    def test_say_what_was_not_counted(self) -> None:
        assert timephrases.resumed(at("23/11 08:00"), 390, NOW, ZONE) == "tính tiếp từ 08:00 hôm nay, không tính 6 giờ 30 phút"

    @pytest.mark.parametrize(
        ("due", "done", "said", "state"),
        [
            ("25/11 11:20", "20/11 16:10", "trước hạn 1 ngày 4 giờ", "early"),
            ("25/11 11:20", "25/11 08:00", "đúng hạn", "ontime"),
            ("25/11 11:20", "25/11 11:20", "đúng hạn", "ontime"),
            ("19/11 16:05", "19/11 16:48", "quá hạn 43 phút", "overdue"),
        ],
    )
    def test_judge_what_is_done(self, due: str, done: str, said: str, state: str) -> None:
        judged = timephrases.finished(at(due), at(done), CALENDAR)
        assert (str(judged), judged.state) == (said, state)

    def test_say_from_when_a_night_filing_counts(self) -> None:
        said = timephrases.received_outside_hours(at("19/11 20:15"), at("20/11 07:30"), NOW, ZONE)
        assert said == "nhận lúc 20:15, tính từ 07:30 thứ Sáu 20/11"

    def test_name_a_day_off(self) -> None:
        name = CALENDAR.day_name(date(2026, 11, 24))
        assert name is not None
        assert timephrases.day_off(date(2026, 11, 24), name) == "thứ Ba 24/11 nghỉ Ngày Văn hóa Việt Nam, không tính"

    @pytest.mark.parametrize(
        ("then", "said"),
        [
            ("23/11 11:20", "vừa xong"),
            ("23/11 11:08", "12 phút trước"),
            ("23/11 08:20", "08:20 hôm nay"),
            ("19/11 16:48", "16:48 thứ Năm 19/11"),
            ("07/09 08:00", "07/09/2026"),
        ],
    )
    def test_tell_the_past_on_lists(self, then: str, said: str) -> None:
        assert timephrases.ago(at(then), NOW, ZONE) == said

    def test_write_moments_as_the_slip_does(self) -> None:
        assert timephrases.on_form(at("19/11 15:05"), ZONE) == "15 giờ 05 phút, 19/11/2026"

    def test_follow_the_working_day_of_the_calendar(self) -> None:
        assert timephrases.length(480) == "1 ngày"
        assert timephrases.length(480, minutes_per_day=420) == "1 ngày 1 giờ"


class TestFigures:
    def test_are_written_the_vietnamese_way(self) -> None:
        assert wording.number(5214) == "5.214"
        assert wording.percent(0.965) == "96,5\N{NO-BREAK SPACE}%"
        assert wording.money(150_000) == "150.000 đ"

    def test_group_a_telephone_number_of_ten_digits(self) -> None:
        assert wording.phone("0900000119") == wording.phone("0900 000 119") == "0900 000 119"
        assert wording.phone("+84 900 000 119") == "+84 900 000 119"
        assert wording.phone("") == ""

    def test_begin_a_line_with_a_capital_and_leave_the_rest(self) -> None:
        assert wording.opening("thứ Ba 24/11") == "Thứ Ba 24/11"

    def test_hide_the_middle_of_a_number(self) -> None:
        assert wording.masked("0900 000 119") == "0900 ••• 119"
        assert wording.masked("119") == "•••"

    def test_shorten_a_dossier_code(self) -> None:
        assert wording.short_code("H99.018.01-261118-0011") == "261118-0011"


class TestSentence:
    def test_says_the_facts_when_they_are_there(self) -> None:
        said = sentences.sentence(["step_already_claimed", "conflict"], {"by": "Nguyễn Văn Sớm", "when": "10:42"})
        assert said == "Nguyễn Văn Sớm đã nhận việc này lúc 10:42. Chọn việc khác, hoặc nhờ người đó bàn giao."

    def test_does_without_facts_that_are_missing(self) -> None:
        said = sentences.sentence(["step_already_claimed", "conflict"], {"when": "10:42", "by": None})
        assert said == "Người khác đã nhận việc này. Chọn việc khác, hoặc nhờ người đó bàn giao."

    def test_falls_back_on_the_family(self) -> None:
        assert sentences.sentence(["never_heard_of", "not_found"], {}).startswith("Không tìm thấy.")

    def test_never_lets_a_fact_write_a_placeholder(self) -> None:
        said = sentences.sentence(["dossier_not_found"], {"dossier_code": "{by} {0} {__class__}"})
        assert "{by} {0} {__class__}" in said

    @pytest.mark.parametrize(
        ("problem", "said"),
        [
            ("required", "Chưa điền. Điền ô này rồi gửi lại."),
            ({"code": "identifier_invalid", "length": 11}, "Số định danh cần đủ 12 số; đang có 11. Xem lại trên thẻ căn cước."),
            ({"missing": ["Giấy chứng sinh"]}, "Còn thiếu: Giấy chứng sinh."),
            ("never_heard_of", "Chưa dùng được. Xem lại ô này."),
        ],
    )
    def test_speaks_beside_a_field(self, problem: object, said: str) -> None:
        assert sentences.field_sentence(problem, lambda value: ", ".join(value) if isinstance(value, list) else str(value)) == said

    def test_knows_the_official_statuses(self) -> None:
        assert list(wording.STATUSES) == list(range(1, 11))
        assert wording.STATUSES[5] == "Yêu cầu bổ sung giấy tờ"

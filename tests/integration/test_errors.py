"""What a refusal becomes: a status, a Vietnamese sentence and a reference, as a page, an htmx fragment or JSON."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from structlog.testing import capture_logs

from engine.database import Database
from engine.errors import ConflictError, EngineError, InvalidError, NotFoundError, NotPermittedError, UnavailableError, WrongStateError
from tests.webapp import Site, open_site
from web.access import public
from web.errors import new_reference, status_of

WHEN = datetime(2026, 11, 20, 3, 42, tzinfo=UTC)
REFERENCE = re.compile(r"[2-9A-HJKMNP-Z]{4}-[0-9]{2}")

blueprint = Blueprint("refusals", __name__)
_raise: list[Callable[[], None]] = []


@blueprint.route("/refused", methods=["GET", "POST"], endpoint="refused")
@blueprint.route("/api/refused", endpoint="api_refused")
@public
def refused() -> str:
    _raise[-1]()
    return "nothing was refused"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    found = open_site(database, tmp_path)
    _join(found.app)
    return found


def _join(app: Flask) -> None:
    app.register_blueprint(blueprint)


def raising(error: Exception) -> None:
    def now() -> None:
        raise error

    _raise.append(now)


class TestStatusOf:
    @pytest.mark.parametrize(
        ("family", "status"),
        [
            (InvalidError, 422),
            (NotFoundError, 404),
            (NotPermittedError, 403),
            (WrongStateError, 409),
            (ConflictError, 409),
            (UnavailableError, 503),
            (EngineError, 500),
        ],
    )
    def test_follows_the_family(self, family: type[EngineError], status: int) -> None:
        class Special(family):  # type: ignore[misc, valid-type]
            """A refusal of an area's own."""

            code = "never_heard_of"

        assert status_of(Special()) == status


class TestAsPage:
    def test_says_what_happened_and_what_to_do(self, site: Site) -> None:
        by_id = site.commune.people["som.nguyen"]
        raising(ConflictError("Claimed.", code="step_already_claimed", by_id=by_id, when=WHEN))
        answer = site.client.get("/refused")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 409
        assert "Nguyễn Văn Sớm đã nhận việc này lúc 10:42 hôm nay. Chọn việc khác, hoặc nhờ người đó bàn giao." in page
        assert REFERENCE.search(page)

    def test_carries_a_number_that_finds_the_log_line(self, site: Site) -> None:
        raising(NotFoundError("No.", code="dossier_not_found", dossier_code="H99.018.01-261118-0011"))
        with capture_logs() as lines:
            page = site.client.get("/refused").get_data(as_text=True)
        (line,) = lines
        assert line["reference"] in page
        assert (line["code"], line["status"]) == ("dossier_not_found", 404)
        assert "261118" not in str(line), "no fact of a dossier stands in the log"

    def test_shows_no_sign_of_what_broke(self, site: Site) -> None:
        raising(RuntimeError("khóa bí mật 1234"))
        with capture_logs() as lines:
            answer = site.client.get("/refused")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 500
        assert "Hệ thống gặp lỗi, chưa lưu thao tác vừa rồi." in page
        assert "bí mật" not in page
        assert lines[-1]["exc_info"].args == ("khóa bí mật 1234",)
        assert lines[-1]["reference"] in page

    def test_writes_nothing_of_a_person_as_markup(self, site: Site) -> None:
        raising(NotFoundError("No.", code="dossier_not_found", dossier_code="<script>alert(1)</script>"))
        assert "<script>alert" not in site.client.get("/refused").get_data(as_text=True)

    def test_answers_an_unknown_address_alike(self, site: Site) -> None:
        answer = site.client.get("/khong-co")
        assert answer.status_code == 404
        assert "Không có trang này." in answer.get_data(as_text=True)

    def test_names_the_roles_that_could_help(self, site: Site) -> None:
        raising(NotPermittedError("No.", permission="quality.cancel", roles=["leader", "quality_representative"]))
        page = site.client.get("/refused").get_data(as_text=True)
        assert "Việc này thuộc Lãnh đạo UBND hoặc Đại diện lãnh đạo về chất lượng." in page


class TestAsFragment:
    def test_goes_to_the_messages_and_leaves_the_form_alone(self, site: Site) -> None:
        raising(InvalidError("No.", code="papers_missing", count=2, missing=["Giấy chứng sinh", "Tờ khai"], errors={"phone": "required"}))
        answer = site.client.get("/refused", headers={"HX-Request": "true"})
        fragment = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert answer.headers["HX-Retarget"] == "#messages"
        assert "<html" not in fragment
        assert "Thiếu 2 giấy tờ bắt buộc: Giấy chứng sinh, Tờ khai." in fragment
        assert "Chưa điền. Điền ô này rồi gửi lại." in fragment


class TestAsJson:
    def test_has_code_message_errors_and_facts(self, site: Site) -> None:
        raising(
            InvalidError(
                "No.",
                code="procedure_not_in_force",
                errors={"procedure_code": "not_in_force"},
                procedure_code="2.000908",
                effective_to=date(2026, 6, 30),
                seen_at=WHEN,
                id=2**60,
            )
        )
        answer = site.client.get("/api/refused")
        body = answer.get_json()
        assert answer.status_code == 422
        assert REFERENCE.fullmatch(body["facts"].pop("reference"))
        assert body == {
            "code": "procedure_not_in_force",
            "message": "Thủ tục 2.000908 hết hiệu lực từ 30/06/2026. Chọn thủ tục đang áp dụng.",
            "errors": {"procedure_code": "Thủ tục này không áp dụng vào hôm nay. Chọn thủ tục khác."},
            "facts": {
                "procedure_code": "2.000908",
                "effective_to": "2026-06-30",
                "seen_at": "2026-11-20T10:42:00+07:00",
                "id": str(2**60),
            },
        }

    def test_is_also_for_whoever_asks_for_it(self, site: Site) -> None:
        raising(UnavailableError("No.", code="portal_unavailable"))
        answer = site.client.get("/refused", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.get_json()["code"]) == (503, "portal_unavailable")

    def test_hides_what_broke(self, site: Site) -> None:
        raising(KeyError("bí mật"))
        with capture_logs():
            answer = site.client.get("/api/refused")
        assert answer.status_code == 500
        assert answer.get_json()["code"] == "unexpected"
        assert "bí mật" not in answer.get_data(as_text=True)


class TestNewReference:
    def test_has_no_letter_that_is_misread(self) -> None:
        assert all(REFERENCE.fullmatch(new_reference()) for _ in range(500))

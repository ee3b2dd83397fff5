"""Logging in through the pages: the guard in front of every route, the cookie, the token against forged forms, the headers."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Blueprint
from sqlalchemy import select, update

from engine.database import Database
from processes.organisation.models import LoginSession, Person
from tests.commune import PASSWORD
from tests.webapp import Site, open_site
from web.access import needs, signed_in
from web.security import CONTENT_SECURITY_POLICY

blueprint = Blueprint("rooms", __name__)


@blueprint.get("/phong-doc")
@signed_in
def reading_room() -> str:
    return "mời vào"


@blueprint.get("/phong-quan-tri")
@needs("admin.manage")
def engine_room() -> str:
    return "phòng máy"


@blueprint.post("/ghi")
@signed_in
def write() -> str:
    return "đã ghi"


@blueprint.get("/khong-khai")
def undeclared() -> str:
    return "ai cũng vào được"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    found = open_site(database, tmp_path)
    found.app.register_blueprint(blueprint)
    return found


class TestGuard:
    def test_sends_a_stranger_to_the_login_page_and_back(self, site: Site) -> None:
        answer = site.client.get("/phong-doc?trang=2")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
        assert site.log_in().headers["Location"] == "/phong-doc?trang=2"
        assert site.client.get("/phong-doc").get_data(as_text=True) == "mời vào"

    def test_refuses_who_lacks_the_permission(self, site: Site) -> None:
        site.log_in("nang.hoang")
        answer = site.client.get("/phong-quan-tri")
        assert answer.status_code == 403
        assert "Việc này thuộc Quản trị hệ thống." in answer.get_data(as_text=True)

    def test_lets_in_who_has_it(self, site: Site) -> None:
        site.log_in("may.quan")
        assert site.client.get("/phong-quan-tri").status_code == 200

    def test_refuses_a_route_that_declares_nothing(self, site: Site) -> None:
        site.log_in("may.quan")
        assert site.client.get("/khong-khai").status_code == 403

    def test_answers_a_machine_with_401(self, site: Site) -> None:
        answer = site.client.get("/phong-doc", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.get_json()["code"]) == (401, "login_required")

    def test_answers_htmx_in_place_and_remembers_the_page(self, site: Site) -> None:
        answer = site.client.get("/phong-doc", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost//ke.xau/phong-doc"})
        assert answer.status_code == 401
        assert "Đăng nhập lại" in answer.get_data(as_text=True)
        assert site.log_in().headers["Location"] == "/ke.xau/phong-doc", "never the address of another host"

    def test_refuses_a_permission_that_does_not_exist(self) -> None:
        with pytest.raises(ValueError, match=r"dossier\.raed"):
            needs("dossier.raed")


class TestLogIn:
    def test_tells_how_many_attempts_are_left_and_keeps_the_login(self, site: Site) -> None:
        answer = site.log_in(password="sai bét")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "sai 4 lần nữa thì tài khoản khóa 15 phút." in page
        assert 'value="nang.hoang"' in page
        assert "sai bét" not in page

    def test_puts_no_person_into_the_cookie(self, site: Site, database: Database) -> None:
        site.log_in()
        with site.client.session_transaction() as cookie:
            kept = dict(cookie)
        assert str(site.commune.people["nang.hoang"]) not in str(kept)
        with database.reading() as connection:
            assert kept["_user_id"] not in connection.scalars(select(LoginSession.token_hash)).all(), "the row keeps a hash only"

    def test_takes_a_fresh_cookie(self, site: Site) -> None:
        with site.client.session_transaction() as cookie:
            cookie["planted"] = "cây lạ"
        site.log_in()
        with site.client.session_transaction() as cookie:
            assert "planted" not in cookie

    def test_sets_a_cookie_that_scripts_and_other_sites_cannot_use(self, site: Site) -> None:
        header = site.log_in().headers["Set-Cookie"]
        assert "HttpOnly" in header
        assert "SameSite=Lax" in header
        assert "Secure" not in header
        secure = site.client.get("/login", base_url="https://mot-cua.example")
        assert "Secure" in secure.headers["Set-Cookie"]
        assert secure.headers["Strict-Transport-Security"].startswith("max-age=")

    def test_ends_after_half_an_hour_of_rest(self, site: Site) -> None:
        site.log_in()
        site.commune.clock.move_to(site.commune.clock.now() + timedelta(minutes=31))
        assert site.client.get("/phong-doc").headers["Location"] == "/login"
        assert "Đã tự thoát vì để yên 30 phút." in site.client.get("/login").get_data(as_text=True)

    def test_is_kept_alive_by_work(self, site: Site) -> None:
        site.log_in()
        for _ in range(3):
            site.commune.clock.move_to(site.commune.clock.now() + timedelta(minutes=25))
            assert site.client.get("/phong-doc").status_code == 200

    def test_ends_when_the_person_is_disabled(self, site: Site, database: Database) -> None:
        site.log_in()
        with database.writing() as connection:
            connection.execute(update(Person).where(Person.login == "nang.hoang").values(disabled_at=site.commune.clock.now()))
        assert site.client.get("/phong-doc").headers["Location"] == "/login"


class TestLogOut:
    def test_ends_the_session_on_the_server_too(self, site: Site) -> None:
        site.log_in()
        with site.client.session_transaction() as cookie:
            stolen = dict(cookie)
        site.client.post("/logout", data={"csrf_token": site.token("/password")})
        with site.client.session_transaction() as cookie:
            cookie.update(stolen)
        assert site.client.get("/phong-doc").headers["Location"] == "/login"

    def test_forgets_the_drafts_of_who_left(self, site: Site) -> None:
        site.log_in()
        site.client.post("/logout", data={"csrf_token": site.token("/password")})
        assert "data-forget-drafts" in site.client.get("/login").get_data(as_text=True)


class TestChangePassword:
    def test_is_asked_for_before_anything_else(self, site: Site, database: Database) -> None:
        with database.writing() as connection:
            connection.execute(update(Person).where(Person.login == "nang.hoang").values(must_change_password=True))
        site.log_in()
        assert site.client.get("/phong-doc").headers["Location"] == "/password"
        fresh = "nắng vàng trên đồi chè"
        form = {"current": PASSWORD, "new": fresh, "again": fresh, "csrf_token": site.token("/password")}
        assert site.client.post("/password", data=form).headers["Location"] == "/login"
        site.log_in(password=fresh)
        assert site.client.get("/phong-doc").status_code == 200

    def test_refuses_two_different_new_ones(self, site: Site) -> None:
        site.log_in()
        form = {"current": PASSWORD, "new": "nắng vàng", "again": "nắng hồng", "csrf_token": site.token("/password")}
        answer = site.client.post("/password", data=form)
        assert answer.status_code == 422
        assert "Hai lần gõ mật khẩu mới không giống nhau." in answer.get_data(as_text=True)


class TestForgedForms:
    def test_are_refused_without_the_token(self, site: Site) -> None:
        site.log_in()
        answer = site.client.post("/ghi")
        assert answer.status_code == 400
        assert "Tải lại trang rồi làm lại" in answer.get_data(as_text=True)

    def test_pass_with_the_token_as_htmx_sends_it(self, site: Site) -> None:
        site.log_in()
        answer = site.client.post("/ghi", headers={"X-CSRFToken": site.token("/password"), "HX-Request": "true"})
        assert answer.get_data(as_text=True) == "đã ghi"


class TestHeaders:
    @pytest.mark.parametrize("path", ["/login", "/khong-co", "/phong-doc"])
    def test_stand_on_every_answer(self, site: Site, path: str) -> None:
        headers = site.client.get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"

    def test_allow_nothing_inline_and_nothing_from_elsewhere(self) -> None:
        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert "default-src 'self'" in CONTENT_SECURITY_POLICY
        assert "http" not in CONTENT_SECURITY_POLICY

    def test_keep_pages_out_of_every_cache(self, site: Site) -> None:
        site.log_in()
        assert site.client.get("/password").headers["Cache-Control"] == "no-store"

    def test_let_built_files_be_kept_for_ever(self, site: Site) -> None:
        assert "immutable" in site.client.get("/static/dist/app.css?v=1", buffered=True).headers["Cache-Control"]
        assert site.client.get("/static/dist/app.css", buffered=True).headers["Cache-Control"] == "no-cache"

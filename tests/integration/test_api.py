"""The same path as JSON: a program logs in, accepts a dossier, carries it to the end, and is refused as a person is."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from engine.database import Database
from engine.tables import trace_entries
from processes.dossiers.operations import Accepted
from processes.organisation.rules import OFFICE_ZONE
from tests.commune import PASSWORD, PASSWORDS, hire
from tests.office import COPY, Office, open_office
from web.app import create_app
from web.settings import Settings

OWNER = {"name": "Lường Văn Đạt", "id_number": "014085000456", "phone": "0900000119", "address": "Bản Mây Hồng"}


class Caller:
    """A program that acts for one person."""

    def __init__(self, client: FlaskClient, login: str) -> None:
        self.client = client
        answer = client.post("/api/v1/sessions", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 201, answer.get_json()
        self.headers = {"Authorization": f"Bearer {answer.get_json()['token']}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers, query_string=query)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.client.post(f"/api/v1{path}", headers=self.headers, json=body if body is not None else {})


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at("2026-11-20T08:00")


@pytest.fixture
def client(office: Office, tmp_path: Path) -> FlaskClient:
    settings = Settings(tmp_path, str(office.database.url), "127.0.0.1", 8000, OFFICE_ZONE, None, None, "chín con mây bay qua núi")
    app = create_app(settings, office.database, office.areas, clock=office.commune.clock, ids=office.commune.ids, passwords=PASSWORDS)
    return app.test_client()


def intake(**changes: Any) -> dict[str, Any]:
    return {"procedure_code": COPY, "owner": OWNER, **changes}


class TestPath:
    def test_leads_from_acceptance_to_the_returned_result(self, client: FlaskClient, office: Office) -> None:
        counter = Caller(client, "nang.hoang")
        accepted = counter.post("/dossiers", intake()).get_json()
        assert accepted["promised_at"] == "2026-11-23T08:00:00+07:00"
        step_id = accepted["first_step_ids"][0]
        for login, body in (("nang.hoang", {"note": "Đủ"}), ("but.luong", {}), ("tinh.dinh", {"outcome": "approve"}), ("dau.do", {})):
            answer = Caller(client, login).post(f"/steps/{step_id}/complete", body)
            assert answer.status_code == 200, answer.get_json()
            step_id = answer.get_json()["opened"][0]["step_id"]
        assert counter.post(f"/dossiers/{accepted['code']}/result", {"step_id": step_id, "receiver": "Lường Văn Đạt"}).status_code == 204
        found = counter.get(f"/dossiers/{accepted['code']}").get_json()
        assert (found["status"], [line["code"] for line in found["slip"]["lines"]]) == (10, ["B1", "B2", "B3", "B4", "B5"])

    def test_shows_my_work_in_its_groups(self, client: FlaskClient, office: Office) -> None:
        counter = Caller(client, "nang.hoang")
        counter.post("/dossiers", intake())
        office.at("2026-11-20T09:00")
        Caller(client, "nang.hoang").post("/dossiers", intake())  # the first log-in ended with its idle half hour
        office.at("2026-11-20T10:30")
        shown = Caller(client, "nang.hoang").get("/worklist").get_json()
        assert shown["counts"] == {"overdue": 1, "today": 1}
        assert [item["group"] for item in shown["items"]] == ["overdue", "today"]

    def test_closes_a_nonconformity(self, client: FlaskClient, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T10:30").complete(accepted, "nang.hoang", late_reason="workload")
        secretary = Caller(client, "chuan.ngo")
        (shown,) = secretary.get("/nonconformities", status="corrected").get_json()["items"]
        assert shown["occurred_at"] == "2026-11-20T10:00:00+07:00"
        assert secretary.post("/nonconformities/closings", {"numbers": [shown["number"]]}).get_json() == {"numbers": [shown["number"]]}
        detail = secretary.get(f"/nonconformities/{shown['number']}").get_json()
        assert (detail["status"], detail["evidence"]["slip"]["step"]) == ("closed", "B1")

    def test_reads_the_trace_of_a_dossier(self, client: FlaskClient, office: Office) -> None:
        accepted = office.accept()
        entries = Caller(client, "soi.ta").get("/trace", dossier_code=accepted.code).get_json()["items"]
        assert [entry["kind"] for entry in entries][:2] == ["engine.instance.started", "dossier.dossier.accepted"]
        assert "Lường Văn Đạt" not in str(entries)  # personal values stand there only as hashes


class TestRefusals:
    def test_answer_with_code_message_errors_and_facts(self, client: FlaskClient) -> None:
        answer = Caller(client, "nang.hoang").post("/dossiers", intake(owner={**OWNER, "id_number": "0140850"}))
        body = answer.get_json()
        assert (answer.status_code, body["code"], set(body)) == (422, "intake_invalid", {"code", "message", "errors", "facts"})
        assert "owner.id_number" in body["errors"]

    def test_name_fields_of_the_wrong_kind(self, client: FlaskClient) -> None:
        answer = Caller(client, "nang.hoang").post("/dossiers", {"procedure_code": COPY, "owner": {"nam": "Đạt"}, "sets": "hai"})
        assert answer.status_code == 422
        assert {"owner.name", "owner.nam", "sets"} <= set(answer.get_json()["errors"])

    def test_a_second_completion_says_who_and_when(self, client: FlaskClient, office: Office) -> None:
        counter = Caller(client, "nang.hoang")
        step_id = counter.post("/dossiers", intake()).get_json()["first_step_ids"][0]
        counter.post(f"/steps/{step_id}/complete")
        answer = counter.post(f"/steps/{step_id}/complete")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "step_already_done")
        assert "Hoàng Thị Nắng" in answer.get_json()["message"]
        assert answer.get_json()["facts"]["when"] == "2026-11-20T08:00:00+07:00"

    @pytest.mark.parametrize(
        ("login", "path", "status"),
        [
            ("dat.pham", "/dossiers", 403),
            ("nang.hoang", "/dossiers/H99.018.01-261120-9999/refusal", 404),
            ("may.quan", "/steps/1/claim", 403),
        ],
    )
    def test_permissions_hold_here_too(self, client: FlaskClient, office: Office, login: str, path: str, status: int) -> None:
        body = intake() if path == "/dossiers" else {"reason": "Không thuộc thẩm quyền"} if path.endswith("refusal") else {}
        assert Caller(client, login).post(path, body).status_code == status
        if status == 403:
            with office.database.reading() as connection:
                kept = connection.execute(
                    select(trace_entries.c.body).where(trace_entries.c.kind == "organisation.permission.refused")
                ).scalar_one()
            assert login in kept.decode()  # the attempt stays, though what was asked is rolled back

    def test_nobody_gets_in_without_a_token(self, client: FlaskClient) -> None:
        assert client.get("/api/v1/worklist").status_code == 401
        assert client.get("/api/v1/worklist", headers={"Authorization": "Bearer made-up"}).status_code == 401
        assert client.get("/api/v1/worklist").get_json()["code"] == "login_required"

    def test_the_cookie_of_a_browser_opens_nothing(self, client: FlaskClient, office: Office) -> None:
        token = Caller(client, "nang.hoang").headers["Authorization"].removeprefix("Bearer ")
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        assert client.post("/api/v1/dossiers", json=intake()).status_code == 401

    def test_a_token_ends_with_the_session(self, client: FlaskClient) -> None:
        caller = Caller(client, "nang.hoang")
        assert client.delete("/api/v1/sessions/current", headers=caller.headers).status_code == 204
        assert caller.get("/worklist").status_code == 401

    def test_another_agency_sees_nothing_of_ours(self, client: FlaskClient, office: Office) -> None:
        accepted = office.accept()
        stranger = Caller(client, "ruong.vi")
        assert stranger.get(f"/dossiers/{accepted.code}").status_code == 404
        assert stranger.get("/dossiers").get_json()["total"] == 0


class TestDescription:
    def test_names_every_route(self, client: FlaskClient) -> None:
        described = client.get("/api/openapi.json").get_json()
        assert described["openapi"].startswith("3.1")
        assert {"/api/v1/dossiers", "/api/v1/steps/{step_id}/complete", "/api/v1/nonconformities/closings"} <= set(described["paths"])


class TestMoves:
    @pytest.fixture
    def held(self, office: Office) -> Accepted:
        with office.database.writing() as connection:
            office.commune.people["mua.lo"] = hire(connection, office.commune, "mua.lo", "Lò Thị Mưa", "intake_officer", "counter")
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        return accepted

    def test_are_offered_to_the_one_who_holds_the_step(self, client: FlaskClient, office: Office, held: Accepted) -> None:
        step_id, mua = office.open_step(held)["id"], str(office.commune.people["mua.lo"])
        offered = Caller(client, "nang.hoang").get(f"/steps/{step_id}/moves").get_json()
        assert ([one["id"] for one in offered["colleagues"]], offered["earlier"], offered["may_take_over"]) == ([mua], [], False)
        offered = Caller(client, "mua.lo").get(f"/steps/{step_id}/moves").get_json()
        assert (offered["colleagues"], offered["may_take_over"]) == ([], True)
        assert Caller(client, "ruong.vi").get(f"/steps/{step_id}/moves").status_code == 404

    def test_hand_a_step_over_and_take_it_back(self, client: FlaskClient, office: Office, held: Accepted) -> None:
        step_id, people = office.open_step(held)["id"], office.commune.people
        counter = Caller(client, "nang.hoang")
        assert counter.post(f"/steps/{step_id}/handover", {"to_id": str(people["mua.lo"])}).status_code == 204
        assert office.open_step(held)["handler_id"] == people["mua.lo"]
        assert counter.post(f"/steps/{step_id}/takeover", {"reason": ""}).get_json()["code"] == "reason_required"
        assert counter.post(f"/steps/{step_id}/takeover", {"reason": "Chị Mưa nghỉ"}).status_code == 204
        refused = counter.post(f"/steps/{step_id}/handover", {"to_id": str(people["dat.pham"])})
        assert (refused.status_code, refused.get_json()["code"]) == (422, "receiver_not_permitted")
        assert "to" in refused.get_json()["errors"]

    def test_send_a_step_back(self, client: FlaskClient, office: Office, held: Accepted) -> None:
        office.complete(held, "nang.hoang")
        step_id, caller = office.open_step(held)["id"], Caller(client, "but.luong")
        offered = caller.get(f"/steps/{step_id}/moves").get_json()
        assert offered["earlier"] == [{"code": "B1", "name": office.steps(held)[0]["name"], "done_by": "Hoàng Thị Nắng"}]
        answer = caller.post(f"/steps/{step_id}/send-back", {"to": "B1", "reason": "Thiếu bản chính"})
        assert [one["step_code"] for one in answer.get_json()["opened"]] == ["B1"]
        lines = caller.get(f"/dossiers/{held.code}").get_json()["slip"]["lines"]
        assert (lines[1]["status"], lines[1]["note"]) == ("cancelled", "Thiếu bản chính")

    def test_hand_over_all_that_a_person_holds(self, client: FlaskClient, office: Office, held: Accepted) -> None:
        people = office.commune.people
        body = {"from_id": str(people["nang.hoang"]), "to_id": str(people["mua.lo"]), "reason": "Chuyển công tác"}
        items = Caller(client, "tinh.dinh").post("/handovers", body).get_json()["items"]
        assert [(one["dossier_code"], one["done"], one["message"]) for one in items] == [(held.code, True, None)]
        assert Caller(client, "but.luong").post("/handovers", body).status_code == 403
        body["to_id"] = str(people["but.luong"])
        body["from_id"] = str(people["mua.lo"])
        (item,) = Caller(client, "tinh.dinh").post("/handovers", body).get_json()["items"]
        assert (item["done"], item["code"]) == (False, "receiver_not_permitted")
        assert item["message"].endswith(".")

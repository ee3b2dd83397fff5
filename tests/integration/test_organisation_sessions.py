import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from engine.database import Database
from engine.errors import InvalidError
from engine.tables import trace_entries
from processes.organisation.models import LoginFailure, LoginSession, Person
from processes.organisation.passwords import Passwords, PasswordWeakError
from processes.organisation.sessions import (
    Login,
    LoginExpiredError,
    LoginFailedError,
    LoginLockedError,
    change_password,
    find_session,
    forget_ended,
    log_in,
    log_out,
    touch,
)
from processes.organisation.staffing import disable_person
from tests.commune import PASSWORD, PASSWORDS, Commune, found_commune


@pytest.fixture
def commune(database: Database) -> Commune:
    return found_commune(database)


def enter(database: Database, commune: Commune, password: str = PASSWORD, login: str = "dat.pham") -> Login:
    return log_in(database, login=login, password=password, passwords=PASSWORDS, user_agent="Trình duyệt Mây", **commune.tools())


def loose_entries(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.reading() as connection:
        query = select(trace_entries.c.kind, trace_entries.c.body).where(trace_entries.c.kind.like("organisation.session.%"))
        return [(row.kind, json.loads(row.body)) for row in connection.execute(query.order_by(trace_entries.c.id))]


class TestLogIn:
    def test_gives_a_token_that_finds_the_person_again(self, database: Database, commune: Commune) -> None:
        login = enter(database, commune, login=" Dat.Pham ")
        with database.reading() as connection:
            assert find_session(connection, token=login.token, now=commune.clock.now()).person_id == commune.people["dat.pham"]

    def test_keeps_the_token_nowhere(self, database: Database, commune: Commune) -> None:
        login = enter(database, commune)
        with database.reading() as connection:
            kept = [str(value) for row in connection.execute(select(*LoginSession.__table__.c)) for value in row]
            entries = [bytes(body) for body in connection.scalars(select(trace_entries.c.body))]
        assert not any(login.token in text for text in kept)
        assert not any(login.token.encode() in body for body in entries)

    def test_gives_another_token_each_time(self, database: Database, commune: Commune) -> None:
        assert enter(database, commune).token != enter(database, commune).token

    def test_is_recorded_as_the_persons_act(self, database: Database, commune: Commune) -> None:
        enter(database, commune)
        [(kind, body)] = loose_entries(database)
        assert kind == "organisation.session.opened"
        assert body["actor"] == {"id": commune.people["dat.pham"], "label": "dat.pham"}
        assert body["agency"] == commune.agency_id
        assert body["chain"] is None

    def test_renews_a_hash_made_with_other_parameters(self, database: Database, commune: Commune) -> None:
        dearer = Passwords(time_cost=2, memory_kib=16, parallelism=1)
        log_in(database, login="dat.pham", password=PASSWORD, passwords=dearer, **commune.tools())
        with database.reading() as connection:
            kept = connection.scalars(select(Person.password_hash).where(Person.login == "dat.pham")).one()
        assert "m=16,t=2" in kept
        assert enter(database, commune)


class TestRefusedLogIn:
    def test_counts_down_and_locks_for_15_minutes_at_the_fifth(self, database: Database, commune: Commune) -> None:
        left = []
        for _ in range(5):
            with pytest.raises(LoginFailedError) as failed:
                enter(database, commune, "sai rồi")
            left.append(failed.value.facts["attempts_left"])
        assert left == [4, 3, 2, 1, 0]
        with pytest.raises(LoginLockedError) as locked:
            enter(database, commune)
        assert locked.value.facts["locked_until"] == commune.clock.now() + timedelta(minutes=15)
        commune.clock.move_to(commune.clock.now() + timedelta(minutes=15))
        assert enter(database, commune)

    def test_looks_the_same_for_a_login_that_does_not_exist(self, database: Database, commune: Commune) -> None:
        answers: dict[str, list[tuple[str, object]]] = {}
        for login in ("dat.pham", "ma.troi"):
            answers[login] = []
            for _ in range(7):
                with pytest.raises((LoginFailedError, LoginLockedError)) as refused:
                    enter(database, commune, "sai rồi", login)
                answers[login].append((refused.value.message, tuple(refused.value.facts.items())))
        assert answers["dat.pham"] == answers["ma.troi"]

    def test_starts_the_count_anew_after_a_success(self, database: Database, commune: Commune) -> None:
        for _ in range(4):
            with pytest.raises(LoginFailedError):
                enter(database, commune, "sai rồi")
        enter(database, commune)
        with pytest.raises(LoginFailedError) as failed:
            enter(database, commune, "sai rồi")
        assert failed.value.facts["attempts_left"] == 4

    def test_starts_the_count_anew_after_the_lock(self, database: Database, commune: Commune) -> None:
        for _ in range(5):
            with pytest.raises(LoginFailedError):
                enter(database, commune, "sai rồi")
        commune.clock.move_to(commune.clock.now() + timedelta(minutes=16))
        with pytest.raises(LoginFailedError) as failed:
            enter(database, commune, "sai rồi")
        assert failed.value.facts["attempts_left"] == 4

    def test_does_not_say_that_a_disabled_person_typed_the_right_password(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            disable_person(connection, person_id=commune.people["dat.pham"], **commune.doing)
        with pytest.raises(LoginFailedError):
            enter(database, commune)

    def test_is_recorded_without_what_was_typed(self, database: Database, commune: Commune) -> None:
        for login in ("dat.pham", "mật khẩu của tôi"):
            with pytest.raises(LoginFailedError):
                enter(database, commune, "sai rồi nhé", login)
        entries = loose_entries(database)
        assert [kind for kind, _ in entries] == ["organisation.session.refused"] * 2
        assert [body["facts"] for _, body in entries] == [
            {"person_id": commune.people["dat.pham"], "failures": 1},
            {"person_id": None, "failures": 1},
        ]
        with database.reading() as connection:
            kept = str(connection.execute(select(*LoginFailure.__table__.c)).all()) + str([body for _, body in entries])
        assert "mật khẩu" not in kept
        assert "sai rồi" not in kept

    def test_refuses_when_the_password_is_replaced_while_it_is_verified(
        self, database: Database, commune: Commune, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Slow(Passwords):
            def verify(self, kept: str | None, password: str) -> bool:
                with database.writing() as connection:
                    connection.execute(update(Person).where(Person.login == "dat.pham").values(password_hash="another"))
                return super().verify(kept, password)

        slow = Slow(time_cost=1, memory_kib=8, parallelism=1)
        with pytest.raises(LoginFailedError):
            log_in(database, login="dat.pham", password=PASSWORD, passwords=slow, **commune.tools())
        with database.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(LoginSession)) == 0


class TestFindSession:
    def test_expires_after_30_idle_minutes(self, database: Database, commune: Commune) -> None:
        token = enter(database, commune).token
        with database.reading() as connection:
            find_session(connection, token=token, now=commune.clock.now() + timedelta(minutes=29, seconds=59))
            with pytest.raises(LoginExpiredError) as expired:
                find_session(connection, token=token, now=commune.clock.now() + timedelta(minutes=30))
        assert expired.value.code == "login_expired"
        assert expired.value.facts["idle_minutes"] == 30

    def test_expires_after_12_hours_however_busy(self, database: Database, commune: Commune) -> None:
        token, start = enter(database, commune).token, commune.clock.now()
        for quarter in range(1, 48):
            now = start + timedelta(minutes=15 * quarter)
            with database.writing() as connection:
                session = find_session(connection, token=token, now=now)
                assert session.needs_touch(now)
                touch(connection, session=session, now=now)
        with database.reading() as connection, pytest.raises(LoginExpiredError):
            find_session(connection, token=token, now=start + timedelta(hours=12))

    def test_is_not_written_again_within_a_minute(self, database: Database, commune: Commune) -> None:
        token = enter(database, commune).token
        with database.reading() as connection:
            session = find_session(connection, token=token, now=commune.clock.now())
        assert not session.needs_touch(commune.clock.now() + timedelta(seconds=59))

    def test_refuses_a_token_never_given_and_the_kept_hash_itself(self, database: Database, commune: Commune) -> None:
        enter(database, commune)
        with database.reading() as connection:
            kept = connection.scalars(select(LoginSession.token_hash)).one()
            for token in ("", "xin chào", kept):
                with pytest.raises(LoginExpiredError):
                    find_session(connection, token=token, now=commune.clock.now())


class TestLogOut:
    def test_ends_this_session_and_no_other(self, database: Database, commune: Commune) -> None:
        here, there = enter(database, commune), enter(database, commune)
        with database.writing() as connection:
            log_out(connection, token=here.token, actor=commune.actor(connection, "dat.pham"), **commune.tools())
            find_session(connection, token=there.token, now=commune.clock.now())
            with pytest.raises(LoginExpiredError):
                find_session(connection, token=here.token, now=commune.clock.now())
        assert loose_entries(database)[-1][0] == "organisation.session.closed"

    def test_does_not_end_the_session_of_somebody_else(self, database: Database, commune: Commune) -> None:
        token = enter(database, commune).token
        with database.writing() as connection:
            log_out(connection, token=token, actor=commune.actor(connection, "nang.hoang"), **commune.tools())
            find_session(connection, token=token, now=commune.clock.now())


class TestChangePassword:
    def test_logs_out_everywhere_and_takes_the_new_one(self, database: Database, commune: Commune) -> None:
        token = enter(database, commune).token
        with database.reading() as connection:
            actor = commune.actor(connection, "dat.pham")
        change_password(database, actor=actor, current=PASSWORD, new="gió mới thổi về", passwords=PASSWORDS, **commune.tools())
        with database.reading() as connection, pytest.raises(LoginExpiredError):
            find_session(connection, token=token, now=commune.clock.now())
        with pytest.raises(LoginFailedError):
            enter(database, commune)
        assert not enter(database, commune, "gió mới thổi về").must_change_password

    def test_counts_a_wrong_current_password_as_a_failed_log_in(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            actor = commune.actor(connection, "dat.pham")
        for _ in range(5):
            with pytest.raises(LoginFailedError):
                change_password(database, actor=actor, current="sai rồi", new="gió mới thổi về", passwords=PASSWORDS, **commune.tools())
        with pytest.raises(LoginLockedError):
            change_password(database, actor=actor, current=PASSWORD, new="gió mới thổi về", passwords=PASSWORDS, **commune.tools())

    @pytest.mark.parametrize("new", ["ngắn", PASSWORD, "dat.pham mãi mãi"])
    def test_refuses_a_weak_or_the_same_password(self, database: Database, commune: Commune, new: str) -> None:
        with database.reading() as connection:
            actor = commune.actor(connection, "dat.pham")
        with pytest.raises(InvalidError) as refused:
            change_password(database, actor=actor, current=PASSWORD, new=new, passwords=PASSWORDS, **commune.tools())
        assert refused.value.code == PasswordWeakError.code
        assert enter(database, commune)


class TestForgetEnded:
    def test_deletes_what_no_longer_counts_and_nothing_else(self, database: Database, commune: Commune) -> None:
        enter(database, commune)
        with pytest.raises(LoginFailedError):
            enter(database, commune, "sai rồi", "ma.troi")
        now = commune.clock.now()
        with database.writing() as connection:
            assert forget_ended(connection, now=now + timedelta(minutes=29)) == 0
            assert forget_ended(connection, now=now + timedelta(minutes=30)) == 1
            assert forget_ended(connection, now=now + timedelta(days=1)) == 1


class TestManyAtOnce:
    def test_counts_every_failure(self, database: Database, commune: Commune) -> None:
        def guess(number: int) -> str:
            try:
                enter(database, commune, f"đoán lần {number}")
            except (LoginFailedError, LoginLockedError) as refused:
                return refused.code
            return "opened"

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(guess, range(12)))
        assert "opened" not in answers
        with database.reading() as connection:
            row = connection.execute(select(LoginFailure.failures, LoginFailure.locked_until)).one()
        assert row.failures == answers.count("login_failed") >= 5
        assert row.locked_until is not None

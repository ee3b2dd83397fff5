"""Logging in and out.

log_in and change_password open their own transactions, unlike other operations: hashing a password takes tenths of a second
and must hold none, and a failed attempt must be counted although it is refused.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.actor import SYSTEM, Actor
from engine.clock import Clock
from engine.database import Database
from engine.errors import InvalidError, NotPermittedError
from engine.ids import Ids
from engine.trace.records import Record
from engine.trace.writing import append_loose
from processes.organisation.models import LoginFailure, LoginSession, Person
from processes.organisation.passwords import Passwords
from processes.organisation.rules import login_key, tidy_login
from processes.organisation.staffing import change_own_password

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
ATTEMPTS = 5
LOCK = timedelta(minutes=15)
_Credentials = tuple[int, int, str, str, bool, datetime | None]  # id, agency, login, hash, must change, disabled at

_FORGET_FAILURES = timedelta(days=1)
_TOUCH_EVERY = timedelta(minutes=1)  # a session is not written on every request


class LoginFailedError(InvalidError):
    """The login or the password is wrong."""

    code = "login_failed"


class LoginLockedError(NotPermittedError):
    """Too many failed log-ins; try again later."""

    code = "login_locked"


class LoginExpiredError(NotPermittedError):
    """The log-in has ended; log in again."""

    code = "login_expired"


@dataclass(frozen=True, slots=True)
class Login:
    """What a successful log-in gives; the token is shown this once and kept nowhere."""

    token: str
    person_id: int
    must_change_password: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Somebody who is logged in."""

    token_hash: str
    person_id: int
    last_seen_at: datetime
    expires_at: datetime

    def needs_touch(self, now: datetime) -> bool:
        """Whether touch() is due, so that the idle time starts anew."""
        return now - self.last_seen_at >= _TOUCH_EVERY


def log_in(database: Database, *, login: str, password: str, passwords: Passwords, clock: Clock, ids: Ids, user_agent: str = "") -> Login:
    """Log a person in.

    A login that does not exist is answered, counted, locked and timed like one that does.

    Raises: LoginFailedError with `attempts_left`; LoginLockedError with `locked_until`.
    """
    passwords.prepare()
    login = tidy_login(login)
    person = _verified(database, login, password, passwords, clock, ids)
    rehashed = passwords.rehashed(person.password_hash, password)
    token = secrets.token_urlsafe(32)
    with database.writing() as connection:
        now = clock.now()
        _require_unlocked(connection, login, now)  # the fifth failure may have come while this password was being verified
        _require_unchanged(connection, person)
        connection.execute(delete(LoginFailure).where(LoginFailure.login_hash == login_key(login)))
        if rehashed is not None:
            connection.execute(update(Person).where(Person.id == person.id).values(password_hash=rehashed))
        session = {
            "person_id": person.id,
            "created_at": now,
            "last_seen_at": now,
            "expires_at": now + LONGEST,
            "user_agent": user_agent[:256],
        }
        connection.execute(insert(LoginSession).values(token_hash=token_hash(token), **session))
        _record(connection, "organisation.session.opened", person, clock, ids)
    return Login(token=token, person_id=person.id, must_change_password=person.must_change_password, expires_at=now + LONGEST)


def change_password(database: Database, *, actor: Actor, current: str, new: str, passwords: Passwords, clock: Clock, ids: Ids) -> None:
    """Change the actor's own password; logs out everywhere, so log in again.

    A wrong current password counts as a failed log-in: a stolen session must not be good for guessing.

    Raises: LoginFailedError, LoginLockedError; PasswordWeakError, also when new and current are the same.
    """
    person = _verified(database, actor.label, current, passwords, clock, ids)
    if new == current:
        raise InvalidError(
            "The new password is the old one.", code="password_weak", errors={"new": "The new password is the old one."}, reason="same"
        )
    new_hash = passwords.hash(new, login=actor.label)
    with database.writing() as connection:
        change_own_password(connection, actor=actor, clock=clock, ids=ids, old_hash=person.password_hash, new_hash=new_hash)


def find_session(connection: Connection, *, token: str, now: datetime) -> OpenSession:
    """Who is logged in with this token.

    Raises: LoginExpiredError after 30 idle minutes, 12 hours, a log-out, a change of password, or for a token never given.
    """
    table = LoginSession
    query = select(table.token_hash, table.person_id, table.last_seen_at, table.expires_at).where(table.token_hash == token_hash(token))
    row = connection.execute(query).first()
    if row is None or now >= row.expires_at or now >= row.last_seen_at + IDLE:
        raise LoginExpiredError(idle_minutes=int(IDLE.total_seconds()) // 60)
    return OpenSession(*row)


def touch(connection: Connection, *, session: OpenSession, now: datetime) -> None:
    """Start the idle time anew. Call it only when needs_touch() says so, in a writing transaction."""
    connection.execute(update(LoginSession).where(LoginSession.token_hash == session.token_hash).values(last_seen_at=now))


def log_out(connection: Connection, *, token: str, actor: Actor, clock: Clock, ids: Ids) -> None:
    """End one session; does nothing when it has ended already."""
    ended = connection.execute(
        delete(LoginSession).where(LoginSession.token_hash == token_hash(token), LoginSession.person_id == actor.person_id)
    )
    if ended.rowcount:
        record = Record("organisation.session.closed", {"person_id": actor.person_id}, agency_id=actor.agency_id)
        append_loose(connection, record, actor, clock.now(), clock.recorded_now(), ids)


def forget_ended(connection: Connection, *, now: datetime) -> int:
    """Delete sessions that have ended and failures that no longer count; returns how many rows. The scheduler calls it."""
    sessions = connection.execute(delete(LoginSession).where(or_(LoginSession.expires_at <= now, LoginSession.last_seen_at <= now - IDLE)))
    failures = connection.execute(delete(LoginFailure).where(LoginFailure.last_at <= now - _FORGET_FAILURES))
    return sessions.rowcount + failures.rowcount


def token_hash(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so a plain hash is enough."""
    return sha256(token.encode()).hexdigest()


# --- verifying and counting ----------------------------------------------------------------------------------------


def _verified(database: Database, login: str, password: str, passwords: Passwords, clock: Clock, ids: Ids) -> Row[*_Credentials]:
    """The person whose login and password these are; a failure is counted in a transaction of its own before it is refused."""
    with database.reading() as connection:
        _require_unlocked(connection, login, clock.now())
        columns = (Person.id, Person.agency_id, Person.login, Person.password_hash, Person.must_change_password, Person.disabled_at)
        person = connection.execute(select(*columns).where(Person.login == login)).first()
    able = person is not None and person.disabled_at is None
    if passwords.verify(person.password_hash if person is not None and able else None, password) and person is not None:
        return person
    with database.writing() as connection:
        failures = _count_failure(connection, login, clock.now())
        _record(connection, "organisation.session.refused", person, clock, ids, failures=failures)
    raise LoginFailedError(attempts_left=max(ATTEMPTS - failures, 0), attempts=ATTEMPTS, lock_minutes=int(LOCK.total_seconds()) // 60)


def _require_unlocked(connection: Connection, login: str, now: datetime) -> None:
    query = select(LoginFailure.locked_until).where(LoginFailure.login_hash == login_key(login))
    until = connection.scalar(query)
    if until is not None and now < until:
        raise LoginLockedError(locked_until=until, lock_minutes=int(LOCK.total_seconds()) // 60)


def _require_unchanged(connection: Connection, person: Row[*_Credentials]) -> None:
    """Refuse a password that was verified against a hash replaced meanwhile, or whose person was disabled meanwhile."""
    query = select(Person.id).where(Person.id == person.id, Person.password_hash == person.password_hash, Person.disabled_at.is_(None))
    if connection.execute(query.with_for_update()).first() is None:
        raise LoginFailedError(attempts_left=ATTEMPTS, attempts=ATTEMPTS, lock_minutes=int(LOCK.total_seconds()) // 60)


def _count_failure(connection: Connection, login: str, now: datetime) -> int:
    """Count one failure and lock at the fifth; a lock that has run out, or a day, starts the count anew. Returns the count."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    key = login_key(login)
    first = dialect.insert(LoginFailure).values(login_hash=key, failures=0, last_at=now).on_conflict_do_nothing()
    connection.execute(first)
    here = LoginFailure.login_hash == key
    row = connection.execute(
        select(LoginFailure.failures, LoginFailure.last_at, LoginFailure.locked_until).where(here).with_for_update()
    ).one()
    stale = (row.locked_until is not None and row.locked_until <= now) or row.last_at <= now - _FORGET_FAILURES
    failures = 1 if stale else row.failures + 1
    locked_until = now + LOCK if failures >= ATTEMPTS else None
    connection.execute(update(LoginFailure).where(here).values(failures=failures, last_at=now, locked_until=locked_until))
    return failures


def _record(connection: Connection, kind: str, person: Row[*_Credentials] | None, clock: Clock, ids: Ids, **facts: int) -> None:
    """A loose entry. A refused attempt is nobody's act; it names the person whose login it was, if there is one."""
    opened = kind == "organisation.session.opened" and person is not None
    actor = Actor(person_id=person.id, label=person.login, agency_id=person.agency_id) if opened and person is not None else SYSTEM
    record = Record(
        kind,
        {"person_id": person.id if person is not None else None, **facts},
        agency_id=person.agency_id if person is not None else None,
    )
    append_loose(connection, record, actor, clock.now(), clock.recorded_now(), ids)

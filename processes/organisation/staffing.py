"""What can be done to people: taking them on, giving and taking seats, disabling them, setting passwords.

Passwords never come here, only their hashes (passwords.py): hashing is slow by design and must not hold a transaction.
"""

from datetime import date, datetime

from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from engine.actor import Actor
from engine.clock import Clock
from engine.errors import ConflictError, InvalidError, NotFoundError, WrongStateError
from engine.folding import fold
from engine.ids import Ids
from processes.organisation.events import PersonDisabled, SeatRevoked, Tell, tell_nobody
from processes.organisation.identifiers import normalise_phone
from processes.organisation.models import LoginFailure, LoginSession, Person, SeatGrant, Unit
from processes.organisation.recording import AgencyChange, changing
from processes.organisation.rules import ROLE_TITLES, blank_problem, check, local_day, login_key, login_problem, role_problem, tidy_login


def add_person(
    connection: Connection,
    *,
    actor: Actor,
    clock: Clock,
    ids: Ids,
    agency_id: int,
    login: str,
    full_name: str,
    password_hash: str,
    title: str = "",
    phone: str = "",
    email: str = "",
    must_change_password: bool = True,
) -> int:
    """Take on a person who may log in but holds no seat yet; returns the id.

    Raises: InvalidError with errors by field; WrongStateError (login_taken); NotPermittedError; NotFoundError.
    """
    login = tidy_login(login)
    check(
        login=login_problem(login),
        full_name=blank_problem(full_name),
        email=None if "@" in email or not email else "An e-mail address has an @.",
    )
    phone = normalise_phone(phone) if phone.strip() else ""
    name = " ".join(full_name.split())
    with changing(connection, agency_id, actor=actor, clock=clock, ids=ids) as change:
        if connection.scalar(select(Person.id).where(Person.login == login)) is not None:
            raise WrongStateError("This login is taken.", code="login_taken", login=login)
        person_id = ids.next()
        values = {
            "login": login,
            "full_name": name,
            "folded_name": fold(name),
            "title": title.strip(),
            "phone": phone,
            "email": email.strip(),
        }
        row = {
            **values,
            "id": person_id,
            "agency_id": agency_id,
            "password_hash": password_hash,
            "must_change_password": must_change_password,
        }
        try:
            connection.execute(insert(Person).values(**row, created_at=change.at))
        except IntegrityError as error:  # an administrator of another agency was quicker: only the own agency is under lock
            raise ConflictError("This login was taken at this moment.", code="login_taken", login=login) from error
        personal = {name: value for name, value in values.items() if value and name not in ("folded_name", "title", "login")}
        change.record("organisation.person.added", {"person_id": person_id, "after": {"login": login, "title": title.strip()}}, personal)
    return person_id


def grant_seat(
    connection: Connection,
    *,
    actor: Actor,
    clock: Clock,
    ids: Ids,
    person_id: int,
    role: str,
    unit_id: int | None = None,
    from_on: date | None = None,
    until_on: date | None = None,
) -> int:
    """Give a person a role in a unit, or in the whole agency, from a day (today) until another (open); returns the seat's id.

    Raises: InvalidError; NotFoundError (person_not_found, unit_not_found); WrongStateError (seat_held, person_disabled);
    NotPermittedError.
    """
    begins = from_on or local_day(clock.now())
    check(role=role_problem(role), until_on="The last day lies before the first." if until_on is not None and until_on < begins else None)
    person = _person(connection, person_id)
    with changing(connection, person.agency_id, actor=actor, clock=clock, ids=ids) as change:
        if person.disabled_at is not None:
            raise WrongStateError("This person is disabled.", code="person_disabled", person_id=person_id)
        unit = connection.execute(select(Unit.key, Unit.name).where(Unit.id == unit_id, Unit.agency_id == person.agency_id)).first()
        if unit_id is not None and unit is None:
            raise NotFoundError("The person's agency has no such unit.", code="unit_not_found", unit_id=unit_id)
        _refuse_held(connection, person_id, role, unit_id, begins)
        seat_id = ids.next()
        seat = {"person_id": person_id, "unit_id": unit_id, "role": role, "from_on": begins, "until_on": until_on}
        connection.execute(insert(SeatGrant).values(id=seat_id, **seat))
        after = {
            "seat_id": seat_id,
            "role": role,
            "unit": unit.key if unit else None,
            "from_on": begins.isoformat(),
            "until_on": _day(until_on),
        }
        change.record("organisation.seat.granted", {"person_id": person_id, "login": person.login, "after": after})
    return seat_id


def revoke_seat(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, seat_id: int, tell: Tell = tell_nobody) -> None:
    """Take a seat away at once.

    Raises: NotFoundError (seat_not_found); WrongStateError (seat_revoked, last_administrator); NotPermittedError.
    """
    seat = connection.execute(select(*SeatGrant.__table__.c).where(SeatGrant.id == seat_id)).first()
    if seat is None:
        raise NotFoundError("There is no such seat.", code="seat_not_found", seat_id=seat_id)
    person = _person(connection, seat.person_id)
    with changing(connection, person.agency_id, actor=actor, clock=clock, ids=ids) as change:
        taken = connection.execute(
            update(SeatGrant).where(SeatGrant.id == seat_id, SeatGrant.revoked_at.is_(None)).values(revoked_at=change.at)
        )
        if taken.rowcount == 0:
            raise WrongStateError("This seat was taken away already.", code="seat_revoked", seat_id=seat_id)
        if seat.role == "administrator":
            _require_administrator(connection, change)
        change.record(
            "organisation.seat.revoked",
            {"person_id": person.id, "login": person.login, "before": {"role": seat.role, "unit_id": seat.unit_id}},
        )
        tell(connection, [SeatRevoked(person.agency_id, person.id, seat.unit_id, seat.role, actor, change.at)])


def disable_person(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, person_id: int, tell: Tell = tell_nobody) -> None:
    """Shut a person out: logged out everywhere, no log-in any more. The row stays, since dossiers and trace name it.

    Raises: NotFoundError (person_not_found); WrongStateError (person_disabled, last_administrator); NotPermittedError.
    """
    person = _person(connection, person_id)
    with changing(connection, person.agency_id, actor=actor, clock=clock, ids=ids) as change:
        shut = connection.execute(update(Person).where(Person.id == person_id, Person.disabled_at.is_(None)).values(disabled_at=change.at))
        if shut.rowcount == 0:
            raise WrongStateError("This person is disabled already.", code="person_disabled", person_id=person_id)
        if connection.scalar(
            select(exists().where(SeatGrant.person_id == person_id, SeatGrant.role == "administrator", SeatGrant.revoked_at.is_(None)))
        ):
            _require_administrator(connection, change)
        ended = connection.execute(delete(LoginSession).where(LoginSession.person_id == person_id)).rowcount
        change.record("organisation.person.disabled", {"person_id": person_id, "login": person.login, "sessions_ended": ended})
        tell(connection, [PersonDisabled(person.agency_id, person_id, actor, change.at)])


def reset_password(
    connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, person_id: int, password_hash: str, must_change_password: bool = True
) -> None:
    """Give a person a new password, to be changed at the next log-in; logs out everywhere and lifts a lock.

    Raises: NotFoundError (person_not_found); WrongStateError (person_disabled); NotPermittedError.
    """
    person = _person(connection, person_id)
    with changing(connection, person.agency_id, actor=actor, clock=clock, ids=ids) as change:
        if person.disabled_at is not None:
            raise WrongStateError("This person is disabled.", code="person_disabled", person_id=person_id)
        connection.execute(
            update(Person).where(Person.id == person_id).values(password_hash=password_hash, must_change_password=must_change_password)
        )
        ended = connection.execute(delete(LoginSession).where(LoginSession.person_id == person_id)).rowcount
        connection.execute(delete(LoginFailure).where(LoginFailure.login_hash == login_key(person.login)))
        change.record("organisation.password.reset", {"person_id": person_id, "login": person.login, "sessions_ended": ended})


def change_own_password(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, old_hash: str, new_hash: str) -> None:
    """Replace the actor's own password, which was verified against `old_hash`; logs out everywhere.

    sessions.change_password verifies and comes here.

    Raises: ConflictError when the password changed since it was verified; InvalidError for an actor who is nobody.
    """
    if actor.person_id is None or actor.agency_id is None:
        raise InvalidError("Only a person has a password.", code="no_password")
    with changing(connection, actor.agency_id, actor=actor, clock=clock, ids=ids, permission=None) as change:
        mine = and_(Person.id == actor.person_id, Person.password_hash == old_hash, Person.disabled_at.is_(None))
        if connection.execute(update(Person).where(mine).values(password_hash=new_hash, must_change_password=False)).rowcount == 0:
            raise ConflictError("The password was changed meanwhile.", code="changed_meanwhile")
        ended = connection.execute(delete(LoginSession).where(LoginSession.person_id == actor.person_id)).rowcount
        change.record("organisation.password.changed", {"person_id": actor.person_id, "login": actor.label, "sessions_ended": ended})


def _person(connection: Connection, person_id: int) -> Row[int, int, str, datetime | None]:
    person = connection.execute(select(Person.id, Person.agency_id, Person.login, Person.disabled_at).where(Person.id == person_id)).first()
    if person is None:
        raise NotFoundError("There is no such person.", code="person_not_found", person_id=person_id)
    return person


def _refuse_held(connection: Connection, person_id: int, role: str, unit_id: int | None, from_on: date) -> None:
    same = and_(SeatGrant.person_id == person_id, SeatGrant.role == role, SeatGrant.unit_id.is_not_distinct_from(unit_id))
    lasting = and_(SeatGrant.revoked_at.is_(None), or_(SeatGrant.until_on.is_(None), SeatGrant.until_on >= from_on))
    held = connection.scalar(select(SeatGrant.id).where(same, lasting))
    if held is not None:
        raise WrongStateError(
            f"This person holds the seat {ROLE_TITLES[role]} already.", code="seat_held", seat_id=held, role=role, unit_id=unit_id
        )


def _require_administrator(connection: Connection, change: AgencyChange) -> None:
    """Refuse to leave the agency without anybody who could give seats again."""
    today = local_day(change.at)
    left = connection.scalar(
        select(func.count())
        .select_from(SeatGrant)
        .join(Person, Person.id == SeatGrant.person_id)
        .where(
            Person.agency_id == change.agency.id,
            Person.disabled_at.is_(None),
            SeatGrant.role == "administrator",
            SeatGrant.revoked_at.is_(None),
            SeatGrant.from_on <= today,
            SeatGrant.until_on.is_(None),
        )
    )
    if not left:
        raise WrongStateError(
            "The agency would be left without an administrator; give that role to somebody else first.", code="last_administrator"
        )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None

"""What is spoken to the driver itself does what Core would do: stores the same, refuses the same, waits for the same locks."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.database import Database
from engine.errors import ConflictError
from engine.hotpath import Insert, Update, hot_path
from engine.tables import clock_entries, instances, steps, trace_entries
from processes.dossiers.operations import Accepted
from tests.commune import hire
from tests.office import Office, local, open_office

SEVEN_EAST = timezone(timedelta(hours=7))


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at("2026-11-20T08:00")


@pytest.fixture
def accepted(office: Office) -> Accepted:
    return office.accept()


def raw(connection: Connection, table: Table, row_id: int) -> list[Any]:
    """A row as the driver gives it, without the columns that tell rows of a test apart."""
    apart = {"id", "subject_id", "subject_code", "task_key", "pass", "seq", "chain_seq"}
    listed = ", ".join(
        f"cast({name} as text)" if connection.dialect.name == "postgresql" else f"typeof({name}), {name}"
        for name in table.columns.keys()  # noqa: SIM118  # a collection of columns iterates over columns
        if name not in apart
    )
    return list(connection.exec_driver_sql(f"select {listed} from {table.name} where id = {row_id}").one())


class TestWrite:
    @pytest.mark.parametrize("table", [instances, steps, clock_entries, trace_entries], ids=lambda table: table.name)
    def test_adds_what_core_adds(self, table: Table, office: Office, accepted: Accepted) -> None:
        with office.database.writing() as connection:
            like = dict(connection.execute(select(table).order_by(table.c.id.desc()).limit(1)).mappings().one())
            with_moments = {
                column.name: datetime(2026, 11, 20, 14, 20, 3, 45, SEVEN_EAST) for column in table.columns if column.name.endswith("_at")
            }
            rows = []
            for number in (1, 2):
                different = {"id": number, "subject_id": -number, "task_key": f"t{number}", "pass": 70 + number, "seq": 70 + number}
                different |= {"chain_seq": 70 + number}
                rows.append({**like, **with_moments, **{name: value for name, value in different.items() if name in like}})
            connection.execute(insert(table), [rows[0]])
            assert hot_path(connection).write(connection, [Insert(table, [rows[1]])])
            assert raw(connection, table, 1) == raw(connection, table, 2)

    def test_changes_what_core_changes(self, office: Office, accepted: Accepted) -> None:
        values: dict[str, Any] = {
            "tally": {"B1": [2, 7], "ghi chú": None},
            "is_suspended": True,
            "due_at": datetime(2026, 12, 1, 17, 0, tzinfo=SEVEN_EAST),
            "state": b"\x00\xff",
            "reply_due_at": None,
        }
        other = office.accept()
        with office.database.writing() as connection:
            connection.execute(update(instances).where(instances.c.id == accepted.instance_id).values(values))
            assert hot_path(connection).write(connection, [Update(instances, other.instance_id, values)])
            left, right = (
                connection.execute(select(*(instances.c[name] for name in values)).where(instances.c.id == one.instance_id)).one()
                for one in (accepted, other)
            )
        assert tuple(left) == tuple(right) == (*list(values.values())[:2], values["due_at"].astimezone(UTC), b"\x00\xff", None)

    def test_says_when_an_instance_has_another_version(self, office: Office, accepted: Accepted) -> None:
        version = office.instance(accepted)["version"]
        with office.database.writing() as connection:
            path = hot_path(connection)
            assert path.write(connection, [Update(instances, accepted.instance_id, {"version": version + 1}, version=version)])
            assert not path.write(connection, [Update(instances, accepted.instance_id, {"version": version + 1}, version=version)])

    def test_raises_what_core_raises(self, office: Office, accepted: Accepted) -> None:
        (step,) = office.steps(accepted)
        with pytest.raises(IntegrityError), office.database.writing() as connection:
            hot_path(connection).write(connection, [Insert(steps, [step])])

    def test_adds_rows_and_what_refers_to_them_at_once(self, office: Office, accepted: Accepted) -> None:
        instance, (step,) = office.instance(accepted), office.steps(accepted)
        with office.database.writing() as connection:
            parts = [
                Insert(instances, [{**instance, "id": 1, "subject_id": -1}]),
                Insert(steps, [{**step, "id": number, "instance_id": 1, "task_key": f"t{number}", "pass": number} for number in (1, 2, 3)]),
            ]
            assert hot_path(connection).write(connection, parts)
            assert connection.execute(select(steps.c.id).where(steps.c.instance_id == 1).order_by(steps.c.id)).scalars().all() == [1, 2, 3]


class TestTake:
    def test_keeps_the_moment_at_which_a_step_was_received(self, office: Office, accepted: Accepted) -> None:
        office.later(minutes=5).claim(accepted, "nang.hoang")
        office.later(minutes=20).complete(accepted, "nang.hoang")
        assert office.steps(accepted)[0]["claimed_at"] == local("2026-11-20T08:05")

    def test_receives_a_step_that_nobody_held_when_it_is_completed(self, office: Office, accepted: Accepted) -> None:
        office.later(minutes=25).complete(accepted, "nang.hoang")
        assert office.steps(accepted)[0]["claimed_at"] == local("2026-11-20T08:25")

    def test_gives_a_step_that_is_put_back_while_one_waits_for_it(self, office: Office, accepted: Accepted) -> None:
        """PostgreSQL has looked at the step before it waits for the instance; what it saw then no longer holds."""
        office.claim(accepted, "nang.hoang")
        self._while_one_waits(office, accepted, office.areas.engine.release)
        assert office.open_step(accepted)["handler_id"] == office.commune.people["mua.lo"]

    def test_refuses_a_step_that_is_completed_while_one_waits_for_it(self, office: Office, accepted: Accepted) -> None:
        refused = self._while_one_waits(office, accepted, office.areas.engine.complete)
        assert [error.code for error in refused] == ["step_already_done"]

    def _while_one_waits(self, office: Office, accepted: Accepted, act: Callable[..., Any]) -> list[ConflictError]:
        """Nắng acts on the step; while her transaction is open another officer claims it. Why that was refused, if it was."""
        step_id, refused = office.open_step(accepted)["id"], list[ConflictError]()
        with office.database.writing() as connection:
            office.commune.people["mua.lo"] = hire(connection, office.commune, "mua.lo", "Lò Thị Mưa", "intake_officer", "counter")
        other = office.actor("mua.lo")

        def claim() -> None:
            try:
                with office.database.writing() as connection:
                    office.areas.engine.claim(connection, step_id=step_id, actor=other)
            except ConflictError as error:
                refused.append(error)

        waiting = threading.Thread(target=claim)
        with office.database.writing() as connection:
            act(connection, step_id=step_id, actor=office.commune.actor(connection, "nang.hoang"))
            waiting.start()
            time.sleep(0.3)  # until it waits for the lock
        waiting.join()
        return refused

"""Kill -9 at random moments: two schedulers and two officers at work on one database die again and again, and nothing is lost or doubled.

    python -m tests.resilience.kill --kills 100 --database postgresql
    python -m tests.resilience.kill --kills 100 --database sqlite --seed 7 --json

Half of the kills wait until the victim has something to write in an open transaction and strike a moment later, the others strike
blindly; one in ten kills all four processes at once. After each, while the survivors go on: every check of the doctor, the whole trace,
breaches and nonconformities one to one, and everything that a worker had been told was committed. At the end what nobody worked on is
compared, row for row, with the same dossiers swept once in a database where nobody died. Exit 1 when anything does not hold.
"""

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from engine.clock import VirtualClock
from engine.database import Database
from engine.ids import TimeOrderedIds
from engine.sweep import Swept, sweep
from engine.trace.sequencing import BATCH, sequence
from processes import wiring
from tests.integration.lives import random_office
from tests.resilience import proof, quiet
from tests.resilience.durable import KINDS, durable_databases
from tests.resilience.quiet import Quiet
from tests.resilience.racingclock import RacingClock
from tests.resilience.workers import BEAT, DOING, IDLE, TROUBLE, Site, officer, scheduler

WORKERS = (scheduler, scheduler, officer, officer)
CODES = ("2.000908", "1.013225", "1.012796")  # none of a same-day procedure: its shortest limits pass within one fast transaction
FACTOR = 600.0  # a working hour in six seconds
FIRST_DAY = date(2026, 11, 23)
SECONDS_A_KILL = 1.5  # about; deadlines are spread over as much of the run
POWER_CUT = 0.1
WAIT_FOR_TRANSACTION = 2.0

_FORK = multiprocessing.get_context("fork")  # a worker is back within milliseconds


@dataclass
class Outcome:
    """What a run showed."""

    database: str
    seed: int
    kills: int = 0
    processes_killed: int = 0
    killed_during: Counter[str] = field(default_factory=Counter)
    examinations: int = 0
    committed: Counter[str] = field(default_factory=Counter)
    nonconformities: Counter[str] = field(default_factory=Counter)
    compared: int = 0  # instances that nobody worked on, row for row
    seconds: float = 0.0
    mismatches: list[str] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def found(self, when: str, faults: Sequence[str]) -> None:
        """Note what does not hold; what stays broken is named once."""
        new = [fault for fault in faults if fault not in self._known]
        self._known.update(new)
        self.mismatches += [f"{when}: {fault}" for fault in new]


class Crew:
    """The processes at work, each with a cell that shows what it does and a journal of what it was told; the last cell says stop."""

    def __init__(self, site: Site, folder: Path, seed: int) -> None:
        self.cells = _FORK.RawArray("i", len(WORKERS) + 1)
        self.journals = [folder / f"journal{index}" for index in range(len(WORKERS))]
        self._site, self._seeds = site, random.Random(seed)
        self._processes: list[Any] = [None] * len(WORKERS)

    def start(self) -> None:
        """Start whoever is not alive. No connection may be open here: a fork would share it."""
        for index, work in enumerate(WORKERS):
            if self._processes[index] is None or not self._processes[index].is_alive():
                self.cells[index] = 0
                arguments = (self._site, index, self._seeds.random(), self.cells, self.journals[index])
                self._processes[index] = _FORK.Process(target=work, args=arguments, daemon=True)
                self._processes[index].start()

    def kill(self, indexes: Sequence[int]) -> list[str]:
        """SIGKILL; what each was doing."""
        for index in indexes:
            self._processes[index].kill()
        for index in indexes:
            self._processes[index].join()
        return [DOING[self.cells[index]] for index in indexes]

    def stop(self) -> None:
        """Let them come to the end of what they are doing."""
        self.cells[-1] = 1
        for process in self._processes:
            process.join(60)

    def told(self) -> list[str]:
        return [line for path in self.journals if path.exists() for line in path.read_text(encoding="utf-8").splitlines()]


def run(kind: str, kills: int, seed: int, say: Any = None) -> Outcome:
    """Kill so often, then let the survivors finish and compare."""
    outcome, began, dice = Outcome(kind, seed), time.monotonic(), random.Random(seed)
    untouched = Quiet(count=max(40, 6 * kills), minutes=int(kills * SECONDS_A_KILL * FACTOR / 60 * 0.8))
    with durable_databases(kind) as make, tempfile.TemporaryDirectory(prefix="eiso-fire-") as folder:
        database = Database(make())
        site = _site(database, untouched, Path(folder), seed)
        crew = Crew(site, Path(folder), seed)
        try:
            _under_fire(crew, database, site, outcome, dice, kills, say)
        finally:
            with suppress(AttributeError):
                crew.stop()
        _afterwards(database, Database(make()), site, untouched, outcome)
        outcome.found("told", list(proof.lost(database, crew.told())))
        outcome.found("told", [line for line in crew.told() if line.startswith(TROUBLE)])
        outcome.committed.update(verb for line in crew.told() if (verb := line.split(" ")[0]).islower())
        database.dispose()
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def _site(database: Database, untouched: Quiet, folder: Path, seed: int) -> Site:
    untouched.begin(database)
    lives = random_office(database, folder, seed, *CODES)
    clock = RacingClock.start(FIRST_DAY, FACTOR)
    return Site(database.url.render_as_string(hide_password=False), lives.office.commune, lives.people, lives.codes, clock)


def _under_fire(crew: Crew, database: Database, site: Site, outcome: Outcome, dice: random.Random, kills: int, say: Any) -> None:
    for number in range(1, kills + 1):
        database.dispose()
        crew.start()
        time.sleep(dice.uniform(0.05, 0.7))
        victims = list(range(len(WORKERS))) if dice.random() < POWER_CUT else [dice.randrange(len(WORKERS))]
        if dice.random() < 0.5:
            _await_transaction(crew, victims[0])
            time.sleep(0.02 * dice.random() ** 2)
        doing = crew.kill(victims)
        outcome.kills, outcome.processes_killed = number, outcome.processes_killed + len(victims)
        outcome.killed_during.update(doing)
        outcome.found(f"kill {number} in {', '.join(doing)}", list(proof.faults(database, site.clock)))
        outcome.found(f"kill {number}", list(proof.lost(database, crew.told())))
        outcome.examinations += 1
        if say is not None:
            say(f"kill {number} in {', '.join(doing)}: {len(outcome.mismatches)} mismatches so far")
    database.dispose()
    crew.start()
    time.sleep(0.5)


def _await_transaction(crew: Crew, victim: int) -> None:
    until = time.monotonic() + WAIT_FOR_TRANSACTION
    while DOING[crew.cells[victim]] in (IDLE, BEAT) and time.monotonic() < until:
        time.sleep(0.0005)


def _afterwards(database: Database, elsewhere: Database, site: Site, untouched: Quiet, outcome: Outcome) -> None:
    """Everything that is due is swept by one survivor; then nothing may differ from where nobody died."""
    end = VirtualClock(site.clock.now())
    areas = wiring.build(clock=end, ids=TimeOrderedIds())
    _without_errors(sweep(database, areas.engine), outcome)
    _without_errors(untouched.swept_once(elsewhere, end.now()), outcome)
    numbered = BATCH
    while numbered == BATCH:
        with database.writing() as connection:
            numbered = sequence(connection)
    outcome.found("at the end", list(proof.faults(database, end)))
    outcome.examinations += 1
    with database.reading() as connection, elsewhere.reading() as other:
        ours, wanted = quiet.rows(connection), quiet.rows(other)
        outcome.nonconformities = proof.breaches(connection)
    outcome.compared = len(wanted)
    differing = [code for code in wanted if ours.get(code) != wanted[code]]
    outcome.found("compared", [f"{code}: {difference(ours.get(code, {}), wanted[code])}" for code in differing])
    elsewhere.dispose()


def difference(ours: dict[str, Any], wanted: dict[str, Any]) -> str:
    """What differs between two accounts of one instance."""
    return "; ".join(f"{name} is {ours.get(name)}, should be {value}" for name, value in wanted.items() if ours.get(name) != value)


def _without_errors(swept: Swept, outcome: Outcome) -> None:
    outcome.found("the last sweep", swept.errors)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill workers at random moments and see that nothing is lost or doubled.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--database", choices=KINDS, default="postgresql")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON, and nothing else")
    given = parser.parse_args()
    outcome = run(given.database, given.kills, given.seed, None if given.json else lambda line: print(line, file=sys.stderr))
    print(_as_json(outcome) if given.json else _told(outcome))
    return 1 if outcome.mismatches else 0


def _as_json(outcome: Outcome) -> str:
    return json.dumps({name: value for name, value in vars(outcome).items() if not name.startswith("_")}, ensure_ascii=False)


def _told(outcome: Outcome) -> str:
    lines = [
        f"{outcome.kills} kills ({outcome.processes_killed} processes) on {outcome.database}, seed {outcome.seed}, {outcome.seconds} s",
        f"killed during: {_counts(outcome.killed_during)}",
        f"committed by officers: {_counts(outcome.committed)}",
        f"nonconformities: {_counts(outcome.nonconformities)}",
        f"examined {outcome.examinations} times; {outcome.compared} untouched instances compared row for row",
        f"mismatches: {len(outcome.mismatches)}",
    ]
    return "\n".join([*lines, *outcome.mismatches])


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.most_common()) or "nothing"


if __name__ == "__main__":
    sys.exit(main())

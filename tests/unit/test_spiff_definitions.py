"""Definitions are shared: built once, bounded, safe between threads."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from engine.errors import NotFoundError
from engine.model.elements import ProcessModel
from engine.spiff import DefinitionCache, start
from tests.unit.spiff_models import Again, Both, Call, Choice, Script, Step, define, model
from tests.unit.spiff_steps import do, variables


class TestDefinition:
    def test_serves_six_threads_at_once(self) -> None:
        block = [
            Step("B1"),
            Choice("B2", (("yes", Both("p", (Step("B3"), Call("sub")))), ("no", ()))),
            Again("B5", (Step("B4", (("t1", True, ()),)), Script("s1", "tally = tally + step"))),
            Step("B6"),
        ]
        definition = define(block, sub=Step("C1"))

        def dossier(number: int) -> tuple[bool, int]:
            advance = do(definition, start(definition, {"tally": 0, "step": number}), "B1")
            advance = do(definition, advance, "B2", outcome="yes" if number % 2 else "no")
            if number % 2:
                advance = do(definition, advance, *(("B3", "C1") if number % 4 == 1 else ("C1", "B3")))
            for _ in range(number % 5):
                advance = do(definition, do(definition, advance, "B4"), "B5", outcome="again")
            advance = do(definition, do(definition, advance, "t1"), "B5", outcome="on")
            tally: int = variables(definition, advance)["tally"]
            return do(definition, advance, "B6").ended, tally

        with ThreadPoolExecutor(6) as pool:
            results = list(pool.map(dossier, range(240)))
        assert results == [(True, number * (number % 5 + 1)) for number in range(240)]


class TestDefinitionCache:
    def test_builds_once_when_many_ask_at_once(self) -> None:
        loaded: list[int] = []
        gate = threading.Barrier(6)

        def load(definition_id: int) -> ProcessModel:
            loaded.append(definition_id)
            time.sleep(0.05)
            return model(Step("B1"))

        cache = DefinitionCache()

        def ask(_: int) -> object:
            gate.wait()
            return cache.get(7, lambda: load(7))

        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(ask, range(6)))
        assert loaded == [7]
        assert all(one is found[0] for one in found)

    def test_does_not_keep_others_waiting_while_one_is_built(self) -> None:
        started, release = threading.Event(), threading.Event()

        def load(definition_id: str) -> ProcessModel:
            if definition_id == "slow":
                started.set()
                assert release.wait(5)
            return model(Step("B1"))

        cache = DefinitionCache()
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(cache.get, "slow", lambda: load("slow"))
            assert started.wait(5)
            assert cache.get("quick", lambda: load("quick")) is cache.get("quick", lambda: load("quick"))
            assert not slow.done()
            release.set()
            assert slow.result() is cache.get("slow", lambda: load("slow"))

    def test_drops_the_one_not_used_for_longest(self) -> None:
        loaded: list[int] = []

        def load(definition_id: int) -> ProcessModel:
            loaded.append(definition_id)
            return model(Step("B1"))

        cache = DefinitionCache(size=2)
        for definition_id in (1, 2, 1, 3, 1, 2):
            cache.get(definition_id, partial(load, definition_id))
        assert loaded == [1, 2, 3, 2]
        assert len(cache) == 2

    def test_keeps_nothing_of_a_load_that_fails(self) -> None:
        answers: list[ProcessModel | None] = [None, model(Step("B1"))]

        def load(definition_id: int) -> ProcessModel:
            found = answers.pop(0)
            if found is None:
                raise NotFoundError("There is no such model.")
            return found

        cache = DefinitionCache()
        with pytest.raises(NotFoundError):
            cache.get(1, lambda: load(1))
        assert cache.get(1, lambda: load(1)) is cache.get(1, lambda: load(1))

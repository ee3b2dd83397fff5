"""States: small, flat over loops, readable later, and refused clearly when they are not ours."""

import msgpack
import pytest

from engine.spiff import OpenStep, StateError, codec, compile_definition, complete, start, waiting
from tests.unit.spiff_models import Again, Both, Call, Script, Step, define, stored
from tests.unit.spiff_steps import do, open_steps, open_timers, variables

# Written by version 1; a change that cannot read it any more strands every dossier that is under way.
STORED = bytes.fromhex(
    "0193c4088a722058b82de8ee85a76368616e6e656ca66f6e6c696e65a574616c6c7900a2423180a2423281a76f7574636f6d65a6656e6f756768a2423481a76f"
    "7574636f6d65a4646f6e659193a46d61696ec0dc00340000a55374617274400000a24234400001ad6a6f696e5f6f70696e696f6e73080002b263616c6c5f7370"
    "6966665f7061796d656e74040003a86d657267655f423704c4106873a1973bba46028f3fc58ede49b87c04a24236020005a2733102c41008de6045dabf4f239e"
    "1e0b56eb3d666400a24235100007ad6a6f696e5f6f70696e696f6e73040008b263616c6c5f73706966665f7061796d656e74040009a86d657267655f423704c4"
    "104a00e70abd0a4c4292c2e30a492ef1220aa2423602000ba2733102"
)
STORED_KEY = "08de6045dabf4f239e1e0b56eb3d6664"


class TestState:
    def test_of_the_stored_model_stays_below_two_kilobytes(self) -> None:
        definition = compile_definition(stored("spiff_signboard.bpmn", "spiff_payment.bpmn"))
        advance = start(definition, {"channel": "online", "variant": "quán cà phê", "tally": 0})
        sizes = []
        for element_id, outcome in [
            ("B1", "x"),
            ("B2", "missing"),
            ("B3", "x"),
            ("B4", "x"),
            ("B5", "x"),
            ("C1", "x"),
            ("w1", ""),
            ("C2", "x"),
        ]:
            advance = do(definition, advance, element_id, outcome=outcome, note="Bản vẽ màu hồng cánh sen, chữ viết hoa")
            sizes.append(len(advance.state or b""))
        for element_id, outcome in [("B6", "x"), ("B7", "again"), ("B6", "x"), ("B7", "on"), ("t1", ""), ("B9", "x"), ("B8", "x")]:
            advance = do(definition, advance, element_id, outcome=outcome)
            sizes.append(len(advance.state or b""))
        assert max(sizes) < 2048
        assert open_steps(definition, advance) == ["B10"]

    @pytest.mark.parametrize(
        "block",
        [
            Again("B2", Step("B1")),
            Both("o", (Again("B2", Step("B1")), Step("B3"))),
            Again("B2", Both("p", (Step("B1"), ()))),
            Step("B4", (("t1", False, Again("B2", Step("B1"))),)),
        ],
        ids=["loop", "loop in a branch", "split in a loop", "loop behind a timer"],
    )
    def test_does_not_grow_over_a_long_loop(self, block: object) -> None:
        definition = define([Step("B0"), block])  # type: ignore[list-item]
        advance = do(definition, start(definition, {}), "B0")
        if open_timers(definition, advance):
            advance = do(definition, advance, "t1")
        sizes = []
        for _ in range(100):
            advance = do(definition, do(definition, advance, "B1"), "B2", outcome="again")
            sizes.append(len(advance.state or b""))
        assert max(sizes[1:]) == min(sizes[1:])

    def test_does_not_keep_a_called_process_that_is_over(self) -> None:
        definition = define(Again("B2", Call("sub")), sub=Step("C1"))
        advance = do(definition, start(definition, {}), "C1")
        assert [process_id for process_id, _, _ in codec.read(definition, advance.state or b"")[1]] == ["main"]

    def test_is_the_same_after_reading_and_writing_it(self) -> None:
        definition = define(
            [Both("p", (Step("B1", (("t1", False, Step("B2")),)), Call("sub"))), Step("B3")], sub=Both("q", (Step("C1"), Step("C2")))
        )
        advance = do(definition, start(definition, {"a": 1, "b": None, "c": "ướt", "d": 1.5, "e": True}), "t1", "C1", outcome="x")
        workflow = codec.decode(definition, advance.state or b"")
        assert codec.encode(definition, workflow, workflow.script_engine.variables) == advance.state

    def test_written_by_the_first_version_can_be_read_and_goes_on(self) -> None:
        definition = compile_definition(stored("spiff_signboard.bpmn", "spiff_payment.bpmn"))
        assert waiting(definition, STORED).steps == (OpenStep(STORED_KEY, "B5"),)
        advance = complete(definition, STORED, STORED_KEY, {"B5": {"outcome": "done"}})
        assert [step.element_id for step in advance.opened] == ["C1"]
        assert variables(definition, advance)["B4"] == {"outcome": "done"}


class TestReading:
    def test_refuses_a_version_that_it_does_not_know(self) -> None:
        definition = define(Step("B1"))
        state = start(definition, {}).state or b""
        for wrong in (b"\x02" + state[1:], b"{" + state[1:], b""):
            with pytest.raises(StateError) as refusal:
                waiting(definition, wrong)
            assert refusal.value.code == "state_version_unknown"

    def test_refuses_the_state_of_another_model(self) -> None:
        state = start(define(Step("B1")), {}).state or b""
        with pytest.raises(StateError) as refusal:
            waiting(define([Step("B1"), Script("s1", "a = 1")]), state)
        assert refusal.value.code == "state_of_another_model"

    def test_refuses_an_element_that_the_model_does_not_have(self) -> None:
        definition = define(Step("B1"))
        state = start(definition, {}).state or b""
        with pytest.raises(StateError):
            waiting(definition, state.replace(b"\xa2B1", b"\xa2B7"))

    def test_refuses_damaged_bytes(self) -> None:
        definition = define([Step("B1"), Step("B2")])
        state = start(definition, {}).state or b""
        for wrong in (state[:-3], state[:1], state + b"\x00", b"\x01" + msgpack.packb([1, 2])):
            with pytest.raises(StateError) as refusal:
                waiting(definition, wrong)
            assert refusal.value.code in ("state_damaged", "state_of_another_model")

    def test_gives_the_variables_back_as_they_were(self) -> None:
        definition = define([Step("B1"), Step("B2")])
        given = {"a": 1, "b": None, "c": "Cà phê sữa đá", "d": 1.5, "e": True, "f": -(2**63) + 1}
        advance = do(definition, start(definition, given), "B1", outcome="x", copies=3)
        assert variables(definition, advance) == {**given, "B1": {"outcome": "x", "copies": 3}}

"""From files to a model: what is read, what is refused, and where."""

from pathlib import Path

import pytest

from engine.model.document import MAX_BYTES
from engine.model.findings import ModelError
from engine.model.reading import examine, read_model
from engine.timelimit import LimitKind, TimeLimit
from tests.unit.model_drafts import HEAD, Draft, pairs, sources, straight

MODELS = Path(__file__).parent.parent / "data" / "models"


def rules(*drafts: Draft) -> dict[str, str | None]:
    """What the reader found: rule -> element."""
    return {f.rule: f.element_id for f in examine(sources(*drafts)).findings}


def file_rule(data: bytes) -> str:
    with pytest.raises(ModelError) as refused:
        read_model({"m.bpmn": data})
    return refused.value.findings[0].rule


class TestReadModel:
    def test_reads_every_fact_of_a_step(self) -> None:
        draft = straight().step(
            "B9",
            "0.5d",
            name="Thẩm tra\nhồ sơ",
            extends="5d",
            handler="not:B1",
            outcomes="approve=Trình ký; return=Trả lại",
            form="marriage",
            issues="01, 06",
            status="4",
        )
        step = draft.model().codes["B9"]
        assert (step.id, step.name, step.lane_id) == ("B9", "Thẩm tra hồ sơ", "Lane_khai_sinh")
        assert step.limit == TimeLimit.parse("0.5d") and step.extends == TimeLimit.parse("5d")
        assert step.handler is not None and (step.handler.kind, step.handler.code) == ("not", "B1")
        assert [(o.key, o.label) for o in step.outcomes] == [("approve", "Trình ký"), ("return", "Trả lại")]
        assert (step.form, step.issues, step.status, step.stops_clock) == ("marriage", ("01", "06"), 4, False)

    def test_reads_process_flows_ends_and_lines(self) -> None:
        main = straight().way("B1", "B3", when="${B1.outcome == 'x'}").model().main
        assert (main.id, main.name, main.procedure, main.file) == ("khai_sinh", "Đăng ký khai sinh", "1.001193", "khai_sinh.bpmn")
        assert main.flows["B1-B3"].condition == "${B1.outcome == 'x'}" and main.flows["B1-B2"].condition is None
        assert [f.target for f in main.outgoing("B1")] == ["B2", "B3"] and [f.source for f in main.incoming("B3")] == ["B2", "B1"]
        assert main.lines["B2"] > main.lines["B1"] > 1
        assert {"B1", "B1-B2", "Lane_khai_sinh"} <= main.drawn

    def test_reads_timers_as_limits_and_as_durations(self) -> None:
        draft = straight().timer("hurry", "3d", "B1", interrupting=False).timer("give_up", "P30D", "B1").timer("wait", "15cd")
        timers = draft.model().timers
        hurry = timers["hurry"]
        assert (hurry.limit.kind, hurry.attached_to, hurry.interrupting) == (LimitKind.WORKING_DAYS, "B1", False)
        assert (timers["give_up"].limit.kind, timers["give_up"].interrupting) == (LimitKind.DURATION, True)
        assert timers["wait"].attached_to is None

    def test_lets_the_innermost_lane_hold_the_step_and_inherit_from_outside(self) -> None:
        inner = f'<bpmn:lane id="inner" name="Bàn 2">{pairs({"role": "clerk"})}<bpmn:flowNodeRef>B1</bpmn:flowNodeRef></bpmn:lane>'
        outer = (
            f'<bpmn:lane id="outer" name="Văn phòng">{pairs({"role": "leader", "unit": "office", "agency": "parent"})}'
            "<bpmn:flowNodeRef>B1</bpmn:flowNodeRef><bpmn:flowNodeRef>B2</bpmn:flowNodeRef><bpmn:flowNodeRef>B3</bpmn:flowNodeRef>"
            f"<bpmn:childLaneSet>{inner}</bpmn:childLaneSet></bpmn:lane>"
        )
        draft = straight()
        draft.lanes = outer
        model = draft.model()
        assert [s.lane_id for s in model.main.steps.values()] == ["inner", "outer", "outer"]
        lane = model.lanes["inner"]
        assert (lane.role, lane.unit, lane.agency) == ("clerk", "office", "parent")

    def test_takes_properties_from_the_element_itself_alone(self) -> None:
        draft = straight()
        draft.properties = f"<bpmn:documentation>{'x'}</bpmn:documentation>"
        nested = f'<bpmn:lane id="l2">{pairs({"role": "clerk"})}</bpmn:lane>'
        draft.lanes = f'<bpmn:lane id="l1"><bpmn:childLaneSet>{nested}</bpmn:childLaneSet></bpmn:lane>'
        reading = examine(sources(draft))
        assert reading.model is not None and reading.model.lanes["l1"].role == ""

    def test_freezes_main_and_called_processes_together(self) -> None:
        called = Draft("xac_minh", procedure=None).start("s2").step("C1").end("e2").way("s2", "C1", "e2")
        main = Draft().start().call("goi", "xac_minh").end().way("start", "goi", "end")
        model = main.model(called)
        assert model.main.calls["goi"].called == "xac_minh" and set(model.called) == {"xac_minh"}
        assert set(model.codes) == {"C1"} and model.key == "1.001193" and list(model.sources) == ["khai_sinh.bpmn", "xac_minh.bpmn"]

    def test_gives_the_same_digest_for_the_same_bytes_only(self) -> None:
        assert straight().model().sha256 == straight().model().sha256 != straight(procedure="1.000656").model().sha256

    def test_reads_what_camunda_modeler_saved(self) -> None:
        reading = examine({"modeler.bpmn": (MODELS / "modeler.bpmn").read_bytes()})
        assert reading.is_sound and reading.model is not None
        assert [s.code for s in reading.model.steps.values()] == ["B1", "B2", "B3"]
        assert reading.model.main.name == "Uỷ ban nhân dân phường Hoa Mai"
        assert {f.rule for f in reading.findings} == {"message_flow.ignored", "extension.ignored"}


class TestRefusesAFile:
    def test_that_is_no_xml_with_its_line(self) -> None:
        with pytest.raises(ModelError) as refused:
            read_model({"m.bpmn": b"<a>\n<b>\n</a>"})
        assert (refused.value.findings[0].rule, refused.value.findings[0].line) == ("file.not_xml", 3)
        assert file_rule(b"") == file_rule(b"\xff\xfe\x00") == "file.not_xml"

    def test_with_a_doctype(self) -> None:
        assert file_rule(b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>') == "file.doctype"
        assert file_rule(b"<!DOCTYPE x><x/>") == "file.doctype"
        assert file_rule('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16")) == "file.doctype"

    def test_that_laughs_a_billion_times(self) -> None:
        entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9))
        assert file_rule(f"<!DOCTYPE x [{entities}]><x a='&l8;'>&l8;</x>".encode()) in ("file.doctype", "file.not_xml")

    def test_that_is_too_large_too_full_or_too_deep(self) -> None:
        assert file_rule(b" " * (MAX_BYTES + 1)) == "file.too_large"
        assert file_rule(b"<x>" + b"<y/>" * 6000 + b"</x>") == "file.too_many_elements"
        assert file_rule(b"<x>" * 100 + b"</x>" * 100) == "file.too_deep"

    def test_that_is_no_bpmn(self) -> None:
        assert file_rule(b"<html/>") == file_rule(b"<definitions/>") == "file.not_bpmn"

    def test_without_exactly_one_executable_process(self) -> None:
        process = '<bpmn:process id="{0}" isExecutable="{1}"><bpmn:startEvent id="s{0}"/></bpmn:process>'
        tail = "</bpmn:definitions>"
        assert file_rule(f"{HEAD}{process.format('a', 'false')}{tail}".encode()) == "file.no_process"
        assert file_rule(f"{HEAD}{process.format('a', 'true')}{process.format('b', 'true')}{tail}".encode()) == "file.several_processes"
        both = f"{HEAD}{process.format('a', 'true')}{process.format('b', 'false')}{tail}"
        assert [f.rule for f in examine({"m.bpmn": both.encode()}).findings] == ["process.ignored"]

    def test_and_says_so_in_the_errors_of_the_refusal(self) -> None:
        with pytest.raises(ModelError) as refused:
            read_model(sources(straight().step("B4", limit=None).step("B5", "soon")))
        assert refused.value.code == "model_invalid"
        assert list(refused.value.errors) == ["khai_sinh.bpmn:B4:step.limit_missing", "khai_sinh.bpmn:B5:value.limit"]


EVENT = '<bpmn:{0} id="x" attachedToRef="B1"><bpmn:{1}EventDefinition /></bpmn:{0}>'


class TestRefusesAConstruct:
    @pytest.mark.parametrize(
        ("tag", "rule"),
        [
            ("task", "construct.task"),
            ("manualTask", "construct.manual_task"),
            ("serviceTask", "construct.service_task"),
            ("sendTask", "construct.service_task"),
            ("receiveTask", "construct.receive_task"),
            ("businessRuleTask", "construct.business_rule_task"),
            ("subProcess", "construct.subprocess"),
            ("transaction", "construct.subprocess"),
            ("adHocSubProcess", "construct.subprocess"),
            ("inclusiveGateway", "construct.inclusive_gateway"),
            ("complexGateway", "construct.complex_gateway"),
            ("eventBasedGateway", "construct.event_gateway"),
            ("intermediateThrowEvent", "construct.throw_event"),
            ("dataObjectReference", "construct.data"),
            ("dataStoreReference", "construct.data"),
            ("choreographyTask", "construct.unknown"),
        ],
    )
    def test_by_its_name(self, tag: str, rule: str) -> None:
        assert rules(straight().raw(f'<bpmn:{tag} id="x" />')) == {rule: "x"}

    @pytest.mark.parametrize("kind", ["message", "signal", "error", "escalation", "conditional", "link", "compensate", "cancel"])
    @pytest.mark.parametrize("tag", ["startEvent", "endEvent", "intermediateCatchEvent", "boundaryEvent"])
    def test_by_the_event_that_it_waits_for_or_throws(self, tag: str, kind: str) -> None:
        assert rules(straight().raw(EVENT.format(tag, kind))) == {"construct.event": "x"}

    def test_that_starts_on_a_timer_or_catches_nothing_or_too_much(self) -> None:
        assert rules(straight().raw(EVENT.format("startEvent", "timer"))) == {"construct.event": "x"}
        assert rules(straight().raw('<bpmn:intermediateCatchEvent id="x" />')) == {"construct.event_count": "x"}
        two = "<bpmn:timerEventDefinition /><bpmn:timerEventDefinition />"
        catching = f'<bpmn:intermediateCatchEvent id="x">{two}</bpmn:intermediateCatchEvent>'
        assert rules(straight().raw(catching)) == {"construct.event_count": "x"}

    @pytest.mark.parametrize(
        ("inner", "attributes", "rule"),
        [
            ("<bpmn:multiInstanceLoopCharacteristics />", "", "construct.multi_instance"),
            ("<bpmn:standardLoopCharacteristics />", "", "construct.loop"),
            ("", 'isForCompensation="true"', "construct.compensation"),
            ("", 'completionQuantity="2"', "construct.quantity"),
        ],
    )
    def test_by_its_marker(self, inner: str, attributes: str, rule: str) -> None:
        assert rules(straight().raw(f'<bpmn:userTask id="x" {attributes}>{inner}</bpmn:userTask>')) == {rule: "x"}

    def test_that_is_an_event_subprocess(self) -> None:
        assert rules(straight().raw('<bpmn:subProcess id="x" triggeredByEvent="true" />')) == {"construct.event_subprocess": "x"}

    def test_that_carries_data(self) -> None:
        inner = f"{pairs({'code': 'B8', 'limit': '1h'})}<bpmn:dataInputAssociation />"
        draft = straight().raw(f'<bpmn:userTask id="B8">{inner}</bpmn:userTask>')
        draft.laned.append("B8")
        assert rules(draft) == {"construct.data": "B8"}

    def test_but_not_what_is_only_drawn(self) -> None:
        drawn = '<bpmn:textAnnotation id="n" /><bpmn:association id="a" sourceRef="n" targetRef="B1" /><bpmn:group id="g" />'
        assert rules(straight().raw(drawn)) == {}


class TestRefusesATimer:
    @pytest.mark.parametrize(
        ("tag", "value", "rule"),
        [
            ("timeCycle", "R3/PT10M", "timer.cycle"),
            ("timeDate", "2026-11-20T14:20:00", "timer.date"),
            ("timeDuration", "soon", "timer.value"),
            ("timeDuration", "untimed", "timer.value"),
            ("timeDuration", "${limit}", "timer.value"),
            ("timeDuration", "", "timer.value"),
        ],
    )
    def test_that_is_no_plain_duration(self, tag: str, value: str, rule: str) -> None:
        assert rules(straight().timer("t", value, "B1", tag=tag)) == {rule: "t"}


class TestRefusesAProperty:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("code", "B1.1"),
            ("code", "Bước1"),
            ("code", "B" * 17),
            ("code", "not"),
            ("limit", "soon"),
            ("limit", "P3D"),
            ("limit", "0d"),
            ("limit", "1.5cd"),
            ("extends", "untimed"),
            ("extends", "sameday@15:00"),
            ("clock", "pauses"),
            ("handler", "B3"),
            ("handler", "as:B3"),
            ("handler", "not:"),
            ("outcomes", "approve"),
            ("outcomes", "approve="),
            ("outcomes", "a=Ký;a=Trả"),
            ("outcomes", "Duyệt=Ký"),
            ("form", "Birth Form"),
            ("issues", "1"),
            ("status", "5"),
            ("status", "09"),
        ],
    )
    def test_of_a_step_with_a_strange_value(self, name: str, value: str) -> None:
        given = {"code": "B8", "limit": "1h", name: value}
        draft = straight().raw(f'<bpmn:userTask id="x" name="Việc">{pairs(given)}</bpmn:userTask>')
        draft.laned.append("x")
        assert rules(draft) == {f"value.{name}": "x"}

    @pytest.mark.parametrize(("name", "value"), [("role", "speciallist"), ("unit", "Phòng A"), ("agency", "Bộ")])
    def test_of_a_lane_with_a_strange_value(self, name: str, value: str) -> None:
        draft = straight()
        refs = "".join(f"<bpmn:flowNodeRef>{i}</bpmn:flowNodeRef>" for i in draft.laned)
        draft.lanes = f'<bpmn:lane id="l">{pairs({"role": "clerk", name: value})}{refs}</bpmn:lane>'
        assert f"value.{name}" in rules(draft)

    def test_of_a_process_with_a_strange_value(self) -> None:
        assert rules(straight(procedure="số một")) == {"value.procedure": "khai_sinh"}

    def test_and_helps_with_a_slip_of_the_pen(self) -> None:
        finding = examine(sources(straight().step("B8", limt="1h"))).findings[0]
        assert (finding.rule, finding.remedy) == ("property.unknown", "Did you mean limit?")
        lane = straight()
        lane.lanes = f'<bpmn:lane id="l">{pairs({"role": "speciallist"})}</bpmn:lane>'
        assert examine(sources(lane)).findings[0].remedy == "Did you mean specialist?"

    def test_that_has_no_place_there(self) -> None:
        assert rules(straight().step("B8", colour="đỏ")) == {"property.strange": "B8"}
        gateway = f'<bpmn:exclusiveGateway id="g">{pairs({"limit": "1h"})}</bpmn:exclusiveGateway>'
        assert rules(straight().raw(gateway)) == {"property.misplaced": "g"}

    def test_that_stands_there_twice(self) -> None:
        again = '<camunda:properties><camunda:property name="limit" value="2h" />'
        double = pairs({"code": "B8", "limit": "1h"}).replace("<camunda:properties>", again)
        draft = straight().raw(f'<bpmn:userTask id="x" name="Việc">{double}</bpmn:userTask>')
        draft.laned.append("x")
        assert rules(draft) == {"property.double": "x"}


class TestMisses:
    def test_what_a_step_must_have(self) -> None:
        draft = straight().raw('<bpmn:userTask id="x" name="Việc" />')
        assert rules(draft) == {"step.code_missing": "x", "step.limit_missing": "x", "step.lane_missing": "x"}

    def test_the_role_of_a_lane_that_has_steps(self) -> None:
        draft = straight()
        draft.lanes = '<bpmn:lane id="l" name="Bàn 1"><bpmn:flowNodeRef>B1</bpmn:flowNodeRef></bpmn:lane>'
        assert rules(draft)["lane.role_missing"] == "l"

    def test_an_id(self) -> None:
        assert rules(straight().raw("<bpmn:userTask />")) == {"id.missing": None}

    def test_the_called_process(self) -> None:
        called = Draft("xac_minh", procedure=None).start("s2").step("C1").end("e2").way("s2", "C1", "e2")
        assert rules(straight().call("c", "")) == {"call.empty": "c"}
        assert rules(straight().call("c", "xac_mih"), called) == {"call.missing": "c", "call.unused": "xac_minh"}

    def test_nothing_in_a_process_that_calls_itself_but_says_so(self) -> None:
        first = Draft().start("s1").call("c1", "hai").end("e1")
        second = Draft("hai", procedure=None).start("s2").call("c2", "khai_sinh").end("e2")
        found = examine(sources(first, second)).findings
        assert [(f.rule, f.element_id) for f in found] == [("call.recursive", "c1"), ("call.recursive", "c2")]

    def test_one_lane_when_a_step_lies_in_two(self) -> None:
        draft = straight()
        lane = f'<bpmn:lane id="{{}}">{pairs({"role": "clerk"})}<bpmn:flowNodeRef>{{}}</bpmn:flowNodeRef></bpmn:lane>'
        draft.lanes = lane.format("l1", "B1") + lane.format("l2", "B1") + lane.format("l3", "B2") + lane.format("l4", "B3")
        assert rules(draft) == {"lane.twice": "B1"}
        draft.lanes += lane.format("l5", "ghost")
        assert rules(draft)["lane.unknown_node"] == "l5"

    def test_ids_of_their_own(self) -> None:
        assert rules(straight().xor("B1")) == {"id.double": "B1"}
        assert rules(straight().xor("x" * 65)) == {"id.long": "x" * 65}
        called = Draft("hai", procedure=None).start().step("B9").end().way("start", "B9", "end")
        assert rules(straight().call("c", "hai"), called) == {"id.double": "end"}
        assert rules(straight().call("c", "khai_sinh2"), Draft("khai_sinh2", procedure=None).start().end("e2")) == {}

    def test_a_script_and_a_condition(self) -> None:
        assert rules(straight().script("s", " ")) == {"script.empty": "s"}
        empty = '<bpmn:sequenceFlow id="f" sourceRef="B1" targetRef="B2"><bpmn:conditionExpression /></bpmn:sequenceFlow>'
        assert rules(straight().raw(empty)) == {"flow.condition_empty": "f"}

    def test_long_process_ids(self) -> None:
        assert rules(Draft("p" * 65, procedure=None))["process.id_long"] == "p" * 65

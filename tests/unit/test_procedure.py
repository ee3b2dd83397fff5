"""procedure.toml: read to the letter or refused with every fault."""

from datetime import date

import pytest

from engine.errors import InvalidError
from engine.model.procedure import read_procedure
from engine.timelimit import LimitRule, TimeLimit

WHOLE = """
code = "1.013225"
name = "Cấp giấy phép xây dựng"
field = "Hoạt động xây dựng"
legal_basis = ["Luật Hoa Mai", "Nghị định Hoa Đào"]
decision = "1/QĐ-HM"
result = "Giấy phép"
result_code = "KQ.1"
retention_years = 0
model = "model.bpmn"
called = ["consult.bpmn"]
version = 2
effective_from = 2026-01-01
effective_to = 2026-12-31
coordination_counts = false

[limits]
rule = "endofday"
direct = "20d"
online = "15d"

[[variants]]
key = "house"
label = "Nhà ở"
direct = "12d"

[supplement]
times = 2
answer_limit = "10d"
after = "restart"

[[papers]]
code = "TP1"
name = "Đơn"
originals = 1

[[papers]]
code = "TP2"
name = "Bản vẽ"
certified = 1
copies = 2
required = false
condition = "khi xây mới"

[fee]
amount = 75000
unit = "đồng/giấy phép"
kind = "charge"
when = "return"
note = "theo nghị quyết"
"""
LEAST = """
code = "1.001193"
name = "Đăng ký khai sinh"
field = "Hộ tịch"
result = "Giấy khai sinh"
retention_years = 0
model = "model.bpmn"
version = 1
effective_from = 2026-01-01
[limits]
direct = "8h"
"""


def faults(text: str) -> dict[str, str]:
    with pytest.raises(InvalidError) as refused:
        read_procedure(text.encode())
    assert refused.value.code == "procedure_invalid"
    return refused.value.errors


class TestReadProcedure:
    def test_reads_every_fact(self) -> None:
        facts = read_procedure(WHOLE.encode())
        assert (facts.code, facts.field, facts.version) == ("1.013225", "Hoạt động xây dựng", 2)
        assert (facts.model, facts.called) == ("model.bpmn", ("consult.bpmn",))
        assert (facts.effective_from, facts.effective_to, facts.retention_years) == (date(2026, 1, 1), date(2026, 12, 31), 0)
        assert facts.legal_basis == ("Luật Hoa Mai", "Nghị định Hoa Đào") and facts.rule is LimitRule.END_OF_DAY
        assert (facts.supplement.times, facts.supplement.answer_limit, facts.supplement.after) == (2, TimeLimit.parse("10d"), "restart")
        assert [(p.code, p.originals, p.certified, p.copies, p.required, p.condition) for p in facts.papers] == [
            ("TP1", 1, 0, 0, True, None),
            ("TP2", 0, 1, 2, False, "khi xây mới"),
        ]
        assert facts.fee is not None and (facts.fee.amount, facts.fee.kind, facts.fee.when) == (75000, "charge", "return")

    def test_gives_each_variant_the_limits_that_it_does_not_name(self) -> None:
        legal = read_procedure(WHOLE.encode()).legal
        limits = [(one.channel, one.variant, one.limit.text) for one in legal.limits]
        assert limits == [("direct", "house", "12d"), ("online", "house", "15d")]
        assert (legal.code, legal.rule, legal.coordination_counts) == ("1.013225", LimitRule.END_OF_DAY, False)

    def test_needs_little(self) -> None:
        facts = read_procedure(LEAST.encode())
        assert (facts.rule, facts.called, facts.fee, facts.papers, facts.effective_to) == (LimitRule.ELAPSED, (), None, (), None)
        assert (facts.supplement.times, facts.supplement.after, facts.coordination_counts) == (1, "resume", True)
        assert [(one.channel, one.variant) for one in facts.legal.limits] == [("direct", None)]

    @pytest.mark.parametrize(
        ("old", "new", "where", "problem"),
        [
            ("version = 1", "verson = 1", "verson", "is unknown; did you mean version?"),
            ("version = 1", "", "version", "is missing"),
            ("version = 1", "version = true", "version", "must be a whole number, not negative"),
            ("retention_years = 0", "retention_years = -1", "retention_years", "must be a whole number, not negative"),
            ('name = "Đăng ký khai sinh"', 'name = " "', "name", "must be a text"),
            ('model = "model.bpmn"', 'model = "../../etc/passwd.bpmn"', "model", "must be a file name ending in .bpmn"),
            ("2026-01-01", '"2026-01-01"', "effective_from", "must be a date such as 2026-01-01, without quotation marks"),
            ("2026-01-01", "2026-01-01T07:30:00", "effective_from", "must be a date such as 2026-01-01, without quotation marks"),
            ("2026-01-01", "2026-01-01\neffective_to = 2025-01-01", "effective_to", "lies before effective_from"),
            ('direct = "8h"', 'dirct = "8h"', "limits.dirct", "is unknown; did you mean direct?"),
            ('direct = "8h"', "", "limits", "needs a limit for at least one channel: direct, online or postal"),
            ('direct = "8h"', 'direct = "P1D"', "limits.direct", "must be a limit such as 8h, 3d, 15cd, sameday@15:00 or untimed"),
            ('direct = "8h"', 'rule = "endofday"\ndirect = "1.5d"', "limits.direct", "must be whole days under the rule endofday"),
            ('direct = "8h"', 'rule = "ended"\ndirect = "8h"', "limits.rule", "must be one of elapsed, endofday"),
            ('direct = "8h"', 'direct = "8h"\n[[papers]]\ncode = "A"', "papers[1].name", "is missing"),
            ('direct = "8h"', 'direct = "8h"\n[papers]\ncode = "A"', "papers", "must be written as [[papers]]"),
            ('direct = "8h"', 'direct = "8h"\n[fee]\namount = 1.5\nkind = "fee"', "fee.amount", "must be a whole number, not negative"),
            ("version = 1", 'version = 1\ncoordination_counts = "no"', "coordination_counts", "must be true or false"),
            ("version = 1", 'version = 1\nfee = "free"', "fee", "must be a table"),
        ],
    )
    def test_refuses(self, old: str, new: str, where: str, problem: str) -> None:
        assert faults(LEAST.replace(old, new))[where] == problem

    def test_refuses_two_of_one_name(self) -> None:
        twice = '\n[[papers]]\ncode = "TP1"\nname = "Đơn"' * 2 + '\n[[variants]]\nkey = "a"\nlabel = "A"' * 2
        assert faults(LEAST + twice) == {"variants": "has a twice", "papers": "has TP1 twice"}

    def test_names_every_fault_at_once(self) -> None:
        assert set(faults("code = 1\nnam = 'x'")) >= {"code", "nam", "name", "field", "model", "version", "limits"}

    def test_says_where_the_toml_is_wrong(self) -> None:
        with pytest.raises(InvalidError, match="line 2"):
            read_procedure(b"code = 'x'\nname = \nfield = 'y'")
        with pytest.raises(InvalidError, match="not TOML"):
            read_procedure(b"\xff\xfe")

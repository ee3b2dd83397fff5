"""The grammar of conditions and scripts: text to nodes, with everything else refused.

    choice     := or [ "?" choice ":" choice | "if" or "else" choice ]
    or, and    := ... "or" | "||" | "and" | "&&" ...            not := "not" not | comparison
    comparison := sum { ( == != < <= > >= eq ne lt le gt ge in "not in" ) sum }
    sum, term  := ... + - ... * % ...                           sign := ( "-" | "!" ) sign | part
    part       := atom { "." word | "[" constant "]" }
    atom       := number | text | true | false | null | word | "(" choice ")" | "[" choice, ... "]"

`!` binds as tightly as in JUEL, `not` as loosely as in Python, so a condition from either keeps its meaning.
"""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from engine.errors import InvalidError

MAX_TEXT = 1000
MAX_SCRIPT = 4000
MAX_ASSIGNMENTS = 50
MAX_DEPTH = 30
MAX_NODES = 200
MAX_NUMBER = 10**15
MAX_CONSTANT = 200  # letters of one text

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?)(?![A-Za-z0-9_.])
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<text>'(?:[^'\\\n]|\\['"\\])*'|"(?:[^"\\\n]|\\['"\\])*")
  | (?P<sign>==|!=|<=|>=|&&|\|\||[<>!?:+\-*%().,\[\]])
    )""",
    re.VERBOSE,
)
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(?!=)(.*)", re.DOTALL)
_STATEMENT = re.compile(r"""(?:[^;\n'"]|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|['"])+""")
_WRAPPED = re.compile(r"\s*[$#]\{(.*)\}\s*", re.DOTALL)
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "in"}
_COMPARISONS |= {sign: sign for sign in ("==", "!=", "<", "<=", ">", ">=")}
_ORDERS = ("<", "<=", ">", ">=")
_OPERATOR_WORDS = {"and", "or", "not", "in", "if", "else", "eq", "ne", "lt", "le", "gt", "ge"}
RESERVED = frozenset(keyword.kwlist) | frozenset(_CONSTANTS) | _OPERATOR_WORDS


class UnsafeExpressionError(InvalidError):
    """This condition or script uses something that the language of models does not have."""

    code = "expression_unsafe"


@dataclass(frozen=True)
class Node:
    """A part of an expression: its kind, its own value (a name, key, sign or constant), and the parts below it."""

    kind: str
    value: Any = None
    parts: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        """This node and every node below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def is_name(text: str) -> bool:
    """Whether a variable or step code may be called this."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text) is not None and "__" not in text and text not in RESERVED


def parse_expression(text: str) -> Node:
    """Read one expression. Raises: UnsafeExpressionError."""
    if len(text) > MAX_TEXT:
        raise UnsafeExpressionError(f"a condition has at most {MAX_TEXT} letters", text=text[:80])
    wrapped = _WRAPPED.fullmatch(text)
    return _Parser(wrapped.group(1) if wrapped else text).whole()


def parse_script(text: str) -> list[tuple[str, Node]]:
    """Read assignments `name = expression`. Raises: UnsafeExpressionError."""
    if len(text) > MAX_SCRIPT:
        raise UnsafeExpressionError(f"a script has at most {MAX_SCRIPT} letters", text=text[:80])
    statements = [s for s in _STATEMENT.findall(text) if s.strip()]
    if len(statements) > MAX_ASSIGNMENTS:
        raise UnsafeExpressionError(f"a script has at most {MAX_ASSIGNMENTS} assignments", text=text[:80])
    return [_assignment(s) for s in statements]


def _assignment(statement: str) -> tuple[str, Node]:
    found = _ASSIGNMENT.fullmatch(statement)
    if found is None:
        raise UnsafeExpressionError("a script holds only assignments: name = expression", text=statement.strip()[:80])
    name, expression = found.groups()
    if not is_name(name):
        raise UnsafeExpressionError(f"{name} cannot be assigned", text=statement.strip()[:80])
    return name, parse_expression(expression)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise UnsafeExpressionError(f"not understood: {text[at:].strip()[:20]!r}", text=text[:80])
        kind = found.lastgroup or ""
        tokens.append((kind, found.group(kind)))
        at = found.end()
    return tokens


class _Parser:
    """Reads one text by recursive descent, counting depth and nodes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0
        self.nodes = 0

    def whole(self) -> Node:
        node = self.choice()
        if self.at < len(self.tokens):
            self.refuse(f"not expected here: {self.tokens[self.at][1][:20]!r}")
        return node

    # -- small tools

    def refuse(self, message: str) -> NoReturn:
        raise UnsafeExpressionError(message, text=self.text[:80])

    def node(self, kind: str, value: Any = None, *parts: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.refuse("the expression has too many parts")
        return Node(kind, value, parts)

    def sees(self, *values: str) -> str | None:
        if self.at < len(self.tokens):
            kind, value = self.tokens[self.at]
            if kind in ("sign", "word") and value in values:
                return value
        return None

    def takes(self, *values: str) -> str | None:
        value = self.sees(*values)
        if value is not None:
            self.at += 1
        return value

    def needs(self, value: str) -> None:
        if not self.takes(value):
            self.refuse(f"{value!r} is missing")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse("the expression is nested too deeply")

    # -- the grammar, loosest first

    def choice(self) -> Node:
        self.deeper()
        node = self.either()
        if self.takes("?"):
            then = self.choice()
            self.needs(":")
            node = self.node("choice", None, node, then, self.choice())
        elif self.takes("if"):
            test = self.either()
            self.needs("else")
            node = self.node("choice", None, test, node, self.choice())
        self.depth -= 1
        return node

    def either(self) -> Node:
        node = self.both()
        while self.takes("or", "||"):
            node = self.node("or", None, node, self.both())
        return node

    def both(self) -> Node:
        node = self.negation()
        while self.takes("and", "&&"):
            node = self.node("and", None, node, self.negation())
        return node

    def negation(self) -> Node:
        if not self.takes("not"):
            return self.comparison()
        self.deeper()
        node = self.node("not", None, self.negation())
        self.depth -= 1
        return node

    def comparison(self) -> Node:
        left = self.sum()
        links: list[Node] = []
        signs: list[str] = []
        while sign := self.comparison_sign():
            right = self.sum()
            links.append(self.node("compare", sign, left, right))
            signs.append(sign)
            left = right
        if not links:
            return left
        if len(links) > 1 and any(s not in _ORDERS for s in signs):
            self.refuse("a chain of comparisons needs parentheses")
        node = links[0]
        for link in links[1:]:
            node = self.node("and", None, node, link)
        return node

    def comparison_sign(self) -> str | None:
        if self.takes("not"):
            self.needs("in")
            return "not in"
        found = self.takes(*_COMPARISONS)
        return _COMPARISONS[found] if found else None

    def sum(self) -> Node:
        node = self.term()
        while sign := self.takes("+", "-"):
            node = self.arithmetic(sign, node, self.term())
        return node

    def term(self) -> Node:
        node = self.sign()
        while sign := self.takes("*", "%"):
            node = self.arithmetic(sign, node, self.sign())
        return node

    def arithmetic(self, sign: str, left: Node, right: Node) -> Node:
        if any(side.kind == "list" or (side.kind == "constant" and type(side.value) not in (int, float)) for side in (left, right)):
            self.refuse(f"{sign} needs numbers")
        return self.node("arithmetic", sign, left, right)

    def sign(self) -> Node:
        found = self.takes("-", "!")
        if not found:
            return self.part()
        self.deeper()
        node = self.node("negative" if found == "-" else "not", None, self.sign())
        self.depth -= 1
        return node

    def part(self) -> Node:
        node = self.atom()
        while found := self.takes(".", "[", "("):
            if found == "(":
                self.refuse("nothing can be called")
            key = self.word() if found == "." else self.key()
            node = self.node("get", key, node)
        return node

    def key(self) -> str:
        kind, value = self.take()
        if kind != "text":
            self.refuse("between [ and ] stands a text")
        key = self.unquoted(value)
        self.needs("]")
        self.check_word(key)
        return key

    def atom(self) -> Node:
        kind, value = self.take()
        if kind == "number":
            return self.node("constant", self.number(value))
        if kind == "text":
            return self.node("constant", self.unquoted(value))
        if kind == "word":
            if value in _CONSTANTS:
                return self.node("constant", _CONSTANTS[value])
            return self.node("name", self.check_word(value))
        if value not in ("(", "["):
            self.refuse(f"not expected here: {value!r}")
        return self.bracketed(")" if value == "(" else "]")

    def bracketed(self, closing: str) -> Node:
        """A value in parentheses, or a list: `(a, b)` and `[a, b]` mean the same."""
        items: list[Node] = []
        comma: str | None = None
        while not self.sees(closing):
            items.append(self.choice())
            comma = self.takes(",")
            if not comma:
                break
        self.needs(closing)
        if closing == ")" and len(items) == 1 and not comma:
            return items[0]
        if not items and closing == ")":
            self.refuse("the parentheses are empty")
        return self.node("list", None, *items)

    # -- words and constants

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            self.refuse("the expression ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def word(self) -> str:
        kind, value = self.take()
        if kind != "word":
            self.refuse("after a dot stands a name")
        return self.check_word(value)

    def check_word(self, word: str) -> str:
        if not is_name(word):
            self.refuse(f"{word[:40]} cannot be a name")
        return word

    def number(self, value: str) -> int | float:
        if len(value) > 16 or float(value) > MAX_NUMBER:
            self.refuse("a number is too large")
        return float(value) if "." in value else int(value)

    def unquoted(self, value: str) -> str:
        if len(value) > MAX_CONSTANT + 2:
            self.refuse("a text is too long")
        return re.sub(r"\\(.)", r"\1", value[1:-1])

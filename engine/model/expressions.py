"""Conditions and scripts of a model, in a small language of its own: there is nothing in it to attack.

The text is read by the grammar below (engine/model/grammar.py) and turned into nested closures; Python's own evaluator is never
asked, so there are no builtins, no attributes of Python objects, no calls and no loops. Everything is bounded: length, depth, the
number of parts, the size of numbers; texts cannot be joined.

    B3.outcome == 'approve' and not (channel == "online")        ${B3.outcome == 'approve' && !urgent}
    variant in ['house', 'shop']        copies * 2 + 1 <= 10        'a' if fast else 'b'        fast ? 'a' : 'b'

What names mean at run time:

* `B3.outcome` is None while B3 has not been done, so a condition may ask about a step on another path. The check of the model
  refuses a code or an outcome that no step offers.
* a bare name (`channel`) that nobody has set is an error which names it: a mistyped name must not decide a dossier.
* `<`, `<=`, `>`, `>=` with None are false, as in JUEL; between a text and a number they are an error.
* a chain is allowed for an order (`1 <= copies <= 5`) and refused for equality, where JUEL and Python disagree.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.errors import InvalidError
from engine.model.grammar import MAX_NUMBER, Node, UnsafeExpressionError, parse_expression, parse_script

__all__ = ["Expression", "ExpressionFailedError", "Script", "UnsafeExpressionError", "compile_expression", "compile_script"]

Scalar = str | int | float | bool | None
Evaluate = Callable[[Mapping[str, Any]], Any]


class ExpressionFailedError(InvalidError):
    """A condition or script of the model cannot be worked out with the values of this dossier."""

    code = "expression_failed"


@dataclass(frozen=True)
class Expression:
    """A compiled condition; call it with the variables."""

    text: str
    node: Node
    evaluate: Evaluate

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """Work out the value. Raises: ExpressionFailedError."""
        return self.evaluate(variables)

    @property
    def names(self) -> frozenset[str]:
        """The variables that it reads."""
        return frozenset(n.value for n in self.node.walk() if n.kind == "name")

    @property
    def attributes(self) -> frozenset[tuple[str, str]]:
        """Each pair (name, key) that it reads, as in `B3.outcome`."""
        return frozenset(pair for n in self.node.walk() if (pair := _pair(n)) is not None)

    @property
    def tested(self) -> frozenset[tuple[str, str | None, Scalar]]:
        """Each (name, key, constant) that it compares for equality or membership: `B3.outcome == 'approve'`; a bare name has no key."""
        return frozenset(found for n in self.node.walk() for found in _tested(n))


@dataclass(frozen=True)
class Script:
    """A compiled script: assignments to plain names, in order; later ones see earlier ones."""

    text: str
    assignments: tuple[tuple[str, Expression], ...]

    def __call__(self, variables: Mapping[str, Any]) -> dict[str, Scalar]:
        """Work out the names that the script sets, and nothing else. Raises: ExpressionFailedError."""
        result: dict[str, Scalar] = {}
        for name, expression in self.assignments:
            value = expression({**variables, **result})
            if not (value is None or isinstance(value, str | int | float)):
                raise ExpressionFailedError(f"{name} must become a text, a number, true, false or null", name=name, text=self.text)
            result[name] = value
        return result

    @property
    def sets(self) -> frozenset[str]:
        """The names that it assigns."""
        return frozenset(name for name, _ in self.assignments)

    @property
    def names(self) -> frozenset[str]:
        """The variables that it reads and has not set itself before."""
        known: set[str] = set()
        read: set[str] = set()
        for name, expression in self.assignments:
            read |= expression.names - known
            known.add(name)
        return frozenset(read)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Read a condition once; `${...}` and `#{...}` around it are allowed. Raises: UnsafeExpressionError."""
    node = parse_expression(text)
    return Expression(text, node, _compile(node))


@lru_cache(maxsize=1024)
def compile_script(text: str) -> Script:
    """Read a script: `name = expression`, one a line or separated by `;`. Raises: UnsafeExpressionError."""
    return Script(text, tuple((name, Expression(text, node, _compile(node))) for name, node in parse_script(text)))


def _pair(node: Node) -> tuple[str, str] | None:
    if node.kind == "get" and node.parts[0].kind == "name" and isinstance(node.value, str):
        return node.parts[0].value, node.value
    return None


def _tested(node: Node) -> list[tuple[str, str | None, Scalar]]:
    if node.kind != "compare" or node.value not in ("==", "!=", "in", "not in"):
        return []
    left, right = node.parts
    if node.value in ("==", "!=") and left.kind == "constant":
        left, right = right, left
    pair = (left.value, None) if left.kind == "name" else _pair(left)
    if pair is None:
        return []
    constants = right.parts if right.kind == "list" else (right,)
    return [(*pair, c.value) for c in constants if c.kind == "constant"]


# --- turning nodes into closures -----------------------------------------------------------------------------------


def _compile(node: Node) -> Evaluate:
    return _COMPILERS[node.kind](node)


def _constant(node: Node) -> Evaluate:
    value = node.value
    return lambda _: value


def _name(node: Node) -> Evaluate:
    name = node.value

    def evaluate(variables: Mapping[str, Any]) -> Any:
        if name not in variables:
            raise ExpressionFailedError(f"nothing has set {name}", name=name)
        return variables[name]

    return evaluate


def _get(node: Node) -> Evaluate:
    """A key of a mapping. The mapping of a step that was never done is absent, and so are its keys: None."""
    key, inner = node.value, node.parts[0]
    root = inner.value if inner.kind == "name" else None
    evaluate_inner = _compile(inner)

    def evaluate(variables: Mapping[str, Any]) -> Any:
        if root is not None and root not in variables:
            return None
        holder = evaluate_inner(variables)
        if not isinstance(holder, Mapping):
            raise ExpressionFailedError(f"{root or 'the value'} has no {key}", name=root, key=key)
        return holder.get(key)

    return evaluate


def _list(node: Node) -> Evaluate:
    parts = [_compile(p) for p in node.parts]
    return lambda variables: [p(variables) for p in parts]


def _and(node: Node) -> Evaluate:
    left, right = (_compile(p) for p in node.parts)
    return lambda variables: left(variables) and right(variables)


def _or(node: Node) -> Evaluate:
    left, right = (_compile(p) for p in node.parts)
    return lambda variables: left(variables) or right(variables)


def _not(node: Node) -> Evaluate:
    inner = _compile(node.parts[0])
    return lambda variables: not inner(variables)


def _choice(node: Node) -> Evaluate:
    test, then, otherwise = (_compile(p) for p in node.parts)
    return lambda variables: then(variables) if test(variables) else otherwise(variables)


def _compare(node: Node) -> Evaluate:
    left, right = (_compile(p) for p in node.parts)
    compare = _COMPARISONS[node.value]
    return lambda variables: compare(left(variables), right(variables))


def _arithmetic(node: Node) -> Evaluate:
    left, right = (_compile(p) for p in node.parts)
    calculate, sign = _ARITHMETIC[node.value], node.value

    def evaluate(variables: Mapping[str, Any]) -> Any:
        a, b = _number(left(variables), sign), _number(right(variables), sign)
        if sign == "%" and b == 0:
            raise ExpressionFailedError("a remainder by zero")
        return _bounded(calculate(a, b))

    return evaluate


def _negative(node: Node) -> Evaluate:
    inner = _compile(node.parts[0])
    return lambda variables: _bounded(-_number(inner(variables), "-"))


def _number(value: Any, sign: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionFailedError(f"{sign} needs numbers", sign=sign)
    return _bounded(value)


def _bounded(value: int | float) -> int | float:
    if not -MAX_NUMBER <= value <= MAX_NUMBER:  # also refuses what is no number at all (nan)
        raise ExpressionFailedError("a number became too large")
    return value


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def order(a: Any, b: Any) -> bool:
        if a is None or b is None:
            return False
        texts = isinstance(a, str) and isinstance(b, str)
        if not texts and not (isinstance(a, int | float) and isinstance(b, int | float)):
            raise ExpressionFailedError("a text and a number have no order")
        return compare(a, b)

    return order


def _is_in(value: Any, holder: Any) -> bool:
    if isinstance(holder, list | tuple):
        return value in holder
    if isinstance(holder, str) and isinstance(value, str):
        return value in holder
    raise ExpressionFailedError("`in` needs a list, or two texts")


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": _ordered(lambda a, b: bool(a < b)),
    "<=": _ordered(lambda a, b: bool(a <= b)),
    ">": _ordered(lambda a, b: bool(a > b)),
    ">=": _ordered(lambda a, b: bool(a >= b)),
    "in": _is_in,
    "not in": lambda a, b: not _is_in(a, b),
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "%": lambda a, b: a % b,
}
_COMPILERS: dict[str, Callable[[Node], Evaluate]] = {
    "constant": _constant,
    "name": _name,
    "get": _get,
    "list": _list,
    "and": _and,
    "or": _or,
    "not": _not,
    "choice": _choice,
    "compare": _compare,
    "arithmetic": _arithmetic,
    "negative": _negative,
}

"""Guards of the web: every route says who may use it, every refusal has a sentence, no template breaks the content security policy."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from engine.database import Database
from tests.architecture.sources import ROOT, modules, name
from web import sentences
from web.access import declared
from web.app import create_app
from web.settings import Settings

# What only the command line meets; it prints the English sentence.
COMMAND_LINE = ("web/cli/", "web/settings.py", "web/schema.py", "web/scheduler.py")
TEMPLATES = sorted((ROOT / "web" / "templates").rglob("*.html"))


@pytest.fixture(scope="module")
def app() -> Flask:
    """The application with all its pages, on a database that nobody asks."""
    settings = Settings(Path("/nonexistent"), "sqlite://", "127.0.0.1", 8000, ZoneInfo("Asia/Ho_Chi_Minh"), None, None, "khóa chỉ để thử")
    return create_app(settings, Database("sqlite://"))


class TestRoutes:
    def test_declare_what_they_need(self, app: Flask) -> None:
        silent = [
            f"{method} {rule.rule}"
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
            if declared(app.view_functions[rule.endpoint], method) is None
        ]
        assert not silent, f"say @needs, @signed_in or @public on: {silent}"

    def test_change_nothing_on_a_get(self, app: Flask) -> None:
        mixed = [
            rule.rule
            for rule in app.url_map.iter_rules()
            if {"GET", "POST"} <= (rule.methods or set()) and not hasattr(app.view_functions[rule.endpoint], "view_class")
        ]  # a class of views has a function for each method
        assert not mixed, f"one view for reading and one for writing: {mixed}"


class TestSentences:
    def test_exist_for_every_code_that_can_be_raised(self) -> None:
        speechless = sorted(
            f"{code} ({name(path)})"
            for path in modules("engine", "processes", "web")
            if not name(path).startswith(COMMAND_LINE)
            for code in _codes(ast.parse(path.read_text(encoding="utf-8")))
            if not sentences.has_sentence(code) and code not in sentences.SAID_BY_FAMILY
        )
        assert not speechless, f"give these a sentence in web/sentences.py, or list them as said by their family: {speechless}"


def _codes(tree: ast.Module) -> Iterator[str]:
    """Codes of errors: the attribute `code` of an error class, and the argument `code=` of an error that is made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node).endswith("Error"):
            yield from (word.value.value for word in node.keywords if word.arg == "code" and _is_text(word.value))  # type: ignore[attr-defined]
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
            for statement in node.body:
                target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
                if isinstance(target, ast.Name) and target.id == "code" and _is_text(statement.value):  # type: ignore[attr-defined]
                    yield statement.value.value  # type: ignore[attr-defined]


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


class TestTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_keep_to_the_content_security_policy(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle\s*=", text), "a style attribute: use a class"
        assert not re.search(r"\s(on[a-z]+|hx-on[^=\s]*)\s*=", text), "an inline handler: use data attributes and app.js"
        assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/json\"))", text), "an inline script"
        assert "|safe" not in text, "markup from elsewhere"

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_say_what_they_are_given(self, path: Path) -> None:
        assert path.read_text(encoding="utf-8").startswith("{#-"), "begin with a comment that names the context"

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_send_the_token_with_every_form(self, path: Path) -> None:
        forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(encoding="utf-8"), re.DOTALL)
        assert all("csrf_token" in form for form in forms)

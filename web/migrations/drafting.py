"""Drafts a revision from the difference between the models and the newest schema: python -m web.migrations.drafting MESSAGE

With --first it writes the first revision anew instead; allowed only as long as no release carries it.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import MigrationScript, UpgradeOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from mako.template import Template

from engine.database import Database
from web.migrations.rendering import OPTIONS
from web.schema import MIGRATIONS, upgrade, wanted

VERSIONS = MIGRATIONS / "versions"
FIRST = VERSIONS / "0001_first_schema.py"
_TRIGGERS_IMPORT = "from engine.trace.triggers import {name}  # the trace is only ever added to: both databases refuse to change it\n"


def draft(message: str) -> Path | None:
    """Write the next revision; None when models and schema agree."""
    script = _difference(migrated=True)
    if script.upgrade_ops is None or script.upgrade_ops.is_empty():
        return None
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    number = f"{int(newest or 0) + 1:04d}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    upgrades, downgrades = _code(script, batch=True)
    return _write(VERSIONS / f"{number}_{slug}.py", message, number, newest, script, upgrades, downgrades)


def draft_first() -> Path:
    """Write the first revision anew from the models as they stand, with the triggers of the trace."""
    script = _difference(migrated=False)
    upgrades, downgrades = _code(script, batch=False)
    upgrades = f"{_TRIGGERS_IMPORT.format(name='create_triggers')}\n{upgrades}\ncreate_triggers(op.get_bind())"
    downgrades = f"{_TRIGGERS_IMPORT.format(name='drop_triggers')}\ndrop_triggers(op.get_bind())\n{downgrades}"
    return _write(FIRST, "The first schema", "0001", None, script, upgrades, downgrades)


def _difference(*, migrated: bool) -> MigrationScript:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/draft.db")
        if migrated:
            upgrade(database)
        with database.reading() as connection:
            script = produce_migrations(MigrationContext.configure(connection, opts=dict(OPTIONS)), wanted())
        database.dispose()
    return script


def _code(script: MigrationScript, *, batch: bool) -> tuple[str, str]:
    options = {"render_as_batch": batch, "render_item": OPTIONS["render_item"], "imports": script.imports}
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    return _render(script.upgrade_ops, options), _render(script.downgrade_ops, options)  # type: ignore[arg-type]  # rendered alike


def _render(operations: UpgradeOps, options: dict[str, object]) -> str:
    lines = render_python_code(operations, **options).splitlines()  # type: ignore[arg-type]
    return textwrap.dedent("\n".join(line for line in lines if not line.lstrip().startswith("# ###")))


def _write(path: Path, message: str, number: str, before: str | None, script: MigrationScript, upgrades: str, downgrades: str) -> Path:
    template = Template(filename=str(MIGRATIONS / "script.py.mako"))
    facts = {"message": message, "up_revision": number, "down_revision": before, "imports": "\n".join(sorted(script.imports))}
    path.write_text(template.render(upgrades=_in_function(upgrades), downgrades=_in_function(downgrades), **facts), encoding="utf-8")
    subprocess.run([Path(sys.executable).with_name("ruff"), "format", "--quiet", path], check=True)
    return path


def _in_function(code: str) -> str:
    return textwrap.indent(code, "    ").strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m web.migrations.drafting", description="Draft a revision of the schema.")
    parser.add_argument("message", nargs="?", help="what the revision does, a few words")
    parser.add_argument("--first", action="store_true", help="write the first revision anew from the models")
    chosen = parser.parse_args()
    if not chosen.first and not chosen.message:
        parser.error("say what the revision does")
    path = draft_first() if chosen.first else draft(chosen.message)
    print(path.relative_to(MIGRATIONS.parent.parent) if path else "models and schema agree")


if __name__ == "__main__":
    main()

"""How a difference between models and schema is written down as a revision."""

from typing import Any

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON
from sqlalchemy.sql.elements import False_, True_

from engine.tables import UtcMoment


def render_item(kind: str, item: Any, context: AutogenContext) -> str | bool:
    """Types as a revision spells them: plain SQLAlchemy, so that it stays true when our own types move."""
    if kind == "type" and isinstance(item, UtcMoment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON) and "postgresql" in item._variant_mapping:
        # alembic would write JSONB(astext_type=Text()) without importing Text
        context.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    if kind == "server_default" and isinstance(getattr(item, "arg", None), False_ | True_):
        # alembic would write what the database at hand makes of it: 0 on SQLite, which PostgreSQL does not take for a boolean
        return "sa.false()" if isinstance(item.arg, False_) else "sa.true()"
    return False


OPTIONS: dict[str, Any] = {"render_item": render_item, "render_as_batch": True, "compare_type": True, "compare_server_default": True}

"""The revisions of the database's schema, for alembic; web.schema is their door."""

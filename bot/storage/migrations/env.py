"""Alembic's environment: the same migrations on SQLite and PostgreSQL."""

from typing import Literal

from alembic import context
from sqlalchemy import create_engine

from bot.storage.tables import Base
from bot.storage.types import Instant, Named


def render_item(kind: str, item: object, _: object) -> str | Literal[False]:
    """Migrations stand on their own: our column types are written as what they are in the database."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Named):
        return "sa.String(40)"
    return False


engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()

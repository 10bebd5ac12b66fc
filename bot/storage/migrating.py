"""Bring the database to the code's format, or back (Alembic)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url

from bot.storage.tables import Base


def upgrade(url: str, revision: str = "head") -> None:
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    command.downgrade(_config(url), revision)


def check(url: str) -> str | None:
    """What differs between the database and the code, in one French sentence; None if nothing does."""
    engine = create_engine(sync_url(url))
    try:
        with engine.connect() as connection:
            differences = _differences(connection)
    finally:
        engine.dispose()
    if not differences:
        return None
    return f"La base n'est pas à jour ({len(differences)} différences) : lance « promeneurs db upgrade »."


def sync_url(url: str) -> str:
    """The same database through a driver Alembic can use."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        parsed = parsed.set(drivername="sqlite")
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
    return parsed.render_as_string(hide_password=False)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", sync_url(url).replace("%", "%%"))
    return config

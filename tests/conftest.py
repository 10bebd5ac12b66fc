"""What the tests share. The world is stricter than life: no socket but loopback, warnings are errors."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.world import RasaProcess, free_port, make_template

os.environ.setdefault("PTB_TIMEDELTA", "true")
_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else None
    if host is not None and host not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test tried to reach {host}")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    socket.socket.connect = _loopback_only  # type: ignore[method-assign]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the demo territory."""
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def rasa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RasaProcess]:
    """One Rasa for the session: it starts in some twenty seconds."""
    process = RasaProcess(tmp_path_factory.mktemp("rasa"), free_port())
    process.start()
    yield process
    process.kill()

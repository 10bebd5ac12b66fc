"""The one clock. Everything else takes `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """A clock that runs beside the system's, some seconds apart, so that several processes share a test date.

    `path` holds one number: the seconds to add. It is looked at with each call, so the date can be moved while
    the processes run. Production refuses it (see settings).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[int, int] | None = None
        self._shift = timedelta()

    def now(self) -> datetime:
        # A file is replaced as a whole when it is moved: its inode and its date tell, at a tenth of a reading's cost.
        seen = self.path.stat()
        if self._read != (seen.st_ino, seen.st_mtime_ns):
            self._shift = timedelta(seconds=float(self.path.read_text() or 0))
            self._read = (seen.st_ino, seen.st_mtime_ns)
        return datetime.now(UTC) + self._shift

    def move_to(self, instant: datetime) -> None:
        seconds = (instant - datetime.now(UTC)).total_seconds()
        beside = self.path.with_suffix(".new")
        beside.write_text(repr(seconds))
        beside.replace(self.path)

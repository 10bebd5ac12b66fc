"""A clock that only moves when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now.astimezone(UTC)

    def move_to(self, now: datetime) -> None:
        self._now = now

    def advance(self, **duration: float) -> None:
        self._now += timedelta(**duration)

"""A circuit breaker: one failure opens it, and a healthy Rasa closes it."""

from __future__ import annotations

import time


class Breaker:
    """Open after a failure; `probe_due` says when to look whether Rasa is back.

    It counts seconds of the machine, not of the service's clock: it is about a process, not about a date.
    """

    def __init__(self, recovery_seconds: float) -> None:
        self.recovery_seconds = recovery_seconds
        self._open_since: float | None = None
        self._probed_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._open_since is not None

    @property
    def probe_due(self) -> bool:
        return self.is_open and time.monotonic() - self._probed_at >= self.recovery_seconds

    def probed(self) -> None:
        self._probed_at = time.monotonic()

    def fail(self) -> None:
        if self._open_since is None:
            self._open_since = time.monotonic()
        self._probed_at = time.monotonic()

    def succeed(self) -> None:
        self._open_since = None

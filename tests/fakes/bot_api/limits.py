"""How fast Telegram lets a bot send (https://core.telegram.org/bots/faq, "My bot is hitting limits").

The buckets run on real time, not on the test's clock: a frozen clock would never refill them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.bot_api.errors import too_many_requests


@dataclass(frozen=True)
class Limits:
    """Messages a bot may send; `chat_burst` is the short burst Telegram tolerates in one chat."""

    overall_per_second: float = 30
    chat_per_second: float = 1
    chat_burst: int = 5
    group_per_minute: int = 20


class _Bucket:
    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self.burst = self.tokens = burst
        self.per_second = per_second
        self.at = now

    def wait(self, now: float) -> float:
        """Seconds until a token is there, 0 when there is one."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, (1 - self.tokens) / self.per_second)


class Throttle:
    def __init__(self, limits: Limits | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}

    def take(self, chat_id: int) -> None:
        """Count one message to `chat_id`.

        Raises:
            ApiError: 429, one of the limits is reached; nothing is counted.
        """
        if self.limits is None:
            return
        now = self.monotonic()
        limits = self.limits
        wanted = [
            ("overall", limits.overall_per_second, limits.overall_per_second),
            (f"chat {chat_id}", limits.chat_burst, limits.chat_per_second),
        ]
        if chat_id < 0:
            wanted.append((f"group {chat_id}", limits.group_per_minute, limits.group_per_minute / 60))
        buckets = [
            self._buckets.setdefault(name, _Bucket(burst, per_second, now)) for name, burst, per_second in wanted
        ]
        if wait := max(bucket.wait(now) for bucket in buckets):
            raise too_many_requests(max(1, math.ceil(wait)))
        for bucket in buckets:
            bucket.tokens -= 1

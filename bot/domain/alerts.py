"""Alerts: how a human ends one."""

from __future__ import annotations

from enum import StrEnum


class AlertEnd(StrEnum):
    OVER = "over"
    FALSE_ALARM = "false_alarm"

    @property
    def label(self) -> str:
        return {"over": "Close", "false_alarm": "Fausse alerte"}[self.value]

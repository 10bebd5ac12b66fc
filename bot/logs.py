"""Logs: one JSON object a line, never a message's text, a name or an address."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# What may never be logged, whatever the caller thought.
FORBIDDEN = frozenset(("text", "message", "name", "first_name", "phone", "address", "chat", "chat_id", "token"))


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event.keys() & FORBIDDEN:
        event[key] = "…"
    return event


def set_up(level: str) -> None:
    """Send the logs to stderr, redacted. Libraries that log whole requests only say what goes wrong."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in ("httpx", "httpcore", "telegram", "uvicorn.access", "apscheduler", "rasa_sdk"):
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            redact,
            _only_where,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _only_where(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of an exception, where it happened; its message may quote what someone wrote."""
    if event.pop("exc_info", None):
        error = sys.exc_info()[1]
        lines = []
        trace = error.__traceback__ if error else None
        while trace is not None:
            code = trace.tb_frame.f_code
            lines.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["where"] = lines[-8:]
    return event

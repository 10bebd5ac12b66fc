"""A letter, and the server that takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class MailSecurity(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"  # a server of this machine


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    sender: str
    security: MailSecurity
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str

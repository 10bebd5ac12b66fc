"""Read what a form of the page sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from bot.domain.conversations import MAX_TEXT, Incoming, IncomingKind
from bot.errors import MessageTooLong

# 4,096 characters of four bytes, each written %XX, and room for the other fields.
MAX_BODY = 64 * 1024
LARGEST_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class Sent:
    """What a form holds. `number` is the browser's own, the same when it is sent again."""

    number: int
    text: str
    payload: str
    line: str
    source: str
    framed: bool


async def read_body(stream: AsyncIterator[bytes]) -> bytes | None:
    """The form as it comes; None if it is too large to be one of ours."""
    body = b""
    async for part in stream:
        body += part
        if len(body) > MAX_BODY:
            return None
    return body


def read_form(body: bytes) -> Sent | None:
    """The fields of a form; None if it is not one of ours."""
    try:
        fields: Mapping[str, str] = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=12))
        number = int(fields["id"])
    except (ValueError, KeyError):
        return None
    if not 0 < number <= LARGEST_NUMBER:
        return None
    # A form writes a line's end as two characters, a script as one.
    text = fields.get("text", "").replace("\r\n", "\n").replace("\x00", "").strip()
    return Sent(
        number=number,
        text=text,
        payload=fields.get("payload", "").replace("\x00", "")[:64],
        line=fields.get("line", ""),
        source=fields.get("s", "").replace("\x00", "")[:64],
        framed="frame" in fields,
    )


def incoming(sent: Sent, address: str, title: str, now: datetime) -> Incoming | None:
    """What was sent, in the service's words; None if it is nothing. `title` is what the button showed.

    Raises:
        MessageTooLong: the text is.
    """
    if sent.payload:
        return Incoming(IncomingKind.BUTTON, address, now, text=title, argument=sent.payload)
    if len(sent.text) > MAX_TEXT:
        raise MessageTooLong
    if sent.text.startswith("/"):
        command, _, argument = sent.text[1:].partition(" ")
        return Incoming(IncomingKind.COMMAND, address, now, text=command.lower()[:64], argument=argument.strip()[:64])
    return Incoming(IncomingKind.TEXT, address, now, text=sent.text) if sent.text else None

"""Read what a form of the page sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.domain.conversations import MAX_TEXT, Incoming, IncomingKind
from bot.domain.files import MEGABYTE, CleanFile
from bot.errors import FileTooBig, MessageTooLong

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
        return _sent(dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=12)))
    except ValueError:
        return None


async def read_upload(request: Request, largest: int) -> tuple[Sent, bytes] | None:
    """A form that brings a file, and what the file holds; None if it is not one of ours.

    Raises:
        FileTooBig: it is larger than is taken. It was read to its end all the same, or the browser would not
            listen to the answer.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        return None
    if int(length) > largest + MAX_BODY:
        drained = 0
        async for part in request.stream():
            drained += len(part)
            if drained > 4 * largest:
                break
        raise FileTooBig(most=str(largest // MEGABYTE))
    try:
        async with request.form(max_files=1, max_fields=12) as form:
            file = form.get("file")
            content = await file.read() if isinstance(file, UploadFile) else b""
            sent = _sent({name: value for name, value in form.items() if isinstance(value, str)})
    except HTTPException:
        return None
    return (sent, content) if sent is not None else None


def _sent(fields: Mapping[str, str]) -> Sent | None:
    try:
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


def incoming(sent: Sent, address: str, title: str, now: datetime, cleaned: CleanFile | None = None) -> Incoming | None:
    """What was sent, in the service's words; None if it is nothing. `title` is what the button showed.

    Raises:
        MessageTooLong: the text is.
    """
    if cleaned is not None:
        kind = IncomingKind.PHOTO if cleaned.kind.is_picture else IncomingKind.DOCUMENT
        return Incoming(kind, address, now, text=sent.text[:MAX_TEXT])
    if sent.payload:
        return Incoming(IncomingKind.BUTTON, address, now, text=title, argument=sent.payload)
    if len(sent.text) > MAX_TEXT:
        raise MessageTooLong
    if sent.text.startswith("/"):
        command, _, argument = sent.text[1:].partition(" ")
        return Incoming(IncomingKind.COMMAND, address, now, text=command.lower()[:64], argument=argument.strip()[:64])
    return Incoming(IncomingKind.TEXT, address, now, text=sent.text) if sent.text else None

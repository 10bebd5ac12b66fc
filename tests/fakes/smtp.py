"""A mail server on 127.0.0.1 that keeps what it is given, or refuses it."""

from __future__ import annotations

import asyncio
import email
import email.policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self


class MailBox:
    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.letters: list[EmailMessage] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 mail.test")
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            if verb == "QUIT":
                say("221 bye")
                break
            if verb == "RCPT" and self.refuses:
                say("550 nobody of that name")
            elif verb == "DATA":
                say("354 go on")
                held = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                letter = email.message_from_bytes(held, policy=email.policy.default)
                assert isinstance(letter, EmailMessage)
                self.letters.append(letter)
                say("250 kept")
            else:
                say("250 mail.test")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

"""A conversation in the terminal: the demo's phone, on the same inbox and outbox as any channel."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console
from rich.panel import Panel

from bot.clock import Clock
from bot.domain.conversations import Incoming, IncomingKind
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.services import inbox
from bot.services.ports import Parcel
from bot.storage.database import Database


class TerminalMessenger:
    """Prints what the bot says; the buttons of the last bubble are numbered."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stdout, highlight=False)
        self.buttons: list[tuple[str, str]] = []
        self.on_printed: Callable[[], None] = lambda: None

    async def send(self, parcel: Parcel) -> str | None:
        if parcel.payload["kind"] in (OutboxKind.PRESS.value, OutboxKind.DELETE.value):
            return None
        buttons = [(title, payload) for title, payload in parcel.payload["buttons"]]
        lines = [parcel.payload["text"]]
        if parcel.payload["attachment"]:
            lines.append(f"📎 {parcel.payload['attachment'][0]}")
        lines += [f"  [{number}] {title}" for number, (title, _) in enumerate(buttons, 1)]
        self.console.print(Panel("\n".join(lines), border_style="cyan", width=64), markup=False)
        if buttons:
            self.buttons = buttons
        self.on_printed()
        return None


def read_line(line: str, address: str, buttons: list[tuple[str, str]], clock: Clock) -> Incoming | None:
    """What a typed line is: `[2]` or `#2` presses the second button, `/…` is a command, the rest a text."""
    line = line.strip()
    if not line:
        return None
    number = line.strip("[]#")
    if line[0] in "[#" and number.isdigit() and 0 < int(number) <= len(buttons):
        return Incoming(IncomingKind.BUTTON, address, clock.now(), argument=buttons[int(number) - 1][1])
    if line.startswith("/"):
        command, _, argument = line[1:].partition(" ")
        return Incoming(IncomingKind.COMMAND, address, clock.now(), text=command.lower()[:64], argument=argument[:64])
    return Incoming(IncomingKind.TEXT, address, clock.now(), text=line[:4096])


async def send_line(database: Database, clock: Clock, number: int, incoming: Incoming) -> None:
    """Put a typed line in the inbox."""
    async with database.unit_of_work() as session:
        await inbox.store(session, Channel.TERMINAL, number, incoming, clock.now())

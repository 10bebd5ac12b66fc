"""Someone in the web chat, with a browser that runs no script. Has what a scene asks of a Telegram user."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from bot.channels.webchat.guard import COOKIE

OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class File:
    name: str


@dataclass
class Bubble:
    """One line of the page; a button's data is what its form sends, or where its link leads."""

    id: str
    text: str = ""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    document: File | None = None
    deleted = False

    def __repr__(self) -> str:
        return f"{self.id} {self.text!r} {[title for title, _ in self.buttons]}"


class Visitor:
    """`received` is all the page ever showed of the bot, `screen` what it shows now."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.AsyncClient(base_url=base_url, follow_redirects=True, trust_env=False, timeout=10)
        self.received: list[Bubble] = []
        self.screen: list[Bubble] = []
        self.token_hash = ""
        self._form: dict[str, str] = {}

    async def start(self, code: str) -> None:
        self._read(await self.http.get("/chat", params={"s": code} if code else {}))
        await self._send({})

    async def says(self, text: str) -> None:
        await self._send({"text": text})

    async def presses(self, title: str) -> None:
        line = next(line for line in reversed(self.screen) if any(shown == title for shown, _ in line.buttons))
        payload = next(payload for shown, payload in line.buttons if shown == title)
        await self._send({**line.fields, "payload": payload})

    async def looks(self) -> None:
        """Load the page again: what came since is received."""
        self._read(await self.http.get("/chat"))

    async def quits(self) -> None:
        (await self.http.post("/chat/quit", headers=OURS)).raise_for_status()
        await self.looks()

    async def close(self) -> None:
        await self.http.aclose()

    async def _send(self, fields: dict[str, str]) -> None:
        if not self._form:
            await self.looks()
        self._read(await self.http.post("/chat/messages", data={**self._form, **fields}, headers=OURS))
        self.token_hash = hashlib.sha256(self.http.cookies[COOKIE].encode()).hexdigest()

    def _read(self, answer: httpx.Response) -> None:
        answer.raise_for_status()
        page = Page()
        page.feed(answer.text)
        known = {line.id for line in self.received}
        self.screen = [line for line in page.lines if line.id.startswith("b")]
        self.received += [line for line in self.screen if line.id not in known]
        self._form = page.write


class Page(HTMLParser):
    """The lines of a page, and what its form would send with a text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Bubble] = []
        self.write: dict[str, str] = {}
        self._into: dict[str, str] = {}
        self._title: str | None = None
        self._data = ""
        self._said = False

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in pairs}
        kind = attributes.get("class", "").split()
        if tag == "li" and "line" in kind:
            self.lines.append(Bubble(attributes["id"]))
        elif tag == "form":
            self._into = self.write if "write" in kind else self.lines[-1].fields if "choices" in kind else {}
        elif tag == "input" and attributes.get("type") != "file":
            self._into[attributes["name"]] = attributes["value"]
        elif tag == "p" and "said" in kind:
            self._said = True
        elif "choice" in kind:
            self._title, self._data = "", attributes.get("value") or attributes.get("href", "")
        elif "file" in kind:
            self.lines[-1].document = File(attributes["download"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._said = False
        elif tag in ("button", "a") and self._title is not None:
            self.lines[-1].buttons.append((self._title.strip(), self._data))
            self._title = None

    def handle_data(self, data: str) -> None:
        if self._title is not None:
            self._title += data
        elif self._said:
            self.lines[-1].text += data.replace("\u00a0", " ")

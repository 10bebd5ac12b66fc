"""Render the page: its words from data/responses, its shape from templates/."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from bot import texts
from bot.channels.webchat import thread
from bot.channels.webchat.thread import Line, Side
from bot.domain.calendar import in_paris
from bot.domain.conversations import MAX_TEXT, Say

HERE = Path(__file__).parent
STATIC = {
    "chat.css": "text/css; charset=utf-8",
    "chat.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
# What a text gives to call, write or read. "Le 15" is a number only where a day would not be said so.
CONTACT = re.compile(
    r"(?P<site>(?:https?://)?(?:[a-z0-9-]+\.)+(?:fr|com|org|net|eu|lu|info)\b(?:/[\w./?=&%-]*\w)?)"
    r"|(?P<sms>(?<=SMS au )114)"
    r"|(?P<tel>(?<=\ble )1[578](?= ou |[.,;]|$)|\b11[2569]\b(?! \d)|\b3[0-9]{3}\b(?! ?€)"
    r"|\b0\d(?: \d\d){4}\b|\b0 8\d\d(?: \d{3}){2}\b)"
)
# French signs stay on the line of the word before them, and "h" on that of its hour.
KEPT_TOGETHER = re.compile(r"(?<=«) | (?=[?!:;»])|(?<=\d) (?=h\b)|(?<=\d h) (?=\d)")


@dataclass(frozen=True)
class Look:
    """What all pages of one service have in common. `telegram` is the bot's name there, or "".

    `largest_file` in megabytes.
    """

    demo: bool
    quit_url: str
    telegram: str
    largest_file: int


@dataclass(frozen=True)
class View:
    """What one page shows."""

    lines: Sequence[Line] = ()
    epoch: str = ""
    source: str = ""
    framed: bool = False
    draft: str = ""
    notice: Sequence[str] = ()

    @property
    def opened(self) -> bool:
        return bool(self.epoch)

    @property
    def at_hand(self) -> str | None:
        """The line whose buttons answer what was said last; those above still work."""
        last = next((line for line in reversed(self.lines) if line.choices or line.side is Side.YOUNG), None)
        return last.id if last is not None and last.choices else None

    def with_thread(self, lines: Sequence[Line], epoch: str) -> View:
        return replace(self, lines=lines, epoch=epoch)


def words(response: str, values: Mapping[str, str] | None = None) -> list[str]:
    """The paragraphs of one of the page's own texts."""
    return [bubble.text for bubble in texts.render(Say(response, dict(values or {})))]


def render_page(look: Look, view: View) -> str:
    """The whole page, which works as it is when no script runs."""
    return _template("page.html").render(
        look=look,
        view=view,
        choices=thread.menu(),
        max_text=MAX_TEXT,
        welcome=[*words("utter_profile_description"), *words("utter_web_welcome")],
        urgent=words("utter_web_urgent"),
        file_hint=words("utter_web_file_hint", {"most": str(look.largest_file)}),
        ribbon=words("utter_web_demo") if look.demo else [],
        script_words={
            "offline": " ".join(words("utter_web_offline")),
            "waiting": " ".join(words("utter_web_waiting")),
            "cookies": " ".join(words("utter_web_no_cookie")),
            "sending": " ".join(words("utter_web_file_sending")),
            "unsent": " ".join(words("utter_web_file_unsent")),
            "heavy": " ".join(words("utter_file_too_big", {"most": str(look.largest_file)})),
            "most": str(look.largest_file),
        },
        first_number=time.time_ns() // 1000,
    )


def render_line(line: Line, framed: bool) -> str:
    """One bubble, as the page has it."""
    return _template("line.html").render(line=line, framed=framed, first_number=time.time_ns() // 1000).strip()


def render_bye(look: Look, *, framed: bool) -> str:
    """What stays for a moment after *Quitter*; it leads away, except from a frame, which is not ours to lead."""
    return _template("bye.html").render(look=look, framed=framed, words=words("utter_web_bye"))


def with_links(text: str) -> Markup:
    """The text, with the numbers to call and the sites to read one touch away."""
    parts, end = [], 0
    for found in CONTACT.finditer(text):
        if found["site"]:
            address = found[0] if "://" in found[0] else f"https://{found[0]}"
            link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(address, found[0])
        else:
            address = f"{'sms' if found['sms'] else 'tel'}:{found[0].replace(' ', '')}"
            link = Markup('<a href="{}">{}</a>').format(address, found[0])
        parts += [escape(_set(text[end : found.start()])), link]
        end = found.end()
    return Markup("").join([*parts, escape(_set(text[end:]))])


def _set(text: str) -> str:
    """As a French typesetter would break its lines."""
    return KEPT_TOGETHER.sub("\u00a0", text)


@cache
def static_file(name: str) -> bytes:
    """The content of a static file.

    Raises:
        KeyError: there is none of this name.
    """
    if name not in STATIC:
        raise KeyError(name)
    return (HERE / "static" / name).read_bytes()


@cache
def static_version(name: str) -> str:
    """Changes with the file, so that a browser may keep it for ever."""
    return hashlib.sha256(static_file(name)).hexdigest()[:12]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["with_links"] = with_links
    environment.filters["hour"] = lambda at: f"{in_paris(at):%H:%M}"
    environment.globals["static_version"] = static_version
    return environment


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)

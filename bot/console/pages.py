"""Pages and fragments: Jinja2 templates, always escaped, and how a moment is said in them.

A fragment is the same for the whole team. What belongs to who reads it, their token and what only the one who holds
a conversation sees, is put in when it leaves (`personal`): so one rendering serves fifty open pages.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import texts
from bot.domain.appointments import Mode
from bot.domain.calendar import in_paris, say_day, say_moment, say_time
from bot.domain.conversations import Bubble, Say
from bot.domain.files import MEGABYTE
from bot.domain.outbox import OutboxState
from bot.domain.phones import say_phone
from bot.domain.topics import KINDS
from bot.services.rights import DELETABLE
from bot.services.thread import Line
from bot.storage.tables import Appointment, Opening

HERE = Path(__file__).parent
TYPES = {
    "console.css": "text/css; charset=utf-8",
    "review.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "inbox.js": "text/javascript; charset=utf-8",
    "alerts.js": "text/javascript; charset=utf-8",
    "encounters.js": "text/javascript; charset=utf-8",
    "encounters_worker.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
STATIC = {name: (HERE / "static" / name).read_bytes() for name in TYPES}
# In quotes, which are escaped in whatever anybody wrote: no message can pass for it.
TOKEN_MARK = 'value="the token of the session"'
# Whom a piece is for, or not for: the numbers of one or several of the team.
_FOR = re.compile(r'data-(not-)?for="([\d ]*)"')


def since(at: datetime, now: datetime) -> str:
    """ "à l'instant", "depuis 12 min", "depuis 3 h 05", "depuis lundi 8 mars à 9 h"."""
    minutes = int((now - at) / timedelta(minutes=1))
    if minutes < 1:
        return "à l'instant"
    if minutes < 60:
        return f"depuis {minutes} min"
    if minutes < 12 * 60:
        return f"depuis {minutes // 60} h {minutes % 60:02}"
    return f"depuis {say_moment(at, now)}"


def until(moment: datetime, now: datetime) -> str:
    """ "dans moins d'une minute", "dans 4 min"; further away, "à 14 h", "demain à 9 h"."""
    minutes = -((now - moment) // timedelta(minutes=1))
    if minutes > 60:
        return at(moment, now)
    return f"dans {minutes} min" if minutes > 1 else "dans moins d'une minute"


def when(at: datetime, now: datetime) -> str:
    """ "10 h 42" today, "hier à 10 h 42" before."""
    return say_time(at) if in_paris(at).date() == in_paris(now).date() else say_moment(at, now)


def at(moment: datetime, now: datetime) -> str:
    """The same inside a sentence: "à 10 h 42", "hier à 10 h 42"."""
    said = when(moment, now)
    return said if " à " in said else f"à {said}"


def to_the_second(moment: datetime) -> str:
    """ "10/03/2027 à 10:42:07", on the clock of Paris."""
    return f"{in_paris(moment):%d/%m/%Y à %H:%M:%S}"


def till(moment: datetime, now: datetime) -> str:
    """ "jusqu'à 10 h 42", "jusqu'à demain à 9 h"."""
    said = at(moment, now)
    return f"jusqu'{said}" if said.startswith("à ") else f"jusqu'à {said}"


def listed(words: Sequence[str]) -> str:
    """ "Sandra, Nadia et Claire"."""
    return " et ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def day(at: datetime, now: datetime) -> str:
    """ "aujourd'hui", "hier", "lundi 8 mars"."""
    return say_day(in_paris(at).date(), in_paris(now).date())


def dated(one: date) -> str:
    """ "jeudi 11 mars", whatever the day it is."""
    return say_day(one, date.min)


def hour(minute: int) -> str:
    """Minutes since midnight, as "9 h 30"; the end of the day is "24 h"."""
    return "24 h" if minute == 24 * 60 else say_time(time(minute // 60, minute % 60))


def lasting(delay: timedelta) -> str:
    """ "moins d'une minute", "12 min", "1 h 05", "2 j 3 h"."""
    minutes = int(delay / timedelta(minutes=1))
    if minutes < 1:
        return "moins d'une minute"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02}" if minutes % 60 else f"{minutes // 60} h"
    days, hours = divmod(minutes // 60, 24)
    return f"{days} j {hours} h" if hours else f"{days} j"


def bubbles(say: Say) -> list[Bubble]:
    """What a young person will read, before it leaves."""
    return texts.render(say)


def weight(size: int) -> str:
    """ "320 ko", "2,4 Mo"."""
    if size < MEGABYTE:
        return f"{max(1, size // 1024)} ko"
    return f"{size / MEGABYTE:.1f} Mo".replace(".", ",")


def mode_label(mode: str) -> str:
    return Mode(mode).label


def receivers(one: Appointment | Opening) -> str:
    """ "Sandra", "Sandra et Karim", "l'équipe"."""
    return listed([who.first_name for who in (one.adviser, one.second_adviser) if who]) or "l'équipe"


def whereabouts(one: Appointment) -> str:
    """Where, or how: "Permanence de Fameck", "devant la gare", "par téléphone"."""
    return one.place.name if one.mode is Mode.ON_SITE else one.meeting_point or one.mode.label


def sent(line: Line) -> str:
    """What became of a line that left, or of its last change; nothing for one that came in."""
    if line.rewritten in (OutboxState.WAITING, OutboxState.SENDING):
        return "changement en attente"
    if line.rewritten in (OutboxState.FAILED, OutboxState.DROPPED):
        return "changement pas reçu : l'ancien message est peut-être encore là"
    if line.sent is None:
        return ""
    if line.sent is OutboxState.SENT:
        return "envoyé"
    if line.sent in (OutboxState.WAITING, OutboxState.SENDING):
        return "en attente"
    if line.unreachable:
        return "bloqué : la personne ne le recevra pas"
    if line.sent is OutboxState.UNKNOWN:
        return "envoi incertain"
    return "échec : pas reçu" if line.sent is OutboxState.FAILED else "retiré avant l'envoi"


def takes_back(line: Line, now: datetime) -> bool:
    """Whether who wrote a line may still take it back."""
    return now - line.at <= DELETABLE


def personal(html: str, adviser_id: int | None, token: str) -> str:
    """A page or a fragment for one reader: their token, and without what is for another."""

    def hide(match: re.Match[str]) -> str:
        theirs = str(adviser_id) in match[2].split()
        return match[0] if theirs is not bool(match[1]) else f"{match[0]} hidden"

    return _FOR.sub(hide, html.replace(TOKEN_MARK, f'value="{token}"'))


def render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(**values).strip()


def _version(name: str) -> str:
    return hashlib.sha256(STATIC[name]).hexdigest()[:12]


_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(until=until, to_the_second=to_the_second)
_environment.filters.update(at=at, till=till, since=since, when=when, day=day, clock=say_time, paris=in_paris)
_environment.filters.update(listed=listed, sent=sent, phone=say_phone, dated=dated, hour=hour)
_environment.filters.update(bubbles=bubbles, mode_label=mode_label, weight=weight, lasting=lasting)
_environment.filters.update(receivers=receivers, whereabouts=whereabouts)
_environment.globals.update(KINDS=KINDS, version=_version, takes_back=takes_back)
_environment.globals.update(once=lambda: secrets.token_hex(8), uuid=lambda: str(uuid4()))

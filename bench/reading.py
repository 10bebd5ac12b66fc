"""What each part of the reading takes, on a message as they come and on the worst that Telegram lets through."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from bot.domain.calendar import PARIS
from bot.domain.communes import find
from bot.domain.dates import read
from bot.domain.safety import check
from nlu.langue import normalise

NOW = datetime(2027, 3, 9, 10, tzinfo=PARIS)
ORDINARY = (
    "slt jsuis a la recherche dun taf depuis 3 mois jai pas le permis et jhabite pres de bouzonvile chez mes "
    "parents jpeux venir vous voir mardi aprem svp jai vraiment besoin daide pr mon cv et tt merci"
)
FLOODS = (
    "1 ",
    "lundi 14h ou mardi matin, ",
    "je me tue il me frappe mourir ",
    "je me m' il elle on va veut ",
    "a",
    ORDINARY,
)
PARTS: dict[str, Callable[[str], object]] = {
    "spelling": normalise,
    "communes": find,
    "dates": lambda text: read(text, NOW),
    "danger, without an encoder": check,
}


def milliseconds(part: Callable[[str], object], text: str) -> float:
    """Of processor, at best of five: whatever else the machine does."""
    spent = []
    for _ in range(5):
        began = time.process_time()
        part(text)
        spent.append(time.process_time() - began)
    return min(spent) * 1000


def run() -> None:
    print("Reading a message, processor")
    for name, part in PARTS.items():
        worst = max(milliseconds(part, (flood * 4096)[:4096]) for flood in FLOODS)
        print(f"  {name:<38} {milliseconds(part, ORDINARY):6.2f} ms   4,096 characters at worst {worst:6.1f} ms")

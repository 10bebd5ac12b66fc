"""The rules that name hours: clock times, stretches of hours, parts of the day, delays."""

from datetime import timedelta

from bot.domain.dates import almanac
from bot.domain.dates.grammar import EDGE, Found, left, right, rule
from bot.domain.dates.items import Hours, Impossible, Instant, Item
from bot.domain.dates.model import Grain, Part, PartHours
from bot.domain.dates.words import MONTHS, WEEKDAYS

MIDNIGHT = 24 * 60
_HALF_DAY = 12 * 60
_PARTS = {"matin": Part.MORNING, "midi": Part.NOON, "apresmidi": Part.AFTERNOON, "soir": Part.EVENING}
_EDGES = {"debut": (0, 2), "milieu": (1, 3), "mi": (1, 3), "fin": (2, 4)}  # in quarters of the part
_AFTER_WORK = (17 * 60, 20 * 60)

_DAY = "|".join((*WEEKDAYS, *MONTHS, "demain", "apresdemain", "aujourdhui"))
_AROUND = r"(?:environ|genre|les|peu pres|presque)"

# "5h de route", "35h par semaine", "pendant 2h": a length of time, not a time.
_LENGTH_AFTER = right(
    r"de(?! (?:preference|pref|l|dispo|libre|mieux)\b)|d(?! (?:ici|accord|apresmidi|ailleurs|office)\b)"
    r"|par(?! exemple| contre)|/(?! \d+ h)|sup|hebdo|plus tard|apres(?! midi)|avant|passe"
    "|a pied|en (?:bus|train|voiture|velo|stage|tout|moyenne)|max|semaine|du taf|chacun|minimum|aller"
)
_LENGTH_BEFORE = left(
    "(?:pendant|depuis|durant|pdt|dure|duree|fait|fais|bosser?|dormi|dors|attendu|attend|attendre|en|ya|y a"
    "|plus|moins|plus de|moins de|toutes les|tous les|chaque|passe|mis|mets?|perdu?|gagne|contrat de|cdi|cdd"
    "|(?:semaine|retard|nuit|sieste|duree|seance|trajet|jour) de|retard|sous|taf|travaille|trajet|reste|encore)"
    rf"(?: {_AROUND})?"
)
_AT = left(rf"(?:a|vers|pour|des|avant|apres|jusqu a)(?: {_AROUND})?")
# "je finis à 16h": a fact about the day, not a time asked for.
_OTHER_HOURS = left(
    r"j?(?:finis|finit|fini|sors|sort|termine|commence|rentre|debauche|embauche)(?: [a-z]+){0,2} (?:a|vers)"
)

_NOT_MY_PART = left(r"bons?|bonn?es?|une?|tous les|chaque|resto|toute|toute la|par")
_EARLY = left("tot")
_WANTED = left(
    "(?:plutot|prefere|jprefere|preference|pref|jpref|dispo|libre|sauf|mieux|surtout"
    "|uniquement|seulement|ni)(?: [a-z]+){0,2}"
    r"|(?:peux|jpeux|px|jpx|dispo|libre) que(?: le| l)?"
    rf"|(?:{_DAY}|,|[.]|mais|surtout|peux|jpeux|px|dispo|libre|possible) pas(?: [a-z]+){{0,2}}"
)
_BESIDE = left(rf"(?:{_DAY}|matin|apresmidi|soir)(?: (?:a|vers|des))?(?: {_AROUND})?")
_LEADS_HOUR = left(rf"(?:a|vers|pour|des|apres|avant|de|d|du|le|ou|et|,|entre|-|disons|plutot|sinon)(?: {_AROUND})?")
_ABOUT = left(rf"vers(?: {_AROUND})?|{_AROUND}")
_SHORT_LENGTH = left("(?:c|cest|est|sont|suis|habite|vis) a|de|d")
_AFTER_DAY = left(rf"(?:{_DAY})(?: \d{{1,2}})?|matin|apresmidi|soir")
_COUNTED = right(r"[./-] \d+|ans|euros?|¤|e|km|[a-z]{3,}s")
_AT_ONE = left("a|vers")
_OF = right("de|par")


def _minutes(hours: PartHours, part: Part) -> tuple[int, int]:
    start, end = hours[part]
    return start.hour * 60 + start.minute, (end.hour * 60 + end.minute) or MIDNIGHT


def on_clock(hours: Hours) -> tuple[int, int]:
    """First and last minute on the twenty-four-hour clock: said alone, "à 2h" is in the afternoon."""
    shift = _HALF_DAY if hours.twelve and 60 <= hours.start < 7 * 60 else 0
    return hours.start + shift, hours.end + shift


def together(left: Hours, right: Hours) -> Hours | None:
    """Two neighbours that say one time: "6h du soir", "l'aprem après 16h"; None when they are two times."""
    part, hours = (left, right) if left.part and not right.part else (right, left)
    if hours.part:
        return None
    today = left.today or right.today
    if not part.part:
        start, end = max(left.start, right.start), min(left.end, right.end)
        opened = {0, MIDNIGHT} & {left.start, left.end} and {0, MIDNIGHT} & {right.start, right.end}
        return Hours(start, end, Grain.PART, today=today) if opened and start < end else None
    shift = 0
    if part.part is Part.EVENING and hours.start < 4 * 60 and hours.end > hours.start:
        shift = MIDNIGHT if hours.start < 60 else 2 * _HALF_DAY if hours.grain is not Grain.PART else 0
    elif part.part is not Part.MORNING and hours.end <= _HALF_DAY + 60 and hours.start < _HALF_DAY:
        shift = _HALF_DAY if hours.twelve else 0
    start, end = hours.start + shift, hours.end + shift
    if hours.grain is Grain.PART and {0, MIDNIGHT} & {hours.start, hours.end}:
        start, end = max(start, part.start), min(end, part.end)
        if start >= end:
            return None
    return Hours(start, end, hours.grain, part.part, today=today)


def part_of_day(found: Found) -> Item | None:
    """ "matin", "ce soir", "en fin d'aprem", "tôt le matin", "en milieu de journée"."""
    name, edge = found["part"], found["edge"]
    if name == "midi" and not (found["lead"] or found["this"]) and (found.alone or found.before(_AT)):
        return None  # the hour
    if found.before(_NOT_MY_PART):
        return None
    if name == "journee":
        if not edge:
            return None
        name, edge = {"debut": ("matin", "debut"), "fin": ("apresmidi", "fin")}.get(edge, ("midi", ""))
    if not edge and (found["early"] or found.before(_EARLY)):
        edge = "debut"
    whole = start, end = _minutes(found.scene.part_hours, _PARTS[name])
    if edge in _EDGES:
        low, high = _EDGES[edge]
        start, end = start + (end - start) * low // 4, start + (end - start) * high // 4
    today = bool(found["this"]) and found["part"] != "journee"
    wanted = found.before(_WANTED)
    weak = not (today or edge or wanted or found["lead"].startswith("dans"))
    return Hours(start, end, Grain.PART, _PARTS[name], whole=whole, today=today, weak=weak)


def _time(n: str, *, bare: bool) -> str:
    """The pattern of a clock time; `bare`: the 14 of "entre 14 et 16h" is one too."""
    # The minutes of "14h 15/03" and "14h 15h" belong to what follows.
    follow = "|".join(("h", r"/ \d{1,2}(?! [h:])", "eme", *MONTHS))
    seconds = r"(?: (?:min|[h:] ?\d\d))?"
    minutes = rf"(?: (?P<min{n}>[0-5]\d)(?! (?:{follow})(?!\S)){seconds})?"
    marked = f" (?P<mark{n}>h|:){minutes}"
    return (
        rf"(?:(?P<noon{n}>midi|minuit)(?: (?P<tail{n}>\d{{1,2}})(?! (?:{follow})(?!\S)))?"
        rf"|(?P<hour{n}>\d{{1,2}}){f'(?:{marked})?' if bare else marked})"
    )


def _clock_minutes(found: Found, n: str) -> int | None:
    """Minutes after midnight of a time in figures, None when no clock shows it."""
    if found["noon" + n]:
        return (_HALF_DAY if found["noon" + n] == "midi" else MIDNIGHT) + min(found.number("tail" + n), 59)
    hour = found.number("hour" + n)
    return hour * 60 + found.number("min" + n) if hour < 24 else None


def clock(found: Found) -> Item | None:
    """ "14h30", "14 h", "à 2h", "midi et demi", "onze heures moins le quart", "5:16 pm"."""
    precise = bool(found["tail1"] or found["min1"] or found["fraction"] or found["less"])
    if found["noon1"] == "midi" and not (precise or found.before(_AT) or found.alone):
        return None  # the part of the day
    minutes = _clock_minutes(found, "1")
    beside = found.before(_BESIDE)
    if minutes is None:
        return Impossible() if beside else None
    led = found.before(_LEADS_HOUR)
    if found.after(_LENGTH_AFTER) or found.before(_OTHER_HOURS) or (found.before(_LENGTH_BEFORE) and not beside):
        return None
    minutes += {"quart": 15, "demi": 30, "demie": 30, "3 quarts": 45}.get(found["fraction"], 0)
    minutes -= 15 if found["less"] == "quart" else found.number("less")
    minutes = max(minutes, 0)
    afternoon = bool(found["pm"]) and minutes < _HALF_DAY
    about = found.before(_ABOUT)
    grain = Grain.MINUTE if precise and not about else Grain.HOUR
    led = led and not (minutes < 8 * 60 and found.before(_SHORT_LENGTH))  # a distance, a length
    certain = led or beside or found["noon1"] or found["min1"] or minutes >= 8 * 60
    minutes += _HALF_DAY if afternoon else 0
    twelve = not found["noon1"] and not found["hour1"].startswith("0")
    return Hours(minutes, minutes + (1 if grain is Grain.MINUTE else 60), grain, twelve=twelve, weak=not certain)


def stretch(found: Found) -> Item | None:
    """ "entre 14 et 16h", "de 9h30 à 11h", "14h-16h", "entre midi et deux"."""
    start, end = _clock_minutes(found, "1"), _clock_minutes(found, "2")
    opened, link = found["opened"], found["link"]
    if start is None or end is None or (link == "et") != (opened == "entre"):
        return None
    first, second = found["mark1"] or found["noon1"], found["mark2"] or found["noon2"]
    if not opened and not ((first and second) or (link == "-" and second)):
        return None
    if found.after(_LENGTH_AFTER) or (not (first or second) and not _bare_hours(found)):
        return None
    if end <= start:
        end += _HALF_DAY
    if not start < end <= MIDNIGHT:
        return None
    padded = found["hour1"].startswith("0") or found["hour2"].startswith("0")
    return Hours(start, end, Grain.PART, twelve=not padded and end < 8 * 60)


def _bare_hours(found: Found) -> bool:
    """Whether "de 5 à 7" counts hours: nothing else is said, or a day stands beside."""
    return found.alone or (found.before(_AFTER_DAY) and not found.after(_COUNTED))


def bare_hour(found: Found) -> Item | None:
    """The 14 of "14 ou 15h"."""
    hour = found.number("hour")
    return Hours(hour * 60, hour * 60 + 60, Grain.HOUR, twelve=True) if 0 < hour < 24 else None


def unmarked_hour(found: Found) -> Item | None:
    """ "mardi à 14", "vers 17": the h is missing, and nothing else is counted."""
    hour = found.number("hour")
    beside = found.before(_AFTER_DAY) and not found.after(_COUNTED)
    return (
        Hours(hour * 60, hour * 60 + 60, Grain.HOUR, twelve=True)
        if (beside or found.alone) and 8 <= hour < 20
        else None
    )


def one_oclock(found: Found) -> Item | None:
    """ "à une heure"."""
    return Hours(60, 120, Grain.HOUR, twelve=True) if found.before(_AT_ONE) else None


def lunch(found: Found) -> Item | None:
    """ "entre midi", "pendant la pause de midi"."""
    start, end = _minutes(found.scene.part_hours, Part.NOON)
    return Hours(start, end, Grain.PART, Part.NOON)


def after_work(found: Found) -> Item | None:
    """ "après le taf", "après les cours": the end of the afternoon."""
    return Hours(*_AFTER_WORK, Grain.PART, weak=True)


_FRACTIONS = (("demi", 30), ("1 / 2", 30), ("quart", 15), ("1 / 4", 15))  # else three quarters


def delay(found: Found) -> Item | None:
    """ "dans 2h", "dans 10 min", "dans une demi-heure", "dans 1h30"."""
    if found.after(_OF):
        return None
    if found["part"]:
        minutes = next((length for part, length in _FRACTIONS if found["part"].startswith(part)), 45)
    else:
        minutes = found.number("count") * (60 if found["unit"] == "h" else 1) + found.number("more")
        minutes += {"quart": 15, "demi": 30, "demie": 30}.get(found["fraction"], 0)
    return Instant(almanac.after(found.scene.now, timedelta(minutes=minutes)))


RULES = (
    rule(
        "dans",
        "dans (?:une? |les? )?(?P<part>demi|1 / 2|quart d|1 / 4(?: d)?|3 / 4(?: d)?|3 quarts? d) (?:- )?h",
        delay,
    ),
    rule(
        "dans",
        r"dans (?P<count>\d{1,3}|une?) (?P<unit>h|min)(?: (?P<more>[0-5]\d))?"
        "(?: et (?P<fraction>demie?|quart))?",
        delay,
    ),
    rule(
        "# de",
        r"(?:de )?\d{1,2}(?: h)? (?:a|-|ou) \d{1,2} h (?:par (?:jour|semaine|mois)|/|d activites?|semaine)",
        None,
    ),
    rule("entre pause la", r"entre midi(?! et)|(?:la )?pause (?:de |du )?midi", lunch),
    rule("pendant", r"pendant le (?:dejeuner|dej|repas de midi)", lunch),
    rule(
        "apres",
        r"apres (?:(?:le|les|mon|mes|l|la) )?(?:taf|taff|travail|boulot|cours|ecole|lycee)",
        after_work,
    ),
    rule(
        "# entre de d midi minuit",
        f"(?:(?P<opened>de|d|entre) )?{_time('1', bare=True)} (?P<link>a|et|-|jusqu a|jusqua)"
        rf" {_time('2', bare=True)}(?! (?:[/.-] \d|eme)|\d)",
        stretch,
    ),
    rule(
        "le la l du de d au en dans ce a debut milieu mi fin tout toute matin midi apresmidi soir journee",
        "(?P<lead>(?:en|au|a la|a l|dans la|dans l|dans le|le|la|l|du|de la|de l|de|d) )?"
        f"(?:(?:tout |toute )?{EDGE} )?(?P<this>ce )?"
        r"(?P<part>matin|midi(?! (?:et (?:demi|quart)|moins|pile|\d))|apresmidi|soir|journee)"
        "(?P<early> (?:tres )?tot)?",
        part_of_day,
    ),
    rule(
        "# midi minuit",
        f"{_time('1', bare=False)}(?: (?:et )?(?P<fraction>quart|demie?|3 quarts)"
        r"| moins (?:le )?(?P<less>quart|\d{1,2}))?(?: pile)?(?P<pm> pm| p \. ?m)?",
        clock,
    ),
    rule("#", r"(?P<hour>\d{1,2})(?= ou \d{1,2} h)", bare_hour),
    rule("a vers", r"(?:a|vers) (?P<hour>\d{1,2})(?! (?:h|:|et|ou|a|-)(?!\S))", unmarked_hour),
    rule("une", "une h", one_oclock),
)

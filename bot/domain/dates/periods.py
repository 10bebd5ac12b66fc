"""The rules that name longer times: weeks, week-ends, months, public holidays."""

import re
from datetime import date

from bot.domain.dates import almanac
from bot.domain.dates.almanac import DAY, WEEK
from bot.domain.dates.days import day_and_month, next_month_day, one_day
from bot.domain.dates.grammar import DAY_NUMBER, EDGE, LAST, MONTH, NEXT, YEAR, Found, left, rule
from bot.domain.dates.items import Days, Item
from bot.domain.dates.model import Grain
from bot.domain.dates.words import MONTHS

_LEADS_HOLIDAY = left("a|entre|pour|apres|avant|jour de|et|ou|pas")
_LEADS_MONTH = left("ou|et|vers|avant|apres|jusqu|pour|plutot|que|pas")
_DAY_NUMBER = left(r"\d{1,2}")
_EVERY = left("bons?|tous les|chaque|les")


def coming(found: Found) -> Item | None:
    """ "les 3 prochains jours", "les prochaines semaines", "les jours qui viennent"."""
    today = found.scene.today
    if found["unit"] == "semaine":
        start = almanac.monday(today) + WEEK
        return Days(start, start + WEEK * (found.number("count") or 4), Grain.WEEK)
    return Days(today + DAY, today + DAY * (1 + (found.number("count") or 7)))


def weekend(found: Found) -> Item | None:
    """Saturday and Sunday; on those days, "ce week-end" is the one under way."""
    today = found.scene.today
    saturday = almanac.monday(today) + DAY * 5
    if found.before(_EVERY):
        return None
    if found["last"]:
        return Days(saturday - WEEK, saturday - DAY * 5, past=True)
    if found["next"] and today >= saturday:
        saturday += WEEK
    return Days(max(saturday, today), saturday + DAY * 2)


_WEEK_EDGES = {"debut": (0, 2), "milieu": (2, 4), "mi": (2, 4), "fin": (3, 7)}


def week(found: Found) -> Item | None:
    """ "cette semaine", "la semaine prochaine", "fin de semaine" (from Thursday on)."""
    today = found.scene.today
    monday = almanac.monday(today)
    if found["last"]:
        return Days(monday - WEEK, monday, past=True)
    if found["next"]:
        monday += WEEK
    if found["edge"] in _WEEK_EDGES:
        first, end = _WEEK_EDGES[found["edge"]]
        if monday + DAY * end <= today:
            monday += WEEK
        return Days(max(monday + DAY * first, today), monday + DAY * end)
    if not (found["next"] or found["this"] or found["edge"]):
        return None  # "la semaine" alone: on weekdays
    return Days(max(monday, today), monday + WEEK, Grain.WEEK, holds=True)


def week_of(found: Found) -> Item | None:
    """ "la semaine du 15", "le week-end du 20 mars"."""
    today = found.scene.today
    if found["month"]:
        day: Item | None = day_and_month(found)
    else:
        day = next_month_day(found.number("day"), almanac.monday(today))
    if not isinstance(day, Days):
        return day
    monday = almanac.monday(day.start)
    if found["weekend"]:
        return Days(max(monday + DAY * 5, today), monday + WEEK)
    return Days(max(monday, today), monday + WEEK, Grain.WEEK, holds=True)


def month(found: Found) -> Item | None:
    """ "en mars", "début avril", "fin du mois", "le mois prochain", "mars 2027"."""
    today = found.scene.today
    first = today.replace(day=1)
    if found.before(_DAY_NUMBER):
        return None  # its day was not one: "place du 8 mai"
    if found["last"]:
        return Days(first - DAY, first, past=True)
    if found["month"]:
        number = MONTHS.index(found["month"]) + 1
        year = found.number("year") or today.year + (number < today.month)
        first = date(year, number, 1)
    elif found["next"]:
        first = almanac.month_after(first)
    elif not (found["this"] or found["edge"]):
        return None
    start, end = _month_slice(first, found["edge"])
    if end <= today and not found["month"]:
        start, end = _month_slice(almanac.month_after(first), found["edge"])
    if end <= today:
        return Days(start, end, past=True)
    if found["edge"] not in {"", "courant"}:
        return Days(max(start, today), end)
    named = found["edge"] or found["lead"] or found["year"] or found["next"] or not found["month"]
    led = named or found.before(_LEADS_MONTH)
    return Days(max(start, today), end, Grain.MONTH, holds=True, weak=not led)


def _month_slice(first: date, edge: str) -> tuple[date, date]:
    end = almanac.month_after(first)
    tenth, twentieth = first + DAY * 10, first + DAY * 20
    slices = {
        "debut": (first, tenth),
        "milieu": (tenth, twentieth),
        "mi": (tenth, twentieth),
        "fin": (end - DAY * 10, end),
    }
    return slices.get(edge, (first, end))


def fortnight(found: Found) -> Item | None:
    """ "la première quinzaine d'avril"."""
    number = MONTHS.index(found["month"]) + 1
    today = found.scene.today
    first = date(today.year + (number < today.month), number, 1)
    middle = first + DAY * 15
    start, end = (first, middle) if found["half"] in {"premiere", "1 eme"} else (middle, almanac.month_after(first))
    return Days(max(start, today), end) if end > today else Days(start, end, past=True)


_HOLIDAY = (
    "(?P<name>(?:lundi|dimanche) de (?:la )?(?:paques|pentecote)|jeudi de l ascension"
    "|paques|pentecote|ascension|toussaint|noel|(?:jour de l|nouvel|1 eme de l) an"
    "|vendredi saint|(?:saint|st) etienne|assomption|armistice|fete du travail|fete nationale)"
)
_OTHER_NAMES = {
    "jeudi ascension": "ascension",
    "dimanche paques": "paques",
    "dimanche pentecote": "pentecote",
    "nouvel an": "jour an",
    "1 eme an": "jour an",
    "st etienne": "saint etienne",
}


# Days off before and after a public holiday, from Monday to Sunday.
_LONG_WEEKENDS = ((2, 0), (3, 0), (0, 0), (0, 3), (0, 2), (0, 1), (1, 0))


def holiday(found: Found) -> Item | None:
    """ "à la Toussaint", "le lundi de Pâques", "le pont de l'Ascension" (Thursday to Sunday)."""
    name = re.sub(r"\b(?:de|du|la|l) ", "", found["name"])
    led = found["bridge"] or found["beside"] or found.before(_LEADS_HOLIDAY)
    if name in {"noel", "paques"} and not (led or found.alone):
        return None  # the market, the presents
    day = almanac.holiday(_OTHER_NAMES.get(name, name), found.scene.today)
    if day is None:
        return None
    if found["bridge"]:
        before, after = _LONG_WEEKENDS[day.weekday()]
        return Days(day - DAY * before, day + DAY * (after + (name in {"paques", "pentecote"}) + 1))
    return one_day(day + DAY * {"lendemain": 1, "veille": -1}.get(found["beside"], 0))


RULES = (
    rule(
        "la le semaine weekend",
        rf"(?:(?:la )?semaine|(?:le )?(?P<weekend>weekend)) du (?:lundi )?{DAY_NUMBER}(?: eme)?(?: {MONTH})?",
        week_of,
    ),
    rule(
        "# le la l pont weekend lendemain veille lundi jeudi vendredi dimanche paques pentecote ascension"
        " toussaint noel jour nouvel saint st assomption armistice fete",
        "(?:(?:le |la )?(?:(?P<bridge>pont|weekend)|(?P<beside>lendemain|veille)) (?:de |du |d )?)?"
        f"(?:la |le |l )?{_HOLIDAY}",
        holiday,
    ),
    rule(
        "# les ces dans",
        r"(?:dans )?(?:les |ces )?(?:(?P<count>\d{1,2}) )?prochain (?P<unit>jour|semaine)",
        coming,
    ),
    rule(
        "# les ces dans",
        "(?:dans )?(?:les |ces )(?P<unit>jour|semaine) (?:qui viennent|a venir|prochain|ci|suivant)",
        coming,
    ),
    rule("ce le weekend", rf"(?:ce |le )?weekend(?: (?:{NEXT}|{LAST}))?", weekend),
    rule(
        "ce la dans semaine sur de en au a debut milieu mi fin courant",
        f"(?:(?:en |au |a la )?{EDGE} |(?P<this>ce |dans la )|(?:de |sur )?la )?semaine(?: (?:{NEXT}|{LAST}))?",
        week,
    ),
    rule(
        "la premiere deuxieme seconde derniere #",
        f"(?:la )?(?P<half>premiere|1 eme|deuxieme|seconde|2 eme|derniere) quinzaine (?:de |d |du mois de )?{MONTH}",
        fortnight,
    ),
    rule(
        "@month mois le ce dans au en debut milieu mi fin courant a de d",
        f"(?:(?:au |en |a la )?{EDGE} (?:mois de |mois d )?"
        "|(?P<lead>en |(?:au |le |dans le )?mois (?:de |d )|de |d ))?"
        f"{MONTH}(?: {YEAR})?(?: (?:{NEXT}|{LAST}))?",
        month,
    ),
    rule(
        "mois le ce dans au en debut milieu mi fin courant a",
        f"(?:(?:au |en |a la )?{EDGE} |(?P<this>ce |dans le )|(?:le |au ))?mois(?: (?:{NEXT}|{LAST}))?(?: ci)?",
        month,
    ),
)

"""The rules that name days: dates, weekdays, weeks, months, public holidays."""

import re
from dataclasses import replace
from datetime import date

from bot.domain.dates import almanac
from bot.domain.dates.almanac import DAY, WEEK
from bot.domain.dates.grammar import (
    DAY_NUMBER,
    EDGE,
    LAST,
    MONTH,
    NEXT,
    WEEKDAY,
    YEAR,
    Found,
    left,
    right,
    rule,
)
from bot.domain.dates.items import Days, Impossible, Item
from bot.domain.dates.model import Grain
from bot.domain.dates.words import MONTHS, WEEKDAYS

_NAMED_DAY = "|".join((*WEEKDAYS, *MONTHS, "demain", "apresdemain", "aujourdhui"))

# What a number counts when it is not a day: "le 12 rue de la gare", "mardi 2 personnes".
_COUNTED = right(
    "rue|avenue|av|bd|boulevard|place|bis|ter|allee|chemin|route|impasse|quai|euros?"
    r"|ans?|fois|kg|km|k|m|min|¤|%|\+"
    r"|x|h|:|jour|semaine|mois|eme|etoiles|[./-] \d+|\d+|(?:ou|et) (?:le )?\d{3,}"
    "|(?!apres|des|dans|suis|jsuis|chuis|vers|pas|vous|sans|alors|mars|plus|tres"
    "|fais|vais|jvais|juste|les|mes|nous|ms"
    r"|jpeux|veux|px|mieux|peux|dis|serais|pourrais|jpourrais|dispos)[a-z]{2,}[sx]"
)
_NUMBERED = left(
    r"(?:appel\w*|rappel\w*|numero|num|fait?s?|compos\w*|joindre|bus|ligne|tram|tel"
    "|telephone|classe|niveau|chambre|porte"
    r"|appart\w*|dans|sur|habite|jhabite)(?: le)?"
)

_LEADS_FIGURES = left(rf"(?:{_NAMED_DAY})(?: [a-z]+)?|du|au|le|pour|avant")
_NO_DATE_UNIT = right(r"h|ans?|euros?|km|pieces|eme|¤|%|/|points?|de moyenne")
_GOES_ON = right(r"(?:,|et|ou) (?:le )?\d+")
_LISTED = left(
    rf"jusquau|(?:le|les|du|{'|'.join(WEEKDAYS)}) \d{{1,2}}(?: (?:,|ou|et|/|-|au|a|\d{{1,2}}))+(?: le)?"
)
_OWN = left("ma|ta|sa|la|une")
_EVERY = left("bons?|tous les|chaque|les")
_LEADS_MONTH = left("ou|et|vers|avant|apres|jusqu|pour|plutot|que|pas")
_LEADS_HOLIDAY = left("a|entre|pour|apres|avant|jour de|et|ou|pas")


def _one(day: date, *, past: bool = False) -> Days:
    return Days(day, day + DAY, past=past)


def _dated(day: int, month: int, year: int, today: date) -> Days | Impossible:
    """A day of a month; when `year` is 0, the next one, at most a year ahead."""
    for guess in (year,) if year else (today.year, today.year + 1):
        try:
            found = date(guess, month, day)
        except ValueError:
            continue
        if year or found >= today:
            return _one(found, past=found < today)
    return Impossible()


def _next_month_day(day: int, today: date) -> Days | None:
    first = today.replace(day=1)
    for _ in range(3):  # two short months never follow each other
        found = first + DAY * (day - 1)
        if found >= today and found.month == first.month:
            return replace(_one(found), month_day=day)
        first = almanac.month_after(first)
    return None


def day_and_month(found: Found) -> Item | None:
    """ "mardi 12 mars 2027", "le 1er avril", "32 mars"."""
    month = MONTHS.index(found["month"]) + 1
    return _dated(found.number("day"), month, found.number("year"), found.scene.today)


def first_of_list(found: Found) -> Item | None:
    """The 12 of "les 12, 13 et 14 mars", of "10 au 22 août": the month stands at the end."""
    return day_and_month(found)


def in_figures(found: Found) -> Item | None:
    """ "15/03", "le 15-03-2027", "15.03.27", "le 17 02"; marks ("12/20"), fractions and scores are none."""
    day, month, year, link = found.number("day"), found.number("number"), found.number("year"), found["link"]
    led = bool(found["le"] or found["weekday"]) or found.before(_LEADS_FIGURES)
    padded = len(found["number"]) == 2
    if found.after(_NO_DATE_UNIT) or (year and 99 < year < 1900):
        return None
    if link == "/":
        fraction = (day, month) in {(1, 2), (1, 3), (2, 3), (1, 4), (3, 4)}
        likely = day != month and (padded or not fraction)
    elif link == "-":
        likely = padded
    elif link == ".":
        likely = bool(year or found["le"]) and padded
        led = led and likely
    else:
        likely = found.alone or (bool(found["le"]) and padded)
        led = led and likely
    last_day = 39 if found.alone else 31  # "32/01", said alone, is a slip
    if not (led or year or (likely and 1 <= month <= 12 and 1 <= day <= last_day)):
        return None
    year += 2000 if 0 < year < 100 else 0
    return _dated(day, month, year, found.scene.today)


def month_day(found: Found) -> Item | None:
    """ "le 12", "mardi 12". A bare ordinal ("le 2ème") is a choice in a list, not a day."""
    day = found.number("day")
    if not 1 <= day <= 31 or found.after(_COUNTED) or found.before(_NUMBERED):
        return None
    if found["several"] and not found.after(_GOES_ON):
        return None
    return _next_month_day(day, found.scene.today)


def first_of_month(found: Found) -> Item | None:
    """ "le 1er du mois prochain", "le 1er à 14h"."""
    today = found.scene.today
    day = found.number("day")
    if found["next"]:
        first = almanac.month_after(today)
        return _dated(day, first.month, first.year, today)
    return _next_month_day(day, today) if 1 <= day <= 31 else None


def listed_day(found: Found) -> Item | None:
    """ "13" in "le 12 ou 13", "du 13 au 18", "mardi 12 ou mercredi 13"."""
    return month_day(found) if found.before(_LISTED) else None


def weekday(found: Found) -> Item | None:
    """ "mardi", "ce mardi", "mardi prochain", "mardi en huit", "lundi dernier".

    Alone, it is the next one strictly after today; "ce mardi", or an hour still to come, may be today.
    """
    number = WEEKDAYS.index(found["weekday"])
    today = found.scene.today
    if found["last"]:
        return _one(today - DAY * ((today.weekday() - number - 1) % 7 + 1), past=True)
    day = almanac.next_weekday(today, number)
    is_today = today.weekday() == number
    if found["in"]:
        return _one((today if is_today else day) + WEEK * (2 if found["in"] == "15" else 1))
    if found["this"] and is_today:
        return _one(today)
    if found["next"] in {"prochain", "qui vient", "a venir"}:
        return _one(day)
    return replace(_one(day), weekday=number, following=bool(found["next"]), maybe_today=is_today)


def nth_weekday(found: Found) -> Item | None:
    """ "le premier lundi d'avril", "le dernier mardi du mois"."""
    today = found.scene.today
    first = today.replace(day=1)
    if found["month"]:
        number = MONTHS.index(found["month"]) + 1
        first = date(today.year + (number < today.month), number, 1)
    elif found["next"]:
        first = almanac.month_after(first)
    for start in (first, almanac.month_after(first)):
        shift = (WEEKDAYS.index(found["weekday"]) - start.weekday()) % 7
        days = [start + DAY * (shift + 7 * week) for week in range(4)]
        if (days[-1] + WEEK).month == start.month:
            days.append(days[-1] + WEEK)
        day = days[{"1 eme": 0, "2 eme": 1, "deuxieme": 1, "3 eme": 2, "troisieme": 2}.get(found["rank"], -1)]
        if day >= today:
            return _one(day)
        if found["month"]:
            return _one(day, past=True)
    return None


def near(found: Found) -> Item | None:
    """ "demain", "après-demain", "aujourd'hui", "hier", "le lendemain"."""
    if found.before(_OWN):
        return None  # "ma dem": a resignation
    shifts = {"aujourdhui": 0, "jour": 0, "journee": 0, "apresdemain": 2, "hier": -1, "avanthier": -2}
    shift = shifts.get(found["near"], 1)
    return replace(
        _one(found.scene.today + DAY * shift, past=shift < 0), following=found["near"] == "lendemain"
    )


def in_days(found: Found) -> Item | None:
    """ "dans 3 jours", "dans 2 semaines", "dans un mois", "d'ici 10 jours".

    "huit jours" is one week and "quinze jours" two: French counts the first day.
    """
    today, unit = found.scene.today, found["unit"]
    count = found.number("count")
    if unit == "mois":
        day = almanac.add_months(today, count)
    elif unit == "semaine":
        day = today + WEEK * count
    elif unit.startswith("quinzaine"):
        day = today + WEEK * 2
    else:
        day = today + DAY * {8: 7, 15: 14}.get(count, count)
    return Days(today, day + DAY) if found["by"] else replace(_one(day), holds=unit == "semaine")


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
    """ "la semaine du 15", "la semaine du 15 mars"."""
    today = found.scene.today
    if found["month"]:
        day: Item | None = day_and_month(found)
    else:
        day = _next_month_day(found.number("day"), almanac.monday(today))
    if not isinstance(day, Days):
        return day
    monday = almanac.monday(day.start)
    return Days(max(monday, today), monday + WEEK, Grain.WEEK, holds=True)


def month(found: Found) -> Item | None:
    """ "en mars", "début avril", "fin du mois", "le mois prochain", "mars 2027"."""
    today = found.scene.today
    first = today.replace(day=1)
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
    start, end = (
        (first, middle) if found["half"] in {"premiere", "1 eme"} else (middle, almanac.month_after(first))
    )
    return Days(max(start, today), end) if end > today else Days(start, end, past=True)


_HOLIDAY = (
    "(?P<name>(?:lundi|dimanche) de (?:la )?(?:paques|pentecote)|jeudi de l"
    " ascension|paques|pentecote|ascension|toussaint|noel"
    "|(?:jour de l|nouvel|premier de l|1 eme de l) an|vendredi saint|(?:saint|st)"
    " etienne|assomption|armistice"
    r"|fete du travail|fete nationale)"
)
_OTHER_NAMES = {
    "jeudi ascension": "ascension", "dimanche paques": "paques", "dimanche pentecote": "pentecote", "nouvel an": "jour an", "premier an": "jour an",
    "1 eme an": "jour an", "st etienne": "saint etienne",
}  # fmt: skip


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
    return _one(day + DAY * {"lendemain": 1, "veille": -1}.get(found["beside"], 0))


_THE = r"(?:le |du |au |les )?"
_COUNT = r"(?P<count>\d{1,2}|une?)"

RULES = (
    rule("@day le", rf"(?:le )?{WEEKDAY} gras", None),
    rule(
        "# le deuxieme troisieme dernier",
        rf"(?:le )?(?P<rank>1 eme|2 eme|3 eme|deuxieme|troisieme|dernier) {WEEKDAY} "
        rf"(?:de |d |du mois de |du mois d |du mois|de ce mois)(?:{MONTH})?(?: {NEXT})?",
        nth_weekday,
    ),
    rule("#", r"(?P<year>20\d\d) (?P<link>-) (?P<number>\d\d) - (?P<day>\d\d)", in_figures),
    rule(
        "# @day le du au les",
        f"(?:(?:le |du |au )?{WEEKDAY} )?{_THE}{DAY_NUMBER}(?: eme)? (?:de |d |du mois de"
        f" )?{MONTH}(?: {YEAR})?",
        day_and_month,
    ),
    rule(
        "# @day le du au les entre",
        rf"(?:(?:le )?{WEEKDAY} )?(?:entre )?{_THE}{DAY_NUMBER}(?: eme)?"
        rf"(?=(?: (?:,|ou|et|/|-|au|a)(?: le)? \d{{1,2}}(?: eme)?){{1,6}} {MONTH}(?:"
        f" {YEAR})?)",
        first_of_list,
    ),
    rule(
        "# @day le du au",
        f"(?:(?:le |du |au )?{WEEKDAY} )?(?P<le>le |du |au )?{DAY_NUMBER}"
        rf" (?:(?P<link>[/.-]) )?(?P<number>\d{{1,2}})"
        r"(?: (?P=link) (?P<year>\d{4}|\d\d))?",
        in_figures,
    ),
    rule("la semaine", rf"(?:la )?semaine du (?:lundi )?{DAY_NUMBER}(?: eme)?(?: {MONTH})?", week_of),
    rule("le du", rf"(?:le |du ){DAY_NUMBER}(?: eme)?(?: du mois(?: {NEXT})?)", first_of_month),
    rule("le du", r"(?:le |du )(?P<day>1) eme(?= (?:a|vers) \d)", first_of_month),
    rule(
        "le du au les @day",
        f"(?:(?:le )?{WEEKDAY} (?:le )?|le |du |au |(?P<several>les )){DAY_NUMBER}(?!"
        rf" (?:ou|-) \d{{1,2}} h)",
        month_day,
    ),
    rule("#", DAY_NUMBER, listed_day),
    rule(
        "le la l pont weekend lendemain veille lundi dimanche paques pentecote ascension"
        " toussaint noel jour nouvel premier 1 # jeudi "
        "vendredi saint st assomption armistice fete",
        "(?:(?:le |la )?(?:(?P<bridge>pont|weekend)|(?P<beside>lendemain|veille)) (?:de "
        f"|du |d )?)?(?:la |le |l )?{_HOLIDAY}",
        holiday,
    ),
    rule(
        "@day le les ce",
        rf"(?:le |les |(?P<this>ce ))?{WEEKDAY}(?: (?:{NEXT}|{LAST}))?(?: en (?P<in>8|15))?",
        weekday,
    ),
    rule(
        "le demain lendemain apresdemain aujourdhui hier avanthier",
        r"(?:le )?(?P<near>lendemain|demain|apresdemain|aujourdhui|hier|avanthier)",
        near,
    ),
    rule(
        "ce dans",
        r"ce (?P<near>jour)(?! (?:la|ci))|dans la (?P<near2>journee)",
        lambda found: _one(found.scene.today),
    ),
    rule(
        "dans d dici sous",
        rf"(?:dans|(?P<by>d ici|dici|sous))(?: environ| genre| a peu pres)? {_COUNT} "
        r"(?P<unit>jour|j|semaine|mois|quinzaine(?: de jour)?)(?! (?:que|de))",
        in_days,
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
        f"(?:(?:en |au |a la )?{EDGE} |(?P<this>ce |dans la )|(?:de |sur )?la"
        f" )?semaine(?: (?:{NEXT}|{LAST}))?",
        week,
    ),
    rule(
        "la premiere deuxieme seconde derniere #",
        "(?:la )?(?P<half>premiere|1 eme|deuxieme|seconde|2 eme|derniere) quinzaine"
        f" (?:de |d |du mois de )?{MONTH}",
        fortnight,
    ),
    rule(
        "@month mois le ce dans au en debut milieu mi fin courant a de d",
        f"(?:(?:au |en |a la )?{EDGE} (?:mois de |mois d )?|(?P<lead>en |au mois de |au"
        " mois d |le mois de |dans le mois de |mois de "
        rf"|mois d |de |d ))?{MONTH}(?: {YEAR})?(?: (?:{NEXT}|{LAST}))?",
        month,
    ),
    rule(
        "mois le ce dans au en debut milieu mi fin courant a",
        f"(?:(?:au |en |a la |vers la )?{EDGE} |(?P<this>ce |dans le )|(?:le |au"
        f" ))?mois(?: (?:{NEXT}|{LAST}))?(?: ci)?",
        month,
    ),
)

"""The rules that name a day: dates, weekdays, tomorrow, "in three days"."""

from dataclasses import replace
from datetime import date

from bot.domain.dates import almanac
from bot.domain.dates.almanac import DAY, WEEK
from bot.domain.dates.grammar import (
    DAY_NUMBER,
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
_LISTED = left(rf"jusquau|(?:le|les|du|{'|'.join(WEEKDAYS)}) \d{{1,2}}(?: (?:,|ou|et|au|a|\d{{1,2}}))+(?: le)?")
_STREET = left("(?:rue|avenue|av|boulevard|bd|place|quai|cite|square|lycee|college|ecole)(?: du)?|les")
_OWN = left("ma|ta|sa|la|une")


def one_day(day: date, *, past: bool = False) -> Days:
    """The whole of `day`."""
    return Days(day, day + DAY, past=past)


def dated(day: int, month: int, year: int, today: date) -> Days | Impossible:
    """A day of a month; when `year` is 0, the next one, at most a year ahead."""
    for guess in (year,) if year else (today.year, today.year + 1):
        try:
            found = date(guess, month, day)
        except ValueError:
            continue
        if year or found >= today:
            return one_day(found, past=found < today)
    return Impossible()


def next_month_day(day: int, today: date) -> Days | None:
    """The next such day of a month, `today` included; None when there is none soon."""
    first = today.replace(day=1)
    for _ in range(3):  # two short months never follow each other
        found = first + DAY * (day - 1)
        if found >= today and found.month == first.month:
            return replace(one_day(found), month_day=day)
        first = almanac.month_after(first)
    return None


def day_and_month(found: Found) -> Item | None:
    """ "mardi 12 mars 2027", "le 1er avril", "32 mars"."""
    if found.before(_STREET):
        return None
    month = MONTHS.index(found["month"]) + 1
    return dated(found.number("day"), month, found.number("year"), found.scene.today)


def in_figures(found: Found) -> Item | None:
    """ "15/03", "le 15-03-2027", "15.03.27", "le 17 02"; marks ("12/20"), fractions and scores are none."""
    day, month, year, link = found.number("day"), found.number("number"), found.number("year"), found["link"]
    led = bool(found["le"] or found["weekday"]) or found.before(_LEADS_FIGURES)
    padded = len(found["number"]) == 2
    if found.after(_NO_DATE_UNIT) or found.before(_STREET) or 99 < year < 1900 or year > 2100:
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
    return dated(day, month, year, found.scene.today)


def month_day(found: Found) -> Item | None:
    """ "le 12", "mardi 12". A bare ordinal ("le 2ème") is a choice in a list, not a day."""
    day = found.number("day")
    if not 1 <= day <= 31 or found.after(_COUNTED) or found.before(_NUMBERED) or found.before(_STREET):
        return None
    if found["several"] and not found.after(_GOES_ON):
        return None
    return next_month_day(day, found.scene.today)


def first_of_month(found: Found) -> Item | None:
    """ "le 1er du mois prochain", "le 1er à 14h"."""
    today = found.scene.today
    day = found.number("day")
    if found["next"]:
        first = almanac.month_after(today)
        return dated(day, first.month, first.year, today)
    return next_month_day(day, today) if 1 <= day <= 31 else None


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
        return one_day(today - DAY * ((today.weekday() - number - 1) % 7 + 1), past=True)
    day = almanac.next_weekday(today, number)
    is_today = today.weekday() == number
    if found["in"]:
        return one_day((today if is_today else day) + WEEK * (2 if found["in"] == "15" else 1))
    if found["this"] and is_today:
        return one_day(today)
    if found["next"] in {"prochain", "qui vient", "a venir"}:
        return one_day(day)
    return replace(one_day(day), weekday=number, following=bool(found["next"] or found["other"]), maybe_today=is_today)


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
            return one_day(day)
        if found["month"]:
            return one_day(day, past=True)
    return None


def near(found: Found) -> Item | None:
    """ "demain", "après-demain", "aujourd'hui", "hier", "le lendemain"."""
    if found.before(_OWN):
        return None  # "ma dem": a resignation
    shifts = {"aujourdhui": 0, "jour": 0, "journee": 0, "apresdemain": 2, "hier": -1, "avanthier": -2}
    shift = shifts.get(found["near"], 1)
    return replace(one_day(found.scene.today + DAY * shift, past=shift < 0), following=found["near"] == "lendemain")


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
    return Days(today, day + DAY) if found["by"] else replace(one_day(day), holds=unit == "semaine")


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
        f"(?:(?:le |du |au )?{WEEKDAY} )?{_THE}{DAY_NUMBER}(?: eme)? (?:de |d |du mois de )?{MONTH}(?: {YEAR})?",
        day_and_month,
    ),
    rule(
        "# @day le du au les entre",
        rf"(?:(?:le )?{WEEKDAY} )?(?:entre )?{_THE}{DAY_NUMBER}(?: eme)?"
        rf"(?=(?: (?:,|ou|et|/|-|au|a)(?: le)? \d{{1,2}}(?: eme)?){{1,6}} {MONTH}(?: {YEAR})?)",
        day_and_month,  # the month stands at the end of the list, or of the span
    ),
    rule(
        "# @day le du au",
        f"(?:(?:le |du |au )?{WEEKDAY} )?(?P<le>le |du |au )?{DAY_NUMBER}"
        r" (?:(?P<link>[/.-]) )?(?P<number>\d{1,2})(?: (?P=link) (?P<year>\d{4}|\d\d))?",
        in_figures,
    ),
    rule("le du", rf"(?:le |du ){DAY_NUMBER}(?: eme)?(?: du mois(?: {NEXT})?)", first_of_month),
    rule("le du", r"(?:le |du )(?P<day>1) eme(?= (?:a|vers) \d)", first_of_month),
    rule(
        "le du au les @day",
        f"(?:(?:le )?{WEEKDAY} (?:le )?|le |du |au |(?P<several>les )){DAY_NUMBER}"
        r"(?! (?:ou|-) \d{1,2} h)",
        month_day,
    ),
    rule("#", DAY_NUMBER, listed_day),
    rule(
        "@day le les ce l",
        rf"(?:le |les |(?P<this>ce )|(?P<other>l autre ))?{WEEKDAY}(?: (?:{NEXT}|{LAST}))?(?: en (?P<in>8|15))?",
        weekday,
    ),
    rule(
        "le demain lendemain apresdemain aujourdhui hier avanthier",
        r"(?:le )?(?P<near>(?<=le )lendemain|demain|apresdemain|aujourdhui|hier|avanthier)",
        near,
    ),
    rule(
        "ce dans",
        "ce jour(?! (?:la|ci))|dans la journee",
        lambda found: one_day(found.scene.today),
    ),
    rule(
        "dans d dici sous",
        rf"(?:dans|(?P<by>d ici|dici|sous))(?: environ| genre| a peu pres)? {_COUNT} "
        r"(?P<unit>jour|j|semaine|mois|quinzaine(?: de jour)?)(?! (?:que|de))",
        in_days,
    ),
)

"""What a territory sets up: its structures, advisers, places, openings, sources; read from one YAML file.

The file is written by people who do not code: `read` lists every mistake at once, each with its line and a
French sentence. `production_refusals` says what a structure must still settle before real young people write.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from enum import StrEnum
from itertools import combinations, pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.domain import calendar, communes
from bot.domain.appointments import Mode
from bot.domain.calendar import Window
from bot.domain.openings import LAST_OF_MONTH, SLICE_MINUTES, Pattern
from bot.domain.reasons import (
    CHANGE_NOTICE_MINUTES,
    FIRST_MEETING,
    LONGEST_NOTICE_DAYS,
    SHORTEST_NOTICE_MINUTES,
    BookableBy,
)
from bot.domain.team import Role
from bot.domain.workshops import WorkshopKind

SOME_MONDAY = date(2026, 1, 5)
DAY_NAMES = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
HELPLINES_GOOD_FOR = timedelta(days=183)
NOT_A_LIST = "Il faut une liste, un tiret « - » par élément."


class StructureKind(StrEnum):
    MISSION_LOCALE = "mission_locale"
    PREVENTION = "prevention"
    ASSOCIATION = "association"


class PlaceKind(StrEnum):
    PERMANENCE = "permanence"
    MOBILE_STOP = "mobile_stop"
    SIEGE = "siege"


class SourceKind(StrEnum):
    POSTER = "poster"
    MARKET = "market"
    PARTNER = "partner"
    PROMENEUR = "promeneur"
    BUS = "bus"
    PSAD = "psad"


class Step(StrEnum):
    """How far a young person has come, as funders count it: found, in touch, met once, enrolled."""

    REPERE = "repere"
    CONTACTE = "contacte"
    MOBILISE = "mobilise"
    ACCOMPAGNE = "accompagne"


def parse_clock(text: str) -> time:
    """The time of "9:00", "09:30", "9h" or "9h30".

    Raises:
        ValueError: it is none of these, said in French.
    """
    found = re.fullmatch(r"(\d{1,2})\s*(?::|h)\s*(\d{2})?", text.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 99)
    if hour > 23 or minute > 59:
        raise ValueError(f"« {text} » n'est pas une heure : écrire par exemple 09:00 ou 13:30.")
    return time(hour, minute)


def parse_days(text: str) -> tuple[int, ...]:
    """The weekdays, Monday 0, of "mar" or "lun-ven".

    Raises:
        ValueError: it is none of these, said in French.
    """
    names = [name.strip().lower() for name in text.split("-")]
    if not 1 <= len(names) <= 2 or any(name not in DAY_NAMES for name in names):
        raise ValueError(f"« {text} » n'est pas un jour : écrire lun, mar, mer, jeu, ven, sam, dim, ou lun-ven.")
    first, last = DAY_NAMES.index(names[0]), DAY_NAMES.index(names[-1])
    if first > last:
        raise ValueError(f"« {text} » va à l'envers : le premier jour vient après le dernier.")
    return tuple(range(first, last + 1))


def parse_windows(text: str) -> tuple[Window, ...]:
    """The weekly windows of "lun-ven 09:00-12:00, 13:30-17:00".

    Raises:
        ValueError: a day or an hour is wrong, or two windows overlap, said in French.
    """
    days, _, hours = text.strip().partition(" ")
    windows: list[Window] = []
    for span in hours.split(","):
        start_text, dash, end_text = span.partition("-")
        if not dash:
            raise ValueError(f"« {text} » : écrire par exemple lun 09:00-12:00, 13:30-17:00.")
        start, end = parse_clock(start_text), parse_clock(end_text)
        if start >= end:
            raise ValueError(f"« {span.strip()} » : la fin vient avant le début.")
        windows += [Window(day, start, end) for day in parse_days(days)]
    return tuple(windows)


def _span(value: Any) -> tuple[time, time]:
    if not isinstance(value, str) or "-" not in value:
        raise ValueError(f"« {value} » : écrire par exemple 12:00-13:30.")
    start, _, end = value.partition("-")
    return parse_clock(start), parse_clock(end)


def _weekly_windows(value: Any) -> tuple[Window, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(NOT_A_LIST)
    windows: list[Window] = []
    wrong: list[str] = []
    for item in value:
        try:
            windows += parse_windows(item)
        except ValueError as error:
            wrong.append(str(error))
    overlaps = {
        one.weekday
        for one, other in combinations(windows, 2)
        if one.weekday == other.weekday and one.start < other.end and other.start < one.end
    }
    wrong += [f"Deux plages se chevauchent le {calendar.DAYS[day]}." for day in sorted(overlaps)]
    if wrong:
        raise ValueError(" ".join(wrong))
    return tuple(windows)


def _weekdays(value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise ValueError(NOT_A_LIST)
    return tuple(sorted({day for item in items for day in parse_days(item)}))


def _clock(value: Any) -> time:
    if not isinstance(value, str):
        raise ValueError("Il faut une heure, par exemple 09:00.")
    return parse_clock(value)


def parse_session(text: str) -> tuple[datetime, datetime]:
    """The half-day of "2027-03-18 14:00-16:30": when it starts and ends, on the clock of Paris.

    Raises:
        ValueError: it is not one, said in French.
    """
    day_text, _, span = text.strip().partition(" ")
    start_text, dash, end_text = span.partition("-")
    try:
        day = date.fromisoformat(day_text)
    except ValueError:
        raise ValueError(f"« {text} » : écrire par exemple 2027-03-18 14:00-16:30.") from None
    if not dash:
        raise ValueError(f"« {text} » : écrire par exemple 2027-03-18 14:00-16:30.")
    start, end = parse_clock(start_text), parse_clock(end_text)
    if start >= end:
        raise ValueError(f"« {text} » : la fin vient avant le début.")
    return (
        datetime.combine(day, start, calendar.PARIS).astimezone(UTC),
        datetime.combine(day, end, calendar.PARIS).astimezone(UTC),
    )


def _sessions(value: Any) -> tuple[tuple[datetime, datetime], ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(NOT_A_LIST)
    found = sorted(parse_session(item) for item in value)
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            raise ValueError(f"Deux séances se chevauchent le {calendar.in_paris(start):%d/%m/%Y}.")
    if not found:
        raise ValueError("Il faut au moins une séance.")
    return tuple(found)


def _yes_or_no(value: Any) -> bool:
    answers = {"oui": True, "true": True, "non": False, "false": False}
    if isinstance(value, str) and value.lower() in answers:
        return answers[value.lower()]
    raise ValueError(f"« {value} » : écrire oui ou non.")


def minutes_of(clock: time) -> int:
    return clock.hour * 60 + clock.minute


ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
INSEE = r"^\d[0-9AB]\d{3}$"
SIREN = r"^\d{9}$"
REASON = r"^[a-z][a-z0-9_]{0,39}$"
PHONE = r"^\+?\d[\d .]{1,18}$"
START_CODE = r"^[A-Za-z0-9_-]{1,64}$"
EXPECTED = {
    ID: "au plus 40 lettres minuscules sans accent, chiffres et tirets",
    INSEE: "un code INSEE de commune, cinq caractères comme 57672",
    REASON: "au plus 40 lettres minuscules sans accent, chiffres et « _ »",
    SIREN: "le numéro SIREN d'une intercommunalité, neuf chiffres",
    PHONE: "un numéro de téléphone",
    START_CODE: "1 à 64 lettres sans accent, chiffres, « _ » ou « - »",
}


def _known_commune(code: str) -> str:
    if code not in communes.insee_codes():
        raise ValueError(f"« {code} » n'est le code INSEE d'aucune commune des territoires.")
    return code


def _known_area(code: str) -> str:
    if code not in communes.insee_codes() and code not in communes.epci_codes():
        raise ValueError(f"« {code} » : ni le code INSEE d'une commune, ni le SIREN d'une intercommunalité.")
    return code


def _known_mission_locale(code: str) -> str:
    if code not in communes.MISSION_LOCALES:
        raise ValueError(f"« {code} » est inconnue. Choisir : {', '.join(communes.MISSION_LOCALES)}.")
    return code


def _known_regime(code: str) -> str:
    if code not in calendar.REGIMES:
        raise ValueError(f"« {code} » est inconnu. Choisir : {', '.join(calendar.REGIMES)}.")
    return code


Text = Annotated[str, StringConstraints(min_length=1)]
Id = Annotated[str, StringConstraints(pattern=ID)]
Insee = Annotated[str, StringConstraints(pattern=INSEE)]
Commune = Annotated[Insee, AfterValidator(_known_commune)]
Area = Annotated[str, AfterValidator(_known_area)]
MissionLocale = Annotated[str, AfterValidator(_known_mission_locale)]
Regime = Annotated[str, AfterValidator(_known_regime)]
Siren = Annotated[str, StringConstraints(pattern=SIREN)]
ReasonId = Annotated[str, StringConstraints(pattern=REASON)]
Phone = Annotated[str, StringConstraints(pattern=PHONE)]
StartCode = Annotated[str, StringConstraints(pattern=START_CODE)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Clock = Annotated[time, BeforeValidator(_clock)]
Span = Annotated[tuple[time, time], BeforeValidator(_span)]
Weekdays = Annotated[tuple[int, ...], BeforeValidator(_weekdays)]
Windows = Annotated[tuple[Window, ...], BeforeValidator(_weekly_windows)]
Sessions = Annotated[tuple[tuple[datetime, datetime], ...], BeforeValidator(_sessions)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, str_strip_whitespace=True)


class Validation(_Model):
    """Who validated the texts of the safety protocol, and when."""

    by: Text
    on: date


class Retention(_Model):
    """How long things are kept: days for the messages, months after the last contact for the rest."""

    messages_days: int = Field(90, ge=1, le=365)
    people_months: int = Field(24, ge=1, le=24)
    alerts_months: int | None = Field(None, ge=1)


class Identity(_Model):
    """Who the territory is, and what its structures have settled."""

    id: Id
    name: Text
    mission_locales: tuple[MissionLocale, ...] = Field(min_length=1)
    holidays: Regime | None = None
    fictional: YesNo = False
    dpo_contact: Text | None = None
    legal_basis: Text | None = None
    on_call_decision: Text | None = None
    texts_validated: Validation | None = None
    helplines_checked_on: date | None = None
    retention: Retention = Retention()


class Structure(_Model):
    """A Mission Locale, or an association that works with it; `short_name` signs its advisers' messages.

    `mission_locale` is the one it is, or works for; none when it works for the whole territory.
    """

    id: Id
    name: Text
    short_name: Text
    kind: StructureKind
    mission_locale: MissionLocale | None = None
    phone: Phone | None = None
    site: Text | None = None
    verified_on: date | None = None
    fictional: YesNo = False


class Adviser(_Model):
    """Someone who answers, by first name; neither presence nor on-call hours hold on a public holiday."""

    id: Id
    first_name: Text
    structure: Id
    role: Role = Role.ADVISER
    presence: Windows = ()
    on_call: Windows = ()
    fictional: YesNo = False


class Place(_Model):
    """Where a young person is received; `serves` lists communes (INSEE) and intercommunalités (SIREN).

    `accessible` is for a wheelchair; `holidays` the public holidays, where they are not the territory's.
    """

    id: Id
    structure: Id
    name: Text
    commune: Commune
    address: Text | None = None
    kind: PlaceKind
    accessible: YesNo | None = None
    sign_language: YesNo | None = None
    calm: YesNo | None = None
    holidays: Regime | None = None
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    verified_on: date | None = None
    fictional: YesNo = False
    serves: tuple[Area, ...] = ()


class Reason(_Model):
    """What an appointment is for, in a structure (motif): its length, its notices, who may book it."""

    structure: Id
    id: ReasonId
    name: Annotated[str, StringConstraints(min_length=1, max_length=26)]
    minutes: int | None = Field(None, ge=SLICE_MINUTES, le=480, multiple_of=SLICE_MINUTES)
    modes: tuple[Mode, ...] = ()
    shortest_notice_minutes: int = Field(SHORTEST_NOTICE_MINUTES, ge=0)
    longest_notice_days: int = Field(LONGEST_NOTICE_DAYS, ge=1, le=366)
    change_notice_minutes: int = Field(CHANGE_NOTICE_MINUTES, ge=0)
    bookable_by: tuple[BookableBy, ...] = Field(tuple(BookableBy), min_length=1)
    documents: tuple[Text, ...] = ()


class Opening(_Model):
    """Hours at a place that can be booked: some days every week or every n weeks, of each month, or given dates.

    With no `adviser`, whoever of the structure is there receives, `seats` at a time; with a `second_adviser`, both
    receive together. `nth` is the rank in the
    month, -1 for the last. `reasons` empty: whatever the reason.
    """

    place: Id
    adviser: Id | None = None
    second_adviser: Id | None = None
    weekly: Weekdays = ()
    every_weeks: int = Field(1, ge=1, le=8)
    nth: int | None = Field(None, ge=LAST_OF_MONTH, le=4)
    dates: tuple[date, ...] = ()
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    pause: Span | None = Field(None, alias="break")
    slot_minutes: int = Field(30, ge=SLICE_MINUTES, le=480, multiple_of=SLICE_MINUTES)
    seats: int = Field(1, ge=1, le=50)
    modes: tuple[Mode, ...] = Field((Mode.ON_SITE,), min_length=1)
    reasons: tuple[ReasonId, ...] = ()
    label: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    first_date: date | None = None
    last_date: date | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if bool(self.weekly) == bool(self.dates):
            raise ValueError("Il faut « weekly » ou « dates », l'un des deux.")
        if self.start >= self.end:
            raise ValueError("La fin vient avant le début.")
        if self.second_adviser and self.adviser in (None, self.second_adviser):
            raise ValueError("« second_adviser » demande « adviser », quelqu'un d'autre.")
        if self.pause and not self.start < self.pause[0] < self.pause[1] < self.end:
            raise ValueError("La pause doit tenir entre le début et la fin.")
        if any(clock.minute % SLICE_MINUTES for clock in (self.start, self.end, *(self.pause or ()))):
            raise ValueError("Les heures vont de cinq minutes en cinq minutes.")
        if max(end - start for start, end in self.patterns[0].spans) < self.slot_minutes:
            raise ValueError(f"Un rendez-vous de {self.slot_minutes} minutes n'y tient pas.")
        return self._repeats_well()

    def _repeats_well(self) -> Self:
        if self.dates and (self.first_date or self.last_date or self.every_weeks > 1 or self.nth):
            raise ValueError("« first_date », « last_date », « every_weeks » et « nth » vont avec « weekly ».")
        if self.first_date and self.last_date and self.first_date > self.last_date:
            raise ValueError("« last_date » vient avant « first_date ».")
        if self.every_weeks > 1 and not self.first_date:
            raise ValueError("« every_weeks » demande « first_date », d'où les semaines se comptent.")
        if self.nth == 0 or (self.nth and self.every_weeks > 1):
            raise ValueError("« nth » va de 1 à 4, ou -1 pour le dernier du mois, sans « every_weeks ».")
        return self

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """One for each weekday or date."""
        days = [*((day, None) for day in self.weekly), *((None, day) for day in self.dates)]
        return tuple(
            Pattern(
                minutes_of(self.start),
                minutes_of(self.end),
                weekday,
                on_date,
                self.first_date,
                self.last_date,
                self.every_weeks,
                self.nth,
                minutes_of(self.pause[0]) if self.pause else None,
                minutes_of(self.pause[1]) if self.pause else None,
            )
            for weekday, on_date in days
        )

    def holds_on(self, day: date) -> bool:
        """Whether it takes place on `day`, closures and holidays aside."""
        return any(pattern.holds_on(day) for pattern in self.patterns)


class ClosedPeriod(_Model):
    """Days, both included, when a structure, a place or an adviser receives no one.

    With `weekly`, only those days of each week; with `hours`, only between them.
    """

    structure: Id | None = None
    place: Id | None = None
    adviser: Id | None = None
    start: date = Field(alias="from")
    end: date = Field(alias="to")
    weekly: Weekdays = ()
    hours: Span | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if sum(who is not None for who in (self.structure, self.place, self.adviser)) != 1:
            raise ValueError("Il faut « structure », « place » ou « adviser », un seul des trois.")
        if self.start > self.end or (self.hours and self.hours[0] >= self.hours[1]):
            raise ValueError("La fin vient avant le début.")
        return self


class Workshop(_Model):
    """What is done in a group: an *atelier*, or a *chantier jeunes* over several half-days.

    One registration is for all of its `sessions`. `minor_papers` are what someone under 18 must show on the spot.
    """

    id: Id
    structure: Id
    place: Id
    title: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    kind: WorkshopKind = WorkshopKind.ATELIER
    sessions: Sessions
    seats: int = Field(ge=1, le=200)
    reason: ReasonId | None = None
    documents: tuple[Text, ...] = ()
    minor_papers: tuple[Text, ...] = ()
    pickup: Text | None = None
    pickup_at: Clock | None = None
    fictional: YesNo = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.pickup is None) != (self.pickup_at is None):
            raise ValueError("« pickup » (le lieu) et « pickup_at » (l'heure) vont ensemble.")
        return self


class Source(_Model):
    """What brought a young person: the code behind `t.me/bot?start=`."""

    code: StartCode
    label: Text
    kind: SourceKind
    structure: Id | None = None
    commune: Commune | None = None


class Goal(_Model):
    """What a funder expects: `target` young people at `step` between two dates, both included."""

    id: Id
    label: Text
    step: Step
    target: int = Field(ge=1)
    start: date = Field(alias="from")
    end: date = Field(alias="to")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.start > self.end:
            raise ValueError("La fin vient avant le début.")
        return self


class Neighbour(_Model):
    """Who receives those who live outside the territory; `source` says where we read it."""

    name: Text
    phone: Phone | None = None
    communes: tuple[Insee, ...] = ()
    epci: tuple[Siren, ...] = ()
    source: Text
    verified_on: date | None = None


class Territory(_Model):
    """All that one YAML file says."""

    territory: Identity
    structures: tuple[Structure, ...] = Field(min_length=1)
    advisers: tuple[Adviser, ...] = ()
    places: tuple[Place, ...] = ()
    reasons: tuple[Reason, ...] = ()
    openings: tuple[Opening, ...] = ()
    closures: tuple[ClosedPeriod, ...] = ()
    workshops: tuple[Workshop, ...] = ()
    sources: tuple[Source, ...] = ()
    goals: tuple[Goal, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    bring: tuple[Text, ...] = ()  # documents for a first appointment, as in "ta carte d'identité"


@dataclass(frozen=True, order=True)
class Mistake:
    """A mistake in a territory file: its line (0 for the whole file) and a French sentence."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"ligne {self.line} : {self.sentence}" if self.line else self.sentence


class TerritoryErrors(ValueError):
    """The territory file cannot be used; `mistakes` lists everything wrong in it, by line."""

    def __init__(self, path: Path, mistakes: Iterable[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join([f"{path.name} ne peut pas être lu.", *map(str, self.mistakes)]))


def read(path: Path) -> Territory:
    """The territory that the file describes.

    Raises:
        TerritoryErrors: with every mistake and its line.
    """
    tree = _parse(path)
    document = _Document()
    data = document.plain(tree, ())
    if not isinstance(data, dict):
        raise TerritoryErrors(path, [Mistake(1, "Il faut des rubriques : territory, structures, places…")])
    territory = None
    try:
        territory = Territory.model_validate(data)
    except ValidationError as invalid:
        for error in invalid.errors():
            if error["type"] == "too_short" and error["input"]:
                continue  # its wrong elements are listed one by one
            document.blame(error["loc"], _sentence(error))
    _check_together(data, document)
    if document.mistakes or territory is None:
        raise TerritoryErrors(path, document.mistakes)
    return territory


def production_refusals(territory: Territory, today: date) -> list[str]:
    """Why this territory may not serve real young people yet, one French sentence each; empty when it may."""
    who = territory.territory
    reasons = []
    if who.fictional:
        reasons.append(f"Le territoire « {who.name} » est fictif.")
    reasons += [f"La structure « {s.name} » est fictive." for s in territory.structures if s.fictional]
    reasons += [f"Le lieu « {p.id} » est fictif." for p in territory.places if p.fictional]
    reasons += [f"« {a.first_name} » est une personne fictive." for a in territory.advisers if a.fictional]
    reasons += [f"L'atelier « {w.title} » est fictif." for w in territory.workshops if w.fictional]
    reasons += [
        f"L'adresse et les horaires du lieu « {place.id} » n'ont pas été vérifiés."
        for place in territory.places
        if not _is_past(place.verified_on, today)
    ]
    shown: tuple[Structure | Neighbour, ...] = (*territory.structures, *territory.neighbours)
    reasons += [
        f"Le téléphone de « {one.name} » n'a pas été vérifié."
        for one in shown
        if one.phone and not _is_past(one.verified_on, today)
    ]
    if not any(adviser.presence for adviser in territory.advisers):
        reasons.append("Aucun horaire de présence : personne ne lirait les messages.")
    if not who.dpo_contact:
        reasons.append("Le contact du délégué à la protection des données manque.")
    if not who.legal_basis:
        reasons.append("La base légale du traitement n'est pas choisie.")
    if not who.retention.alerts_months:
        reasons.append("La durée de conservation des alertes n'est pas fixée.")
    if not who.on_call_decision:
        reasons.append("La structure n'a pas décidé qui reçoit les alertes hors horaires.")
    if who.texts_validated is None or not _is_past(who.texts_validated.on, today):
        reasons.append("Aucun psychologue n'a validé les textes montrés quand quelqu'un va mal.")
    checked = who.helplines_checked_on
    if checked is None or not _is_past(checked, today):
        reasons.append("Les numéros d'aide n'ont pas été vérifiés.")
    elif today - checked > HELPLINES_GOOD_FOR:
        reasons.append(f"Les numéros d'aide ont été vérifiés il y a plus de six mois, le {checked:%d/%m/%Y}.")
    return reasons


def _is_past(day: date | None, today: date) -> bool:
    return day is not None and day <= today


# --- Reading the YAML, with the line of everything ---

Location = tuple[str | int, ...]


class _Document:
    """The plain data of a YAML tree, the line of each of its parts, and the mistakes found so far."""

    def __init__(self) -> None:
        self.lines: dict[Location, int] = {}
        self.names: dict[Location, str] = {}
        self.mistakes: list[Mistake] = []

    def plain(self, node: Node | None, at: Location) -> Any:
        """The node as dicts, lists and strings: nothing is guessed, "0382828515" keeps its zero.

        What is left empty is dropped, as if it were not written.
        """
        if isinstance(node, MappingNode):
            return self._mapping(node, at)
        if isinstance(node, SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                self.lines[*at, index] = item.start_mark.line + 1
                items.append(self.plain(item, (*at, index)))
            return items
        if isinstance(node, ScalarNode) and node.tag != "tag:yaml.org,2002:null":
            return str(node.value)
        return None

    def _mapping(self, node: MappingNode, at: Location) -> dict[str, Any]:
        self.lines.setdefault(at, node.start_mark.line + 1)
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if (*at, key) in self.lines:
                first = self.lines[*at, key]
                self.mistakes.append(Mistake(line, f"« {key} » est écrit deux fois (déjà ligne {first})."))
                continue
            self.lines[*at, key] = line
            value = self.plain(value_node, (*at, key))
            if value is not None:
                data[key] = value
        name = data.get("id") or data.get("code") or data.get("name")
        if isinstance(name, str):
            self.names[at] = name
        return data

    def line(self, at: Location) -> int:
        """The line of this part, or of the nearest thing around it."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def blame(self, at: Location, sentence: str) -> None:
        """Add a mistake about this part, saying which element it is in."""
        within = next((self.names[at[:n]] for n in range(len(at), 1, -1) if at[:n] in self.names), None)
        where = " › ".join(str(part) for part in (at[:1] if within is None else (at[0], within)))
        self.mistakes.append(Mistake(self.line(at), f"{where} : {sentence}" if where else sentence))


def _parse(path: Path) -> Node | None:
    try:
        return YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
    except OSError:
        raise TerritoryErrors(path, [Mistake(0, f"Le fichier {path} est introuvable ou interdit.")]) from None
    except UnicodeDecodeError:
        raise TerritoryErrors(path, [Mistake(0, "Le fichier n'est pas enregistré en UTF-8.")]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TerritoryErrors(path, [Mistake(mark.line + 1 if mark else 0, _unreadable(error))]) from None
    except YAMLError as error:
        line = path.read_text(encoding="utf-8")[: getattr(error, "position", 0)].count("\n") + 1
        raise TerritoryErrors(path, [Mistake(line, "Un caractère invisible empêche de lire le fichier.")]) from None


def _unreadable(error: MarkedYAMLError) -> str:
    if "\\t" in str(error.problem):
        return "Il y a une tabulation : décaler avec des espaces."
    return "Le fichier n'est plus lisible : un décalage, un « : » ou un guillemet manque, ici ou juste avant."


# --- Saying in French what pydantic found ---

SENTENCES: dict[str, Callable[[Any, dict[str, Any]], str]] = {
    "enum": lambda value, ctx: f"« {value} » n'est pas possible. Choisir : {_choices(ctx['expected'])}.",
    "string_type": lambda value, ctx: "Il faut un texte.",
    "string_too_short": lambda value, ctx: "Le texte est vide.",
    "string_pattern_mismatch": lambda value, ctx: f"« {value} » ne convient pas : il faut {EXPECTED[ctx['pattern']]}.",
    "int_parsing": lambda value, ctx: f"« {value} » n'est pas un nombre entier.",
    "greater_than_equal": lambda value, ctx: f"{value} est trop petit : au moins {ctx['ge']}.",
    "less_than_equal": lambda value, ctx: f"{value} est trop grand : au plus {ctx['le']}.",
    "multiple_of": lambda value, ctx: f"{value} n'est pas un multiple de {ctx['multiple_of']}.",
    "too_short": lambda value, ctx: "La liste est vide.",
    "tuple_type": lambda value, ctx: NOT_A_LIST,
    "model_type": lambda value, ctx: "Il faut des champs, un par ligne, sous la forme « champ : valeur ».",
    "value_error": lambda value, ctx: str(ctx["error"]),
}


def _choices(expected: str) -> str:
    """The values of an enumeration, from pydantic's "'a', 'b' or 'c'"."""
    return expected.replace("'", "").replace(" or ", ", ")


def _sentence(error: Any) -> str:
    kind, value, field = error["type"], error["input"], error["loc"][-1]
    if kind == "missing":
        return f"Il manque « {field} »."
    if kind == "extra_forbidden":
        return f"« {field} » n'est pas un champ connu.{_did_you_mean(str(field))}"
    if kind.startswith("date_"):
        return f"« {field} » : « {value} » n'est pas une date, écrire par exemple 2027-03-25."
    say = SENTENCES.get(kind)
    said = say(value, error.get("ctx", {})) if say else f"« {value} » ne convient pas."
    return f"« {field} » : {said}" if isinstance(field, str) and kind != "value_error" else said


def _did_you_mean(field: str) -> str:
    models: tuple[type[_Model], ...] = (Territory, Identity, Retention, Validation, *SECTIONS.values())
    known = {info.alias or name for model in models for name, info in model.model_fields.items()}
    close = get_close_matches(field, known, n=1)
    return f" Peut-être « {close[0]} » ?" if close else ""


# --- What only shows when the parts are looked at together ---

SECTIONS: dict[str, type[_Model]] = {
    "structures": Structure,
    "advisers": Adviser,
    "places": Place,
    "reasons": Reason,
    "openings": Opening,
    "closures": ClosedPeriod,
    "workshops": Workshop,
    "sources": Source,
    "goals": Goal,
    "neighbours": Neighbour,
}
IDENTIFIERS = {
    "structures": "id",
    "advisers": "id",
    "places": "id",
    "workshops": "id",
    "goals": "id",
    "sources": "code",
}
REFERENCES = {
    ("advisers", "structure"): "structures",
    ("places", "structure"): "structures",
    ("reasons", "structure"): "structures",
    ("openings", "place"): "places",
    ("openings", "adviser"): "advisers",
    ("openings", "second_adviser"): "advisers",
    ("sources", "structure"): "structures",
    ("workshops", "structure"): "structures",
    ("workshops", "place"): "places",
    ("closures", "structure"): "structures",
    ("closures", "place"): "places",
    ("closures", "adviser"): "advisers",
}


def _check_together(data: dict[str, Any], document: _Document) -> None:
    """Look at identifiers, references and hours across sections, even when some parts are wrong."""
    items = {
        (section, index): item
        for section in SECTIONS
        if isinstance(data.get(section), list)
        for index, item in enumerate(data[section])
        if isinstance(item, dict)
    }
    known = _check_identifiers(items, document)
    _check_references(items, known, document)
    _check_bus(items, document)
    _check_reasons(items, document)
    _check_overlaps(items, document)


Items = dict[tuple[str, int], dict[str, Any]]


def _check_identifiers(items: Items, document: _Document) -> dict[str, dict[str, int]]:
    known: dict[str, dict[str, int]] = {section: {} for section in SECTIONS}
    for (section, index), item in items.items():
        field = IDENTIFIERS.get(section)
        name = item.get(field) if field else None
        if not field or not isinstance(name, str):
            continue
        line = document.line((section, index, field))
        if name in known[section]:
            document.blame((section, index, field), f"« {name} » est déjà pris, ligne {known[section][name]}.")
        known[section].setdefault(name, line)
    return known


def _check_references(items: Items, known: dict[str, dict[str, int]], document: _Document) -> None:
    for (section, index), item in items.items():
        for field, value in item.items():
            target = REFERENCES.get((section, field))
            if target and isinstance(value, str) and value not in known[target]:
                close = get_close_matches(value, known[target], n=1)
                hint = f" Peut-être « {close[0]} » ?" if close else ""
                document.blame((section, index, field), f"« {value} » n'existe pas dans « {target} ».{hint}")


def _check_bus(items: Items, document: _Document) -> None:
    """A stop of the bus is given by its dates: each passage may be late, move or be cancelled by itself."""
    mobile = {item.get("id") for (section, _), item in items.items() if section == "places" and _is_mobile(item)}
    for (section, index), item in items.items():
        if section == "openings" and item.get("place") in mobile and not item.get("dates"):
            document.blame((section, index, "place"), "« weekly » : un arrêt du bus s'écrit avec « dates ».")


def _is_mobile(place: dict[str, Any]) -> bool:
    return place.get("kind") == PlaceKind.MOBILE_STOP.value


def _check_reasons(items: Items, document: _Document) -> None:
    """A reason is named once in a structure; an opening speaks of those of its place's structure."""
    named: dict[tuple[Any, Any], int] = {}
    for (section, index), item in items.items():
        if section == "reasons":
            key = (item.get("structure"), item.get("id"))
            line = document.line((section, index))
            if key in named:
                document.blame((section, index, "id"), f"« {key[1]} » est déjà pris, ligne {named[key]}.")
            named.setdefault(key, line)
    structures = {item.get("id"): item.get("structure") for (section, _), item in items.items() if section == "places"}
    for (section, index), item in items.items():
        if section != "openings" or not isinstance(item.get("reasons"), list):
            continue
        structure = structures.get(item.get("place"))
        for reason in item["reasons"]:
            if reason != FIRST_MEETING and (structure, reason) not in named:
                document.blame((section, index, "reasons"), f"« {reason} » n'est pas un motif de « {structure} ».")


def _check_overlaps(items: Items, document: _Document) -> None:
    openings: list[tuple[int, Opening]] = []
    for (section, index), item in items.items():
        if section == "openings":
            try:
                openings.append((index, Opening.model_validate(item)))
            except ValidationError:
                continue  # said already, field by field
    for (first, one), (second, other) in combinations(openings, 2):
        if one.adviser is None or one.adviser != other.adviser:
            continue
        if not _share_hours(one, other):
            continue
        day = _common_day(one, other)
        if day:
            line = document.line(("openings", first))
            document.blame(("openings", second), f"« {one.adviser} » a déjà une ouverture {day}, ligne {line}.")


def _share_hours(one: Opening, other: Opening) -> bool:
    return any(
        start < other_end and other_start < end
        for start, end in one.patterns[0].spans
        for other_start, other_end in other.patterns[0].spans
    )


def _common_day(one: Opening, other: Opening) -> str | None:
    """A day when both openings hold, in French, or None. Those that repeat are compared over a year."""
    for day in (*one.dates, *other.dates):
        if one.holds_on(day) and other.holds_on(day):
            return f"le {day:%d/%m/%Y}"
    if one.dates or other.dates:
        return None
    first = max(one.first_date or SOME_MONDAY, other.first_date or SOME_MONDAY)
    last = min(one.last_date or date.max, other.last_date or date.max, first + timedelta(days=366))
    shared = [day for day in _days(one, first, last) if other.holds_on(day)]
    if not shared:
        return None
    every_week = one.every_weeks == other.every_weeks == 1 and not one.nth and not other.nth
    return f"le {calendar.DAYS[shared[0].weekday()]}" if every_week else f"le {shared[0]:%d/%m/%Y}"


def _days(opening: Opening, first: date, last: date) -> list[date]:
    return sorted(day for pattern in opening.patterns for day in pattern.days(first, last))

"""What a territory sets up: its structures, advisers, places, openings, workshops, sources.

It is written in a file (territory_file.py). `production_refusals` says what a structure must still settle before real
young people write.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from bot.domain import calendar, communes
from bot.domain.appointments import Mode
from bot.domain.openings import LAST_OF_MONTH, SLICE_MINUTES, Pattern
from bot.domain.reasons import CHANGE_NOTICE_MINUTES, LONGEST_NOTICE_DAYS, SHORTEST_NOTICE_MINUTES, BookableBy
from bot.domain.team import Role
from bot.domain.workshops import WorkshopKind
from bot.domain.written_hours import Clock, Sessions, Span, Weekdays, Windows, minutes_of

HELPLINES_GOOD_FOR = timedelta(days=183)


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


def _yes_or_no(value: Any) -> bool:
    answers = {"oui": True, "true": True, "non": False, "false": False}
    if isinstance(value, str) and value.lower() in answers:
        return answers[value.lower()]
    raise ValueError(f"« {value} » : écrire oui ou non.")


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


class Part(BaseModel):
    """A part of what a territory sets up: no field that is not known, nothing changed once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, str_strip_whitespace=True)


class Validation(Part):
    """Who validated the texts of the safety protocol, and when."""

    by: Text
    on: date


class Retention(Part):
    """How long things are kept: days for the messages, months after the last contact for the rest."""

    messages_days: int = Field(90, ge=1, le=365)
    people_months: int = Field(24, ge=1, le=24)
    alerts_months: int | None = Field(None, ge=1)


class Identity(Part):
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


class Structure(Part):
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


class Adviser(Part):
    """Someone who answers, by first name; neither presence nor on-call hours hold on a public holiday."""

    id: Id
    first_name: Text
    structure: Id
    role: Role = Role.ADVISER
    presence: Windows = ()
    on_call: Windows = ()
    fictional: YesNo = False


class Place(Part):
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


class Reason(Part):
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


class Opening(Part):
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


class ClosedPeriod(Part):
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


class Workshop(Part):
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


class Source(Part):
    """What brought a young person: the code behind `t.me/bot?start=`."""

    code: StartCode
    label: Text
    kind: SourceKind
    structure: Id | None = None
    commune: Commune | None = None


class Goal(Part):
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


class Neighbour(Part):
    """Who receives those who live outside the territory; `source` says where we read it."""

    name: Text
    phone: Phone | None = None
    communes: tuple[Insee, ...] = ()
    epci: tuple[Siren, ...] = ()
    source: Text
    verified_on: date | None = None


class Territory(Part):
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

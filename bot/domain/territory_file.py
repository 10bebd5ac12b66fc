"""A territory's YAML file, read whole or refused.

It is written by people who do not code: `read` lists every mistake at once, each with its line and a French sentence.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.domain import calendar
from bot.domain.reasons import FIRST_MEETING
from bot.domain.territory import (
    EXPECTED,
    Adviser,
    ClosedPeriod,
    Goal,
    Identity,
    Neighbour,
    Opening,
    Part,
    Place,
    PlaceKind,
    Reason,
    Retention,
    Source,
    Structure,
    Territory,
    Validation,
    Workshop,
)
from bot.domain.written_hours import NOT_A_LIST

SOME_MONDAY = date(2026, 1, 5)


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


# ── Reading the YAML, with the line of everything ────────────────────────────────────────────


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
        root: Node | None = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
        return root
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


# ── Saying in French what pydantic found ─────────────────────────────────────────────────────


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
    models: tuple[type[Part], ...] = (Territory, Identity, Retention, Validation, *SECTIONS.values())
    known = {info.alias or name for model in models for name, info in model.model_fields.items()}
    close = get_close_matches(field, known, n=1)
    return f" Peut-être « {close[0]} » ?" if close else ""


# ── What only shows when the parts are looked at together ────────────────────────────────────


SECTIONS: dict[str, type[Part]] = {
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

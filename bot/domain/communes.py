"""The communes of the territories, and how to find one in a message as young people write it.

A name is compared in its folded form (no capitals, accents or hyphens; "st" is "saint"), whole or short
("revigny" for Revigny-sur-Ornain): exactly, by its sound, then by edit distance. What is also an ordinary
word ("bar", "étain", "thil") counts only where a place is expected ("jhabite a bar"), or, for a town, as a
bare answer.

Tables in `data/`: `communes.csv`, the 618 communes, written by tools/communes.py; `neighbours.csv`, towns
outside and who receives there, when a source says so; `commune_names.csv`, everyday names;
`ordinary_words.txt`, French that looks like a commune, written by tools/ordinary_words.py.
"""

import csv
import math
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from nlu.langue import fold

DATA = Path(__file__).parent / "data"

MISSION_LOCALES = {
    "ml-nord-mosellan": "Mission Locale du Nord Mosellan",
    "ml-nord-meusien": "Mission Locale du Nord Meusien",
    "ml-sud-meusien": "Mission Locale du Sud Meusien",
}


@dataclass(frozen=True)
class Commune:
    """A commune: `epci` is the SIREN of its intercommunalité, `mission_locale` the id of who receives there.

    A town outside the territories has neither, and no INSEE code when it is abroad.
    """

    insee: str
    name: str
    postcodes: tuple[str, ...]
    epci: str
    department: str
    mission_locale: str


@dataclass(frozen=True)
class Mention:
    """A piece of a message that names a commune; `score` goes from 0 to 1."""

    text: str
    commune: Commune
    score: float


def by_insee(code: str) -> Commune:
    """The commune with this INSEE code, in the territories or among the towns around.

    Raises:
        KeyError: no such commune.
    """
    return _gazetteer().by_insee[code]


def insee_codes() -> frozenset[str]:
    """The INSEE codes of the territories' 618 communes."""
    gazetteer = _gazetteer()
    return frozenset(code for code, commune in gazetteer.by_insee.items() if commune.mission_locale)


def epci_codes() -> frozenset[str]:
    """The SIREN of the territories' intercommunalités."""
    return frozenset(by_insee(code).epci for code in insee_codes())


def who_receives(commune: Commune) -> str | None:
    """The name of the Mission Locale that receives there; None when no source says it."""
    return MISSION_LOCALES.get(commune.mission_locale) or _gazetteer().receives.get(commune.name)


def known_names() -> frozenset[str]:
    """Every name compared with a message, in folded letters without spaces."""
    return frozenset(_gazetteer().exact)


def find(text: str, within: Collection[str] | None = None) -> tuple[Mention, ...]:
    """The communes that `text` names, best first; several close for one piece of text when it is ambiguous.

    When the question was where someone lives, give `f"à {answer}"`: a bare "bonnet" is then the village.
    `within` keeps the communes of these Missions Locales; without it the towns around are found too, so that
    someone from Metz is not taken for someone from Metzervisse.
    """
    gazetteer = _gazetteer()
    tokens = _tokens(text)
    named = _without_overlaps(_candidates(tokens, gazetteer))
    mentions = [
        Mention(text[tokens[c.first].start : tokens[c.last].end], gazetteer.communes[i], round(score, 3))
        for c in named
        for i, score in c.communes
    ]
    mentions = _with_postcodes(text, mentions, gazetteer)
    mentions.sort(key=lambda mention: (-mention.score, -gazetteer.population[mention.commune.name]))
    return tuple(m for m in mentions if within is None or m.commune.mission_locale in within)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# --- The gazetteer: every way a commune is named ---

EXACT, FORMER, SHORT, SHARED = 1.0, 0.96, 0.97, 0.9
SOUND = 0.9
LEAST = 0.74
CLOSE = 0.04  # candidates this near the best of a piece of text are kept, as ambiguous
SHORTEST_GUESS = 5  # letters: below, only the exact name counts
TOWN = 3000  # residents
LONGEST_NAME = 7  # tokens, as in "saint remy la calonne"
JOINING = _set("sur sous en le la les l de du des d devant pres aux au et a")
ARTICLES = _set("le la les l")
QUALIFYING = _set("grand grande petit bas haut saint cote")
# Heads that never stand for the whole name.
NOT_A_NAME = _set("ville mont pont val basse haute saint sainte les le la l robert trois lion moselle meuse")


@dataclass(frozen=True)
class _Gazetteer:
    communes: tuple[Commune, ...]
    by_insee: dict[str, Commune]
    population: dict[str, int]
    receives: dict[str, str]
    by_postcode: dict[str, list[int]]
    exact: dict[str, dict[int, float]]  # compact name → commune → score
    by_sound: dict[str, list[str]]
    words: dict[str, int]  # compact name → how many words it is written with
    # Length and nothing → every name; length and first letter, h aside → the names in several words, which
    # are many to try at each place of a message.
    by_shape: dict[tuple[int, str], list[str]]
    ordinary: frozenset[str]
    ordinary_by_length: dict[int, list[str]]

    def residents(self, index: int) -> int:
        return self.population[self.communes[index].name]


@cache
def _gazetteer() -> _Gazetteer:
    communes: list[Commune] = []
    population: dict[str, int] = {}
    receives: dict[str, str] = {}
    names: list[tuple[int, str, float]] = []
    for row in _rows("communes.csv"):
        index = len(communes)
        communes.append(
            Commune(
                insee=row["insee"],
                name=row["name"],
                postcodes=tuple(row["postcodes"].split("|")),
                epci=row["epci"],
                department=row["department"],
                mission_locale=row["mission_locale"],
            )
        )
        population[row["name"]] = int(row["population"])
        names += [(index, name, score) for name, score in _ways_to_say(row["name"])]
        names += [(index, spaced(former), FORMER) for former in filter(None, row["former_names"].split("|"))]
    for row in _rows("neighbours.csv"):
        index = len(communes)
        communes.append(Commune(row["insee"], row["name"], (), "", row["insee"][:2], ""))
        population[row["name"]] = 0
        names += [(index, name, score) for name, score in _ways_to_say(row["name"])]
        if row["receives"]:
            receives[row["name"]] = row["receives"]
    index_of = {key: index for index, c in enumerate(communes) for key in (c.insee, c.name) if key}
    names += [(index_of[row["insee"]], row["name"], SHORT) for row in _rows("commune_names.csv")]
    exact = _score_names(names)
    by_sound: dict[str, list[str]] = {}
    words = {name.replace(" ", ""): len(name.split()) for _, name, _ in names}
    by_shape: dict[tuple[int, str], list[str]] = {}
    by_postcode: dict[str, list[int]] = {}
    for name in exact:
        by_shape.setdefault((len(name), ""), []).append(name)
        if words[name] > 1:
            for letter in _first_letters(name):
                by_shape.setdefault((len(name), letter), []).append(name)
        by_sound.setdefault(sound(name), []).append(name)
    for index, commune in enumerate(communes):
        for postcode in commune.postcodes:
            by_postcode.setdefault(postcode, []).append(index)
    ordinary = frozenset((DATA / "ordinary_words.txt").read_text(encoding="utf-8").split())
    ordinary_by_length: dict[int, list[str]] = {}
    for word in ordinary:
        ordinary_by_length.setdefault(len(word), []).append(word)
    # "La Saint-Jean" is a day, a school, a street.
    short_saints = {
        name.replace(" ", "")
        for _, name, score in names
        if score == SHORT and name.startswith("saint ") and name.count(" ") == 1
    }
    return _Gazetteer(
        communes=tuple(communes),
        by_insee={commune.insee: commune for commune in communes if commune.insee},
        population=population,
        receives=receives,
        by_postcode=by_postcode,
        exact=exact,
        by_sound=by_sound,
        words=words,
        by_shape=by_shape,
        ordinary=ordinary | short_saints,
        ordinary_by_length=ordinary_by_length,
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def spaced(name: str) -> str:
    """ "Érize-la-Brûlée" as "erize la brulee"."""
    return " ".join(token.word for token in _tokens(name))


def _ways_to_say(name: str) -> Iterator[tuple[str, float]]:
    """A name whole, without its article, and short: "audun le tiche", "audun"; "void vacon", "vacon"."""
    words = spaced(name).split()
    yield " ".join(words), EXACT
    if words[0] in ARTICLES:
        words = words[1:]
        yield " ".join(words), EXACT
    head = 2 if words[0] == "saint" else 1
    if len(words) <= head:
        return
    if words[head] in JOINING or words[head] in QUALIFYING:
        yield " ".join(words[:head]), SHORT
        yield " ".join(word for word in words if word not in JOINING), SHORT
    elif head == 1 and not JOINING.intersection(words):
        for word in words:
            yield word, SHORT


def _score_names(names: Iterable[tuple[int, str, float]]) -> dict[str, dict[int, float]]:
    exact: dict[str, dict[int, float]] = {}
    for index, name, score in names:
        compact = name.replace(" ", "")
        if score == SHORT and (compact in NOT_A_NAME or len(compact) < 3):
            continue
        scores = exact.setdefault(compact, {})
        scores[index] = max(score, scores.get(index, 0))
    for scores in exact.values():
        short = [index for index, score in scores.items() if score == SHORT]
        if len(scores) > 1:
            scores.update(dict.fromkeys(short, SHARED))
    return exact


def _first_letters(compact: str) -> set[str]:
    return {compact[0], compact.removeprefix("h")[:1]}


def sound(compact: str) -> str:
    """Roughly how a name sounds, so that "tionvil" is "thionville" and "ayenge" is "hayange"."""
    for pattern, sound in _SOUNDS:
        compact = pattern.sub(sound, compact)
    return compact


_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ph", "f"),
        (r"sch|sh|ch", "S"),
        (r"h", ""),
        (r"ck|cq|qu|q|c(?![eiy])", "k"),
        (r"c", "s"),
        (r"(.)\1+", r"\1"),
        (r"eau|au", "o"),
        (r"ai|ei|ey|ay", "e"),
        (r"(?:a|e)(?:n|m)(?![aeiouy])", "A"),
        (r"(?:e|y|i|u)(?:n|m)(?![aeiouy])", "I"),
        (r"w", "v"),
        (r"y", "i"),
        (r"oe|eu", "e"),
        (r"g(?=[ei])", "j"),
        (r"z", "s"),
        (r"(.)\1+", r"\1"),
        (r"(?<=.{3})[estdx]+$", ""),
    )
)


# --- Reading a message ---


@dataclass(frozen=True)
class _Token:
    word: str
    start: int
    end: int


@dataclass(frozen=True)
class _Candidate:
    """Tokens `first` to `last` that may name communes, each with its score; best first."""

    first: int
    last: int
    communes: tuple[tuple[int, float], ...]

    @property
    def weight(self) -> float:
        return self.communes[0][1] + 0.06 * (self.last - self.first)


SAINT = {"st": "saint", "ste": "saint", "sainte": "saint", "sr": "sur", "ss": "sous"}
# Just before a name: of no use alone, since "a" is also a verb and "de" is everywhere.
PREPOSITIONS = _set("a sur de d vers entre")
OPENING = _set("a sur vers")  # enough as the first word: "sur étain la semaine"
# In the few words before: the message speaks of a place.
ABOUT_A_PLACE = re.compile(
    r"j?h?abit\w*|j?h?suis|chu[ist]?|j?vi[st]|j?vien\w*|j?vi?ens|j?bouge\w*|j?dor[st]|j?log\w*|j?d[e]?menag\w*"
    r"|j?part\w*|pass\w*|arret\w*|va|j?vais|aller|trouve|rdv|rendez|perm\w*|bus|camion|loin|proche|pres|cote"
    r"|villes?|communes?|village|secteur|gare|mairie|quartier|coin|direction|mission|ml|antenne|lycee|cfa|foyer"
    r"|appart\w*|j?bosse\w*|j?travail\w*|nee?|origine|adresse|basee?"
)
NAMING = _set("habite jhabite abite jabite ville commune village mairie gare secteur direction quartier")
# What surrounds a bare answer: "euh a bar le duc", "cest stenay", "moi sur verdun".
FILLERS = _set(
    "a sur de d vers moi je j suis jsuis chui c cest est ben bah euh heu oui ouais mdr stp svp pres cote"
    " pas loin ville en habite jhabite plutot merci bonjour salut slt bjr cc wsh alors coup ici dans"
)
INSIDE = _set("dans ds en le la")
DEPARTMENT = re.compile(r"meuse|moselle|5[457](?:\d{3})?")
NOT_A_POSTCODE_AFTER = re.compile(r"\s*(?:€|e\b|eu\w*|balles|km|k\b|ha?b\w*)", re.IGNORECASE)


def _tokens(text: str) -> list[_Token]:
    tokens = []
    for match in re.finditer(r"[^\W_]+", text):
        word = fold(match[0].lower().replace("œ", "oe").replace("æ", "ae"))
        tokens.append(_Token(SAINT.get(word, word), match.start(), match.end()))
    return tokens


def _candidates(tokens: list[_Token], gazetteer: _Gazetteer) -> Iterator[_Candidate]:
    bare = _bare_span(tokens)
    for first in range(len(tokens)):
        cued = _is_cued(tokens, first)
        for last in range(first, min(first + LONGEST_NAME, len(tokens))):
            words = [token.word for token in tokens[first : last + 1]]
            located = cued or _is_beside_a_department(tokens, first, last)
            scores = _recognise(words, located, bare == (first, last), gazetteer)
            if scores:
                ranked = sorted(scores.items(), key=lambda item: -item[1])
                best = ranked[0][1]
                yield _Candidate(first, last, tuple(one for one in ranked if one[1] >= best - CLOSE))


def _bare_span(tokens: list[_Token]) -> tuple[int, int] | None:
    """The tokens of a message that is nothing but an answer, without what politely surrounds it."""
    kept = [n for n, token in enumerate(tokens) if token.word not in FILLERS and not token.word.isdigit()]
    return (kept[0], kept[-1]) if kept and len(tokens) <= 9 else None


def _is_cued(tokens: list[_Token], first: int) -> bool:
    """Whether the words just before speak of a place: "jhabite a", "le bus de", "pres de"."""
    before = [token.word for token in tokens[max(0, first - 5) : first]]
    if not before:
        return False
    if before[-1] in NAMING or (first == 1 and before[-1] in OPENING):
        return True
    return before[-1] in PREPOSITIONS and any(ABOUT_A_PLACE.fullmatch(word) for word in before[:-1])


def _is_beside_a_department(tokens: list[_Token], first: int, last: int) -> bool:
    """Whether the words beside place it: "bure dans la meuse", "thil 54", "55190 void"."""
    after = [token.word for token in tokens[last + 1 : last + 4]]
    while after and after[0] in INSIDE:
        after = after[1:]
    before = [token.word for token in tokens[max(0, first - 1) : first]]
    return any(DEPARTMENT.fullmatch(word) for word in before + after[:1])


def _recognise(words: list[str], located: bool, bare: bool, gazetteer: _Gazetteer) -> dict[int, float]:
    """The communes that these words, in a row, may name, each with its score.

    `located`: the words around speak of a place; `bare`: the message says nothing else.
    """
    compact = "".join(words)
    ordinary = compact in gazetteer.ordinary
    if compact in gazetteer.exact and _may_be(compact, len(words), gazetteer):
        scores = gazetteer.exact[compact]
        if not ordinary or located:
            return scores
        return {i: score for i, score in scores.items() if bare and gazetteer.residents(i) >= TOWN}
    if ordinary or len(compact) < SHORTEST_GUESS or not compact.isalpha() or words[-1] in JOINING:
        return {}
    if words[0] in JOINING and not ((located or bare) and words[0] in ARTICLES):
        return {}
    if not located and all(word in gazetteer.ordinary or word in JOINING for word in words):
        return {}
    return _guess(compact, len(words), located or bare, gazetteer)


def _guess(compact: str, width: int, expected: bool, gazetteer: _Gazetteer) -> dict[int, float]:
    """The communes whose name, of about `width` words, sounds like `compact` or is a few letters away."""
    likeness: dict[str, float] = {}
    limit = edits_allowed(len(compact), expected)
    lengths = range(len(compact) - limit, len(compact) + limit + 1) if limit else ()
    letters = _first_letters(compact) if width > 1 else {""}
    near = [n for length in lengths for letter in letters for n in gazetteer.by_shape.get((length, letter), ())]
    for name, distance, _ in process.extract_iter(compact, near, scorer=OSA.distance, score_cutoff=limit):
        if width > 1 or not _is_nearer_an_ordinary_word(compact, distance, gazetteer):
            likeness[name] = 0.98 - distance / max(len(name), len(compact))
    if expected or (width == 1 and len(compact) >= 7):
        for name in gazetteer.by_sound.get(sound(compact), ()):
            if abs(len(name) - len(compact)) <= 2:
                likeness[name] = max(SOUND - 0.01 * OSA.distance(compact, name), likeness.get(name, 0))
    scores: dict[int, float] = {}
    for name, like in likeness.items():
        if len(name) < SHORTEST_GUESS or width > gazetteer.words[name]:
            continue
        for index, score in gazetteer.exact[name].items():
            # Between two names as like, the town is likelier than the village: at most 0.03.
            crowd = 0.006 * math.log10(1 + gazetteer.residents(index))
            scores[index] = max(score * like + crowd, scores.get(index, 0))
    return {index: score for index, score in scores.items() if score >= LEAST}


def _is_nearer_an_ordinary_word(compact: str, distance: int, gazetteer: _Gazetteer) -> bool:
    """ "comerce" is one letter from "commerce" and two from Commercy."""
    closer = distance - 1
    lengths = range(len(compact) - closer, len(compact) + closer + 1)
    words = [word for length in lengths for word in gazetteer.ordinary_by_length.get(length, ())]
    return process.extractOne(compact, words, scorer=OSA.distance, score_cutoff=closer) is not None


def _may_be(name: str, width: int, gazetteer: _Gazetteer) -> bool:
    """Whether `width` words may be this name: written as one word, or with a word more or less.

    A name of one word is never two: "et on" is not Éton, "la vallée" is not Lavallée.
    """
    written = gazetteer.words[name]
    return width == 1 or (written > 1 and abs(width - written) <= 1)


def edits_allowed(length: int, cued: bool) -> int:
    """How many letters may be wrong: more in a long name, and where a place is expected."""
    if cued:
        return 1 if length < 7 else 2 if length < 11 else 3
    return 0 if length < 7 else 1 if length < 9 else 2


def _without_overlaps(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    kept: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -c.weight):
        if all(candidate.last < other.first or other.last < candidate.first for other in kept):
            kept.append(candidate)
    return kept


def _with_postcodes(text: str, mentions: list[Mention], gazetteer: _Gazetteer) -> list[Mention]:
    """Add what the postcodes say, or let them choose between the communes already named."""
    for match in re.finditer(r"(?<![\d.,])(5[457])\s?(\d{3})(?![\d])", text):
        indexes = gazetteer.by_postcode.get(match[1] + match[2], [])
        if NOT_A_POSTCODE_AFTER.match(text, match.end()) or not indexes:
            continue
        here = {gazetteer.communes[index] for index in indexes}
        agreed = [mention for mention in mentions if mention.commune in here]
        if agreed:
            wrong = {mention.text for mention in agreed}
            mentions = [m for m in mentions if m.text not in wrong or m in agreed]
        else:
            score = 1.0 if len(here) == 1 else 0.5
            mentions = mentions + [Mention(match[0], gazetteer.communes[i], score) for i in indexes]
    return mentions

"""Text-message French made readable, one character of output always traced back to the input.

`normalise` lowers, repairs apostrophes and spaces, shortens stretched letters, parts glued words
("jpeu" → "je peux"), and replaces abbreviations from `lexicon.tsv`. What is replaced is written with its
accents; everything else keeps the accents it was typed with. "œ" and "æ" become "oe" and "ae".

A form marked ambiguous in the lexicon ("cv", "ts", "jpp", "inch"…) is left exactly as typed: choosing for the
writer could hide a danger or invent a promise. Emoji become the name of the picture, never its meaning.

Standard library only: this package is the one piece the service and Rasa's environment both import.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["AMBIGUOUS", "Normalised", "fold", "normalise"]


@dataclass(frozen=True)
class Normalised:
    """A text and its readable form: `text[i]` comes from `raw[offsets[i]]`, offsets never go back."""

    raw: str
    text: str
    offsets: tuple[int, ...]


@dataclass(frozen=True)
class _Lexicon:
    anywhere: dict[str, str]
    after_je: dict[str, str]
    phrases: dict[str, list[tuple[str, str]]]  # by first word, longest first
    ambiguous: frozenset[str]


def _read_lexicon(path: Path) -> _Lexicon:
    anywhere: dict[str, str] = {}
    after_je: dict[str, str] = {}
    phrases: dict[str, list[tuple[str, str]]] = {}
    ambiguous: set[str] = set()
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        form, standard, after, is_ambiguous, _category = line.split("\t")
        if is_ambiguous:
            ambiguous.add(form)
        elif after == "je":
            after_je[form] = standard
        elif " " in form:
            phrases.setdefault(form.split(" ")[0], []).append((form, standard))
        else:
            anywhere[form] = standard
    for choices in phrases.values():
        choices.sort(key=lambda choice: -len(choice[0]))
    return _Lexicon(anywhere, after_je, phrases, frozenset(ambiguous))


_LEXICON = _read_lexicon(Path(__file__).with_name("lexicon.tsv"))

AMBIGUOUS: frozenset[str] = _LEXICON.ambiguous
"""Forms with several readings, never replaced."""

# The name of the picture; each name is written once a text, which bounds the length of the output.
_EMOJI = {
    "😂": "rire", "🤣": "rire", "😹": "rire", "😆": "rire", "😅": "rire",
    "😭": "larmes", "😢": "larmes", "🥲": "larmes", "😿": "larmes",
    "💀": "crâne", "☠": "crâne", "⚰": "crâne",
    "🔪": "couteau", "🗡": "couteau",
    "🩸": "sang", "💊": "pilule", "🔫": "arme",
    "❤": "coeur", "💔": "coeur brisé", "👍": "pouce", "🙏": "prière",
    "😡": "colère", "🤬": "colère", "😱": "peur", "😨": "peur",
}  # fmt: skip

_APOSTROPHES = frozenset("’‘ʼ`´′＇")
_SPELT_OUT = {"œ": "oe", "æ": "ae", "…": "..."}
_INVISIBLE = re.compile("[\u0000-\u0008\u000e-\u001f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufe0e\ufe0f\ufeff]")
_PICTURE = re.compile("[" + "".join(_EMOJI) + "]")
_SPACES = re.compile(r"\s\s+|[^\S ]|^\s|\s$")
_STRETCH = re.compile(r"([^\W\d_w])\1{2,}")
_VOWELS = "aeiouyàâäéèêëîïôöùûüÿ"
_DOUBLED = "cflmnprst"
_J = re.compile(r"(?<![\w'./@-])j(?:(?:'| |' )(?=\w)|(?=\w\w))")
_J_WORD = re.compile(r"\w+")
_CONSONANT = re.compile(r"[bcdfgklmnpqrstvwxzç0-9]")
_ANY_VOWEL = re.compile(f"[{_VOWELS}]")
# "j" glued to a verb that starts with a vowel: a closed list, for "jamais", "jeune" and "jardin" are words.
_J_VERB = re.compile(
    r"ai|arriv|attend|ador|appel|appren|avai|aurai|ach[eè]t|accept|[eé]cout|esp[eè]r|essa[iy]|[eé]tai(?!t)"
    r"|[eé]tudi|habi|h[eé]sit|oubli|os[ea]|ouvr|irai|entend|envo[iy]|exist|epous|épous|hais?$|abus|y$|en$|[eé]touf|abandon|arr[eê]t"
)
_WORD = r"(?P<word>(?<!\w)[@a]\+(?!\w)|(?<!\w)@\w+|\w+)"
_TOKEN = re.compile(_WORD)
_TOKEN_OR_ADDRESS = re.compile(  # web and mail addresses are left as they are
    r"(?P<address>https?://\S+|www\.\S+|[\w.+-]{1,64}@\w[\w-]*\.\w[\w.-]*)|" + _WORD
)
# "permis c", "bac g": a letter that is not a verb.
_BEFORE_A_LETTER = frozenset({"permis", "plan", "vitamine", "hépatite", "hepatite", "bac", "type", "j"})


def fold(text: str) -> str:
    """`text` without its accents, same length: for matching, never for showing."""
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFD", char)[0] for char in text)


def normalise(text: str) -> Normalised:
    """The readable form of `text`, idempotent, at most three times as long plus 64 characters."""
    traced = _Traced(*_lowered(text))
    named: set[str] = set()

    def picture(match: re.Match[str]) -> str:
        name = _EMOJI[match[0]]
        if name in named:
            return " "
        named.add(name)
        return f" {name} "

    traced.replace(_INVISIBLE, lambda match: "")
    traced.replace(_PICTURE, picture)
    traced.replace(_SPACES, _one_space)
    traced.replace(_STRETCH, _unstretched)
    traced.replace(_J, _parted_j)
    traced.rewrite(_standard_words(traced.text))
    return Normalised(text, traced.text, tuple(traced.origin))


@dataclass
class _Traced:
    """A text being rewritten, with the raw position each of its characters comes from."""

    text: str
    origin: list[int]

    def replace(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> None:
        if pattern.search(self.text):
            self.rewrite((match.start(), match.end(), by(match)) for match in pattern.finditer(self.text))

    def rewrite(self, edits: Iterable[tuple[int, int, str]]) -> None:
        pieces: list[str] = []
        origin: list[int] = []
        done = 0
        for start, end, new in edits:
            pieces += (self.text[done:start], new)
            origin += self.origin[done:start]
            width, size = end - start, len(new)
            origin += [self.origin[start + min(width - 1, i * width // size)] for i in range(size)]
            done = end
        pieces.append(self.text[done:])
        self.text, self.origin = "".join(pieces), origin + self.origin[done:]


def _lowered(raw: str) -> tuple[str, list[int]]:
    if raw.isascii():
        return raw.lower().replace("`", "'"), list(range(len(raw)))
    chars: list[str] = []
    origin: list[int] = []
    for i, char in enumerate(raw):
        if "\u0300" <= char <= "\u036f":  # an accent typed apart joins its letter, or is dropped
            composed = unicodedata.normalize("NFC", chars[-1] + char) if chars else ""
            if len(composed) == 1:
                chars[-1] = composed
            continue
        low = char.lower()[0] if char == "İ" else char.lower()
        for lowered in _SPELT_OUT.get(low, low):
            chars.append("'" if lowered in _APOSTROPHES else lowered)
            origin.append(i)
    return "".join(chars), origin


def _one_space(match: re.Match[str]) -> str:
    return "" if match.start() == 0 or match.end() == len(match.string) else " "


def _unstretched(run: re.Match[str]) -> str:
    """ "elllle" keeps two, "merciiii" one: French doubles few consonants, and between vowels."""
    before, after = run.string[run.start() - 1 : run.start()], run.string[run.end() : run.end() + 1]
    doubled = run[1] in _DOUBLED and before != "" and before in _VOWELS and after != "" and after in _VOWELS
    return run[1] * 2 if doubled else run[1]


def _parted_j(match: re.Match[str]) -> str:
    """ "jveux", "j veux", "j'veux" → "je veux"; "jai", "j ai" → "j'ai"; "jamais" stays."""
    follower = _J_WORD.match(match.string, match.end())
    rest = follower[0] if follower else ""
    if match[0] != "j":
        return "je " if _CONSONANT.match(rest) else "j'"
    if "j" + rest in _LEXICON.anywhere or "j" + rest in _LEXICON.ambiguous:
        return "j"
    if rest in _LEXICON.after_je or (_CONSONANT.match(rest) and _ANY_VOWEL.search(rest)):
        return "je "
    return "j'" if _J_VERB.match(rest) else "j"


def _standard_words(text: str) -> Iterator[tuple[int, int, str]]:
    pattern = _TOKEN_OR_ADDRESS if "@" in text or "://" in text or "www." in text else _TOKEN
    tokens = [match for match in pattern.finditer(text) if match.lastgroup == "word"]
    done = 0
    for i, token in enumerate(tokens):
        if token.start() < done:
            continue  # inside the phrase just replaced
        word, previous = token[0], ""
        if i and text[tokens[i - 1].end() : token.start()] == " ":
            previous = tokens[i - 1][0]
        before = text[token.start() - 1 : token.start()]
        if len(word) == 1 and (
            text[token.end() : token.end() + 1] in ("'", "-")
            or before in ("'", "-")
            or previous in _BEFORE_A_LETTER
            or previous.isdigit()
        ):
            continue
        for phrase, standard in _LEXICON.phrases.get(word, ()) if before != "'" else ():
            end = token.start() + len(phrase)
            if text.startswith(phrase, token.start()) and not text[end : end + 1].isalnum():
                yield token.start(), end, standard
                done = end
                break
        else:
            new = _LEXICON.after_je.get(word) if previous == "je" else None
            if new is None:
                new = _LEXICON.anywhere.get(word)
            if new is not None and previous != "j":
                yield token.start(), token.end(), new
                done = token.end()

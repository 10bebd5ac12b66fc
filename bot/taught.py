"""The sentences that structures teach the bot: var/structures/<id>/nlu/*.yml, in the format of data/nlu.

The console writes taught.yml; a structure may put other files beside it. `promeneurs train` reads them all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FILE = "taught.yml"
LEFT_OUT = "Ses phrases ne sont pas apprises."
HEAD = "# Écrit par la console : les phrases que la coordination a validées. À ne pas changer à la main.\n"


class TaughtUnreadable(Exception):
    """A file cannot be learnt from; the message is a sentence in French that says why."""


@dataclass(frozen=True)
class Lesson:
    """A sentence and its intent; `entities` are the passages that say a place or a moment, which no model learns."""

    intent: str
    sentence: str
    entities: dict[str, str] = field(default_factory=dict)


def folder(var: Path, structure_id: str) -> Path:
    return var / "structures" / structure_id / "nlu"


def files(var: Path) -> list[Path]:
    return sorted(var.glob("structures/*/nlu/*.yml"))


def write(var: Path, structure_id: str, lessons: Iterable[Lesson]) -> Path:
    """Write all the lessons of a structure at once: who reads finds the file before or after, never half of it."""
    by_intent: dict[str, list[dict[str, Any]]] = {}
    for lesson in lessons:
        example: dict[str, Any] = {"text": lesson.sentence}
        if lesson.entities:
            example["metadata"] = {"entities": lesson.entities}
        by_intent.setdefault(lesson.intent, []).append(example)
    blocks = [{"intent": intent, "examples": examples} for intent, examples in sorted(by_intent.items())]
    path = folder(var, structure_id) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as draft:
        draft.write(HEAD)
        yaml.safe_dump({"version": "3.1", "nlu": blocks}, draft, allow_unicode=True, sort_keys=False, width=120)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(path)
    return path


def read(file: Path, intents: Sequence[str]) -> list[Lesson]:
    """The lessons of a file, written by the console or as data/nlu is.

    Raises:
        TaughtUnreadable: it is not such a file, or names an intent that is not among `intents`.
    """
    try:
        blocks = yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
        found = [lesson for block in blocks for lesson in _lessons(block)]
    except OSError as error:
        raise TaughtUnreadable(f"{file} : ne s'ouvre pas ({error.strerror}). {LEFT_OUT}") from error
    except (yaml.YAMLError, UnicodeError, TypeError, KeyError, AttributeError) as error:
        raise TaughtUnreadable(
            f"{file} : n'est pas un fichier de phrases (« nlu », « intent », « examples »). {LEFT_OUT}"
        ) from error
    unknown = sorted({lesson.intent for lesson in found} - set(intents))
    if unknown:
        raise TaughtUnreadable(f"{file} : « {unknown[0]} » n'est pas un sens connu. {LEFT_OUT}")
    return found


def _lessons(block: dict[str, Any]) -> list[Lesson]:
    intent, examples = block["intent"], block["examples"]
    if isinstance(examples, str):
        lines = [line[2:].strip() for line in examples.splitlines() if line.startswith("- ")]
        return [Lesson(intent, line) for line in lines if line]
    return [
        Lesson(intent, str(one["text"]).strip(), (one.get("metadata") or {}).get("entities", {})) for one in examples
    ]

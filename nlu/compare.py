"""Ask two models the same sentences, and write on stdout, as JSON, what got better and what got worse.

`promeneurs train` calls it. On stdin: a JSON list of what was taught, each with its text and intent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from nlu.evaluate import Answers, ask_of, load, summary


def main(before: str, after: str, held_out: str) -> dict[str, Any]:
    taught = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        files = [held_out, *([_written(Path(folder), taught)] if taught else [])]
        asked = [asyncio.run(_ask(model, files)) for model in (before, after)]
    (was, *was_taught), (now, *now_taught) = asked
    changed = [k for k in range(len(was.texts)) if was.found[k] != now.found[k]]
    return {
        "before": _figures(was),
        "after": _figures(now),
        "sentences": len(was.texts),
        "better": [_row(was, now, k) for k in changed if now.right[k]],
        "worse": [_row(was, now, k) for k in changed if was.right[k]],
        "intents": _by_intent(was, now),
        "taught": _taught(was_taught[0], now_taught[0]) if taught else None,
    }


def _written(folder: Path, taught: list[dict[str, str]]) -> str:
    file = folder / "taught.yml"
    blocks = [{"intent": one["intent"], "examples": [{"text": one["text"]}]} for one in taught]
    file.write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True), encoding="utf-8")
    return str(file)


async def _ask(model: str, files: list[str]) -> list[Answers]:
    """What a model says of each file; it is loaded once."""
    agent = await load(model)
    return [await ask_of(agent, file) for file in files]


def _figures(answers: Answers) -> dict[str, Any]:
    figures = summary(answers)
    return {name: figures[name] for name in ("accuracy", "macro_f1", "calibration_error")}


def _row(was: Answers, now: Answers, k: int) -> dict[str, str]:
    return {"text": was.texts[k], "intent": was.expected[k], "was": was.found[k], "now": now.found[k]}


def _by_intent(was: Answers, now: Answers) -> list[dict[str, Any]]:
    """The intents of which more, or fewer, sentences are read rightly."""
    total = Counter(was.expected)
    right = [Counter(e for e, ok in zip(answers.expected, answers.right) if ok) for answers in (was, now)]
    return [
        {"intent": intent, "sentences": total[intent], "was": right[0][intent], "now": right[1][intent]}
        for intent in sorted(total)
        if right[0][intent] != right[1][intent]
    ]


def _taught(was: Answers, now: Answers) -> dict[str, Any]:
    """How many of the taught sentences each model reads as they were taught."""
    missed = [_row(was, now, k) for k in range(len(now.texts)) if not now.right[k]]
    return {"sentences": len(now.texts), "was": int(was.right.sum()), "now": int(now.right.sum()), "missed": missed}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", required=True)
    parser.add_argument("--after", required=True)
    parser.add_argument("--held-out", default="tests/nlu")
    arguments = parser.parse_args()
    # Rasa and the progress of `ask` write on stdout too; the figures must be alone there.
    out, sys.stdout = sys.stdout, sys.stderr
    json.dump(main(arguments.before, arguments.after, arguments.held_out), out, ensure_ascii=False)
    out.flush()

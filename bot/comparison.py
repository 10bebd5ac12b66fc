"""What a new model does better and worse than the one in service, in French, for whoever decides to use it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot import texts

FILE = "comparison.json"
REPORT = "comparaison.md"


def read(folder: Path) -> dict[str, Any] | None:
    """The figures of the last comparison; None if there is none."""
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def in_brief(figures: dict[str, Any]) -> str:
    """Three lines: what was taught, what got better, what got worse."""
    lines = []
    if figures["taught"]:
        learnt = figures["taught"]
        lines.append(
            f"Phrases validées comprises : {learnt['was']} avant, {learnt['now']} après, sur {learnt['sentences']}."
        )
    lines.append(
        f"Sur {figures['sentences']} phrases de contrôle : {len(figures['better'])} mieux comprises, "
        f"{len(figures['worse'])} moins bien."
    )
    before, after = (f"{100 * figures[when]['accuracy']:.1f} %".replace(".", ",") for when in ("before", "after"))
    return "\n".join([*lines, f"Bien comprises en tout : {before} avant, {after} après."])


def write(folder: Path, figures: dict[str, Any], problems: Sequence[str] = ()) -> Path:
    """The report as Markdown, beside the figures."""
    names = texts.meanings()
    lines = [f"# Comparaison : {figures['model']}", "", *in_brief(figures).splitlines(), ""]
    lines += [f"- Laissé de côté. {problem}" for problem in problems]
    for title, rows in (
        ("Moins bien comprises", figures["worse"]),
        ("Mieux comprises", figures["better"]),
        ("Validées, et encore mal comprises", (figures["taught"] or {}).get("missed", [])),
    ):
        lines += ["", f"## {title} : {len(rows)}", ""]
        lines += [
            f"- « {row['text']} » : {names[row['intent']]}. Lu {names[row['was']]} avant, {names[row['now']]} après."
            for row in rows
        ]
    lines += ["", "## Sens par sens", "", "| sens | phrases | bien lues avant | après |", "|---|---|---|---|"]
    lines += [
        f"| {names[row['intent']]} | {row['sentences']} | {row['was']} | {row['now']} |" for row in figures["intents"]
    ]
    path = folder / REPORT
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path

"""Measure the trained model on the held-out sentences, and write what a developer wants to see of it.

`make nlu-report` calls it. It prints the figures, and writes into the report's folder: `intents.md` and `intents.json`
(precision, recall, F1 of each intent), `confusions.svg`, `calibration.svg`, `wrong.md` (the worst first, with the
sentences), `thresholds.md` (how many are answered, and how many of these rightly, above each confidence).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasa.core.agent import Agent
from rasa.shared.nlu.training_data.loading import load_data
from rasa.utils.log_utils import configure_structlog
from sklearn.metrics import classification_report, confusion_matrix

BINS = 10
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass
class Answers:
    """What the model said of each sentence, in the same order."""

    texts: list[str]
    expected: list[str]
    found: list[str]
    second: list[str]
    confidence: np.ndarray
    margin: np.ndarray
    milliseconds: np.ndarray
    processor: np.ndarray
    """Milliseconds of processor: the same whatever else runs on the machine."""

    @property
    def right(self) -> np.ndarray:
        return np.array(self.expected) == np.array(self.found)


async def ask(model: str, held_out: str) -> Answers:
    """Every held-out sentence to the model, before any threshold."""
    return await ask_of(await load(model), held_out)


async def load(model: str) -> Agent:
    configure_structlog(logging.WARNING)  # Rasa would write each parse it makes
    return Agent.load(model)


async def ask_of(agent: Agent, held_out: str) -> Answers:
    """The same of a model that is loaded already."""
    examples = load_data(held_out).intent_examples
    await agent.parse_message("bonjour")  # the first one loads what is loaded late
    rankings, milliseconds, processor = [], [], []
    for example in examples:
        begin, used = time.perf_counter(), time.process_time()
        parsed = await agent.parse_message(example.get("text"))
        milliseconds.append((time.perf_counter() - begin) * 1000)
        processor.append((time.process_time() - used) * 1000)
        rankings.append([choice for choice in parsed["intent_ranking"] if choice["name"] != "nlu_fallback"][:2])
        progress = len(rankings)
        if progress % 100 == 0:
            print(f"  {progress} of {len(examples)} sentences", flush=True)
    confidence = np.array([[choice["confidence"] for choice in ranking] for ranking in rankings])
    return Answers(
        [example.get("text") for example in examples],
        [example.get("intent") for example in examples],
        [ranking[0]["name"] for ranking in rankings],
        [ranking[1]["name"] for ranking in rankings],
        confidence[:, 0],
        confidence[:, 0] - confidence[:, 1],
        np.array(milliseconds),
        np.array(processor),
    )


def bins_of(answers: Answers) -> list[tuple[float, float, int]]:
    """(mean confidence, share of right answers, number) of each tenth of confidence that has any."""
    numbers = np.minimum((answers.confidence * BINS).astype(int), BINS - 1)
    kept = [numbers == number for number in range(BINS) if (numbers == number).any()]
    return [
        (float(answers.confidence[here].mean()), float(answers.right[here].mean()), int(here.sum())) for here in kept
    ]


def calibration_error(answers: Answers) -> float:
    """The expected calibration error: how far confidence is from the share of right answers, on average."""
    return sum(abs(said - true) * number for said, true, number in bins_of(answers)) / len(answers.texts)


def summary(answers: Answers) -> dict[str, Any]:
    figures = classification_report(answers.expected, answers.found, output_dict=True, zero_division=0)
    return {
        "sentences": len(answers.texts),
        "accuracy": figures.pop("accuracy"),
        "macro_f1": figures.pop("macro avg")["f1-score"],
        "calibration_error": calibration_error(answers),
        "parse_ms": _quantiles(answers.milliseconds),
        "parse_processor_ms": _quantiles(answers.processor),
        "intents": {name: row for name, row in figures.items() if name in set(answers.expected)},
    }


def _quantiles(milliseconds: np.ndarray) -> dict[str, float]:
    p50, p99 = np.quantile(milliseconds, (0.5, 0.99))
    return {"p50": float(p50), "p99": float(p99)}


def write(answers: Answers, figures: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "intents.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False), encoding="utf-8")
    rows = [
        f"| {name} | {row['precision']:.2f} | {row['recall']:.2f} | {row['f1-score']:.2f} | {int(row['support'])} |"
        for name, row in sorted(figures["intents"].items(), key=lambda pair: pair[1]["f1-score"])
    ]
    head = (
        f"{figures['sentences']} held-out sentences: accuracy {figures['accuracy']:.3f}, macro-F1 "
        f"{figures['macro_f1']:.3f}, expected calibration error {figures['calibration_error']:.3f}, "
        f"parse p50 {figures['parse_ms']['p50']:.0f} ms, p99 {figures['parse_ms']['p99']:.0f} ms, of which "
        f"the processor {figures['parse_processor_ms']['p50']:.0f} and {figures['parse_processor_ms']['p99']:.0f} ms."
    )
    table = ["| intent | precision | recall | F1 | sentences |", "|---|---|---|---|---|", *rows]
    (folder / "intents.md").write_text("\n".join([head, "", *table, ""]), encoding="utf-8")
    _write_wrong(answers, folder / "wrong.md")
    _write_thresholds(answers, folder / "thresholds.md")
    _draw_confusions(answers, folder / "confusions.svg")
    _draw_calibration(answers, folder / "calibration.svg")


def _write_wrong(answers: Answers, path: Path) -> None:
    pairs = Counter((e, f) for e, f in zip(answers.expected, answers.found) if e != f)
    lines = []
    for (expected, found), number in pairs.most_common():
        lines += [f"## {expected} read as {found}: {number}", ""]
        for k, text in enumerate(answers.texts):
            if (answers.expected[k], answers.found[k]) == (expected, found):
                lines.append(f"- {text} ({answers.confidence[k]:.2f})")
        lines.append("")
    path.write_text("\n".join(lines), encoding="utf-8")


def _write_thresholds(answers: Answers, path: Path) -> None:
    lines = ["| confidence at least | answered | of these, rightly |", "|---|---|---|"]
    for threshold in THRESHOLDS:
        kept = answers.confidence >= threshold
        lines.append(f"| {threshold} | {kept.mean():.3f} | {answers.right[kept].mean():.3f} |")
    lines += [
        "",
        "| first two nearer than | sentences | right is the first | right is one of the two |",
        "|---|---|---|---|",
    ]
    second = np.array(answers.expected) == np.array(answers.second)
    for margin in (0.02, 0.05, 0.1, 0.2):
        near = answers.margin < margin
        if near.any():
            first, either = answers.right[near].mean(), (answers.right | second)[near].mean()
            lines.append(f"| {margin} | {near.sum()} | {first:.2f} | {either:.2f} |")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _draw_confusions(answers: Answers, path: Path) -> None:
    figure, axes = _figure(14, 14)
    names = sorted(set(answers.expected) | set(answers.found))
    counts = confusion_matrix(answers.expected, answers.found, labels=names)
    axes.imshow(np.sqrt(counts), cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    for row, column in zip(*np.nonzero(counts)):
        colour = "white" if row == column else "crimson"
        axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=6, color=colour)
    axes.set_xlabel("read as")
    axes.set_ylabel("is")
    figure.savefig(path, bbox_inches="tight")


def _draw_calibration(answers: Answers, path: Path) -> None:
    figure, axes = _figure(6, 5)
    said, true, numbers = zip(*bins_of(answers))
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    axes.plot(said, true, marker="o")
    for x, y, number in zip(said, true, numbers):
        axes.annotate(str(number), (x, y), textcoords="offset points", xytext=(6, -10), fontsize=8)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share of right answers")
    axes.set_title(f"expected calibration error {calibration_error(answers):.3f}")
    figure.savefig(path, bbox_inches="tight")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib  # slow to load, and only a report needs it

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height))


def main(model: str, held_out: str, report: str | None) -> None:
    answers = asyncio.run(ask(model, held_out))
    figures = summary(answers)
    print(f"{figures['sentences']} sentences, accuracy {figures['accuracy']:.3f}, macro-F1 {figures['macro_f1']:.3f}")
    print(f"expected calibration error {figures['calibration_error']:.3f}")
    for name, kind in (("parse_ms", "in all"), ("parse_processor_ms", "of processor")):
        print(f"parse p50 {figures[name]['p50']:.1f} ms, p99 {figures[name]['p99']:.1f} ms {kind}")
    recalls = sorted((row["recall"], name) for name, row in figures["intents"].items())
    print("lowest recalls: " + ", ".join(f"{name} {recall:.2f}" for recall, name in recalls[:12]))
    if report:
        write(answers, figures, Path(report))
        print(f"written: {report}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--held-out", default="tests/nlu")
    parser.add_argument("--report")
    arguments = parser.parse_args()
    main(arguments.model, arguments.held_out, arguments.report)

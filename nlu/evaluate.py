"""Measure the trained model on the held-out sentences: accuracy, macro-F1, recall of each intent, what it confuses."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

from rasa.core.agent import Agent
from rasa.shared.nlu.training_data.loading import load_data
from sklearn.metrics import classification_report


async def main(model: str, held_out: str, report: str | None) -> None:
    agent = Agent.load(model)
    examples = load_data(held_out).intent_examples
    expected, found, wrong, seconds = [], [], [], []
    for example in examples:
        begin = time.perf_counter()
        parsed = await agent.parse_message(example.get("text"))
        seconds.append(time.perf_counter() - begin)
        expected.append(example.get("intent"))
        found.append(parsed["intent"]["name"])
        if expected[-1] != found[-1]:
            wrong.append((example.get("text"), expected[-1], found[-1], parsed["intent"]["confidence"]))
    figures = classification_report(expected, found, output_dict=True, zero_division=0)
    seconds.sort()
    accuracy, macro = figures["accuracy"], figures["macro avg"]["f1-score"]
    print(f"{len(expected)} sentences, accuracy {accuracy:.3f}, macro-F1 {macro:.3f}")
    p50, p99 = (seconds[int(len(seconds) * part)] * 1000 for part in (0.5, 0.99))
    print(f"parse p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    recalls = sorted((figures[intent]["recall"], intent) for intent in set(expected))
    print("lowest recalls: " + ", ".join(f"{intent} {recall:.2f}" for recall, intent in recalls[:12]))
    if report:
        Path(report).mkdir(parents=True, exist_ok=True)
        (Path(report) / "intents.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False))
        with (Path(report) / "wrong.tsv").open("w") as file:
            for text, right, got, confidence in sorted(wrong, key=lambda row: row[1]):
                file.write(f"{right}\t{got}\t{confidence:.2f}\t{text}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--held-out", default="tests/nlu")
    parser.add_argument("--report")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.model, arguments.held_out, arguments.report))

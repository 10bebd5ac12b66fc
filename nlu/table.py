"""The table that chooses the pipeline: `make nlu-table` writes reports/nlu/pipelines.md.

Every row is trained on data/nlu and asked the sentences of tests/nlu, in a process of its own. Those of Rasa are
trained by `rasa train nlu`, with its cache empty, and parse as they would in service; the others are what one would
write without Rasa, and read the same normalised sentences. Times are of processor: the same whatever else runs on the
machine. Memory is the most the process ever used; outside Rasa, that includes the training.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from rasa.shared.nlu.training_data.loading import load_data
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from nlu.evaluate import ask, summary
from nlu.langue import fold, normalise

REPORT = Path("reports/nlu/pipelines.md")
TRAINING, HELD_OUT = "data/nlu", "tests/nlu"
FASTTEXT = ("fasttext-wheel==0.9.2", "numpy<2")  # lives in no environment of ours

NORMALISER = {"name": "nlu.components.normaliser.Normaliser"}
E5 = {"name": "nlu.components.sentence_vectors.SentenceVectors"}
LETTERS = {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}
WORDS = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    LETTERS,
]
COUNTS = [NORMALISER, {"name": "WhitespaceTokenizer"}, {"name": "CountVectorsFeaturizer"}, LETTERS]
# As `rasa init` writes it.
DIET = {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True, "random_seed": 4}
SPARSE_DIET = DIET | {"entity_recognition": False}
REGRESSION = {"name": "LogisticRegressionClassifier", "random_state": 4}

RASA: dict[str, list[dict[str, Any]]] = {
    "Rasa: LogisticRegressionClassifier": [*COUNTS, REGRESSION],
    "Rasa: LogisticRegressionClassifier, E5": [*COUNTS, E5, REGRESSION],
    "Rasa: DIET, no entities": [*COUNTS, SPARSE_DIET],
    "Rasa: DIET, no entities, E5": [*COUNTS, E5, SPARSE_DIET],
    "Rasa: its default for French (DIET)": [*WORDS, DIET],
    "Rasa: its default for French (DIET), E5": [*WORDS, E5, DIET],
    "ours (config.yml)": yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))["pipeline"],
}


def tf_idf() -> Any:
    return make_union(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b"),
    )


PEERS: dict[str, Callable[[], Any]] = {
    "TF-IDF, logistic regression": lambda: make_pipeline(tf_idf(), LogisticRegression(C=10, max_iter=300, tol=1e-3)),
    "TF-IDF, linear SVM": lambda: make_pipeline(tf_idf(), LinearSVC(C=1)),
}


def rasa_row(pipeline: list[dict[str, Any]]) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        config = Path(folder) / "config.yml"
        config.write_text(yaml.safe_dump({"recipe": "default.v1", "assistant_id": "row", "language": "fr"}))
        with config.open("a") as file:
            yaml.safe_dump({"pipeline": pipeline}, file)
        rasa = [Path(sys.executable).parent / "rasa", "train", "nlu", "--config", config, "--nlu", TRAINING]
        subprocess.run(
            [*rasa, "--out", folder, "--fixed-model-name", "row"],
            env=os.environ | {"RASA_CACHE_DIRECTORY": f"{folder}/cache", "PYTHONPATH": os.getcwd()},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        model = Path(folder) / "row.tar.gz"
        size = model.stat().st_size
        figures = summary(asyncio.run(ask(str(model), HELD_OUT)))
    return {
        "accuracy": figures["accuracy"],
        "macro_f1": figures["macro_f1"],
        "seconds": used.ru_utime + used.ru_stime,
        **figures["parse_processor_ms"],
        "memory": _memory(),
        "size": size,
    }


def peer_row(make: Callable[[], Any]) -> dict[str, Any]:
    (texts, intents), (asked, expected) = sentences(TRAINING), sentences(HELD_OUT)
    begin = time.process_time()
    model = make().fit(texts, intents)
    seconds = time.process_time() - begin
    found, milliseconds = [], []
    for text in asked:
        begin = time.process_time()
        found.append(model.predict([text])[0])
        milliseconds.append((time.process_time() - begin) * 1000)
    return measured(found, expected, milliseconds) | {
        "seconds": seconds,
        "memory": _memory(),
    }


def fasttext_row() -> dict[str, Any]:
    (texts, intents), (asked, expected) = sentences(TRAINING), sentences(HELD_OUT)
    with TemporaryDirectory() as folder:
        training = Path(folder) / "training.txt"
        training.write_text("".join(f"__label__{i} {t}\n" for t, i in zip(texts, intents)), encoding="utf-8")
        uv = shutil.which("uv") or ".uv/bin/uv"
        python = [uv, "run", "--quiet", "--no-project", "--python", "3.11", *(f"--with={one}" for one in FASTTEXT)]
        answer = subprocess.run(
            [*python, "python", "nlu/fasttext_row.py", training, f"{folder}/model.bin"],
            input=json.dumps(list(asked)),
            capture_output=True,
            text=True,
            check=True,
        )
    told = json.loads(answer.stdout)
    return measured(told.pop("found"), expected, told.pop("milliseconds")) | told


def sentences(folder: str) -> tuple[np.ndarray, np.ndarray]:
    """Normalised, without accents, and their intents."""
    examples = load_data(folder).intent_examples
    texts = [fold(normalise(example.get("text")).text or example.get("text")) for example in examples]
    return np.array(texts, dtype=object), np.array([example.get("intent") for example in examples], dtype=object)


def measured(found: list[str], expected: np.ndarray, milliseconds: list[float]) -> dict[str, Any]:
    p50, p99 = np.quantile(milliseconds, (0.5, 0.99))
    return {
        "accuracy": float(np.mean(np.array(found, dtype=object) == expected)),
        "macro_f1": float(f1_score(list(expected), found, average="macro")),
        "p50": float(p50),
        "p99": float(p99),
    }


def _memory() -> int:
    """The most this process ever used, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def one(name: str) -> dict[str, Any]:
    if name in RASA:
        return rasa_row(RASA[name])
    return peer_row(PEERS[name]) if name in PEERS else fasttext_row()


def written(name: str, row: dict[str, Any]) -> str:
    size = f"{row['size'] / 1e6:.0f} MB" if "size" in row else ""
    return (
        f"| {name} | {row['accuracy']:.3f} | {row['macro_f1']:.3f} | {row['seconds']:.0f} s "
        f"| {row['p50']:.1f} | {row['p99']:.1f} | {row['memory'] / 1e6:.0f} MB | {size} |"
    )


def main(names: list[str]) -> None:
    trained, asked = len(sentences(TRAINING)[0]), len(sentences(HELD_OUT)[0])
    lines = [
        f"{trained} training sentences, {asked} held-out ones.",
        "",
        "| pipeline | held-out | macro-F1 | training | p50 ms | p99 ms | memory | model |",
        "|---|---|---|---|---|---|---|---|",
    ]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, 1):
        print(f"{number} of {len(names)}: {name}…", flush=True)
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "nlu.table", "--row", name], stdout=-1, check=True
        )
        lines.append(written(name, json.loads(answer.stdout.splitlines()[-1])))
        print(lines[-1], flush=True)
        REPORT.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--row", help="measure this row alone, and print its figures as JSON")
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(one(arguments.row)))
    else:
        main([*PEERS, "fastText", *RASA])

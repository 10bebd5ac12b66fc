"""Learn bot/domain/safety/weights.tsv from data/safety and data/nlu, and say how good it is.

    nlu/.venv/bin/python tools/safety_weights.py

Run by hand after a change to the lines, the families or the features; it takes about a minute and gives the same file
for the same lines. It runs in Rasa's environment, which has scikit-learn; the service reads the file with the standard
library. Thresholds are chosen on lines left out of the learning, a fifth at a time. Never learnt from:
data/safety/dev.tsv, which the rules were last corrected on, and tests/domain/safety_heldout.tsv.
"""

import csv
import glob
import hashlib
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import yaml
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot.domain.safety import Kind  # noqa: E402
from bot.domain.safety.check import readable_form  # noqa: E402
from bot.domain.safety.classifier import SHORT  # noqa: E402
from bot.domain.safety.features import pairs, pieces, words_of  # noqa: E402

SAFETY = ROOT / "bot" / "domain" / "safety"
LINES = [ROOT / "data" / "safety" / name for name in ("rules.tsv", "train.tsv")]
TARGET = SAFETY / "weights.tsv"
# Intents whose sentences may hold distress: they are no example of an ordinary message.
SAD_INTENTS = {"need_wellbeing", "need_addiction", "insult"}
SCALES = {"=": 1.0, "+": 2.0, "piece": 0.5, "pair": 1.5}
FOLDS = 5
STRENGTH = 20
FALSE_ALARMS = 0.03  # of figures of speech and quotes, all chosen because they look like danger
ORDINARY_ALARMS = 0.003  # of ordinary messages
TOO_GRAVE = 0.05  # of lines of the level high
SMALLEST = 0.05  # a smaller weight is not written

Line = tuple[str, str, str]


def lines_of(path: Path) -> list[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["text"], row["level"], row["kinds"]) for row in rows]


def ordinary() -> list[Line]:
    found = []
    for path in sorted(glob.glob(str(ROOT / "data" / "nlu" / "*.yml"))):
        for item in yaml.safe_load(Path(path).read_text(encoding="utf-8"))["nlu"]:
            if "intent" in item and item["intent"] not in SAD_INTENTS:
                found += [(line.strip()[2:], "none", "ordinary") for line in item["examples"].splitlines()]
    return found


def features(text: str) -> dict:
    words = words_of(readable_form(text))
    found: Counter = Counter()
    for word in words:
        for piece in pieces(word):
            found[piece] += SCALES.get(piece[0], SCALES["piece"])
    for near in pairs(words):
        for pair in near:
            found[" ".join(pair)] += SCALES["pair"]
    size = (len(words) + SHORT) ** 0.5
    return {feature: value / size for feature, value in found.items()}


def matrix(rows: list[dict], vocabulary: dict) -> csr_matrix:
    starts, places, values = [0], [], []
    for row in rows:
        for feature, value in row.items():
            if feature in vocabulary:
                places.append(vocabulary[feature])
                values.append(value)
        starts.append(len(places))
    return csr_matrix((values, places, starts), shape=(len(rows), len(vocabulary)))


def weight(line: Line) -> float:
    return 0.5 if line[1] == "concern" else 1.0


def learn(rows: list[dict], lines: list[Line], wanted: list, strength: float) -> tuple[LogisticRegression, dict]:
    counts = Counter(feature for row in rows for feature in row)
    vocabulary = {feature: i for i, feature in enumerate(sorted(f for f, n in counts.items() if n >= 2))}
    model = LogisticRegression(C=strength, solver="liblinear", random_state=0)
    return model.fit(matrix(rows, vocabulary), wanted, sample_weight=[weight(line) for line in lines]), vocabulary


def left_out(rows: list[dict], lines: list[Line], wanted: list) -> np.ndarray:
    """The score of each line by a model that has not seen it."""
    order = np.random.RandomState(0).permutation(len(lines))
    scores = np.zeros(len(lines))
    for fold in range(FOLDS):
        out = order[fold::FOLDS]
        kept = np.sort(np.setdiff1d(order, out))
        model, vocabulary = learn(
            [rows[i] for i in kept], [lines[i] for i in kept], [wanted[i] for i in kept], STRENGTH
        )
        scores[out] = model.decision_function(matrix([rows[i] for i in out], vocabulary))
    return scores


def fingerprint() -> str:
    """A hash of all that the weights are made of."""
    digest = hashlib.sha256()
    for path in (*LINES, SAFETY / "families.tsv", SAFETY / "features.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def main() -> None:
    lines = [line for path in LINES for line in lines_of(path)]
    others = ordinary()
    everything = lines + others
    rows = [features(text) for text, _, _ in everything]
    danger = [level in ("high", "critical") for _, level, _ in everything]
    critical = [level == "critical" for _, level, _ in everything]

    scores = left_out(rows, everything, danger)
    grave = left_out(rows, everything, critical)
    harmless = np.array([level == "none" for _, level, _ in everything])
    usual = harmless & np.array([kind == "ordinary" for _, _, kind in everything])
    only_high = np.array([level == "high" for _, level, _ in everything])

    def threshold(of: np.ndarray) -> float:
        figures = np.quantile(of[harmless & ~usual], 1 - FALSE_ALARMS)
        return float(max(figures, np.quantile(of[usual], 1 - ORDINARY_ALARMS)))

    thresholds = [threshold(scores), threshold(grave), float(np.quantile(grave[only_high], 1 - TOO_GRAVE))]
    print(f"{len(lines)} lines and {len(others)} ordinary ones; the classifier alone, on lines left out:")
    print(f"  danger seen {np.mean(scores[danger] >= thresholds[0]):.3f}")
    print(f"  danger to life seen as such, when danger is known {np.mean(grave[critical] >= thresholds[2]):.3f}")
    print(f"  thresholds {', '.join(f'{one:.2f}' for one in thresholds)}")

    both = {}
    biases = []
    for wanted in (danger, critical):
        model, vocabulary = learn(rows, everything, wanted, STRENGTH)
        both[len(biases)] = dict(zip(vocabulary, model.coef_[0], strict=True))
        biases.append(model.intercept_[0])
    kinds = list(Kind)
    told = [i for i, (_, level, kind) in enumerate(everything) if danger[i] and kind]
    model, vocabulary = learn(
        [rows[i] for i in told],
        [everything[i] for i in told],
        [kinds.index(Kind(everything[i][2].split(",")[0])) for i in told],
        5,
    )
    of_kind = dict(zip(vocabulary, model.coef_.T, strict=True))

    def thousandths(values) -> str:
        return " ".join(str(round(value * 1000)) for value in values)

    out = [
        f"# Learnt by tools/safety_weights.py from {fingerprint()}; thousandths",
        f"@bias\t{thousandths(biases)}",
        f"@thresholds\t{thousandths(thresholds)}",
        f"@kinds\t{thousandths(model.intercept_)}",
    ]
    for feature in sorted(both[0]):
        scale = SCALES["pair"] if " " in feature else SCALES.get(feature[0], SCALES["piece"])
        pair = [both[head].get(feature, 0.0) * scale for head in (0, 1)]
        by_kind = of_kind.get(feature) if " " in feature or feature[0] in "=+" else None
        values = pair if by_kind is None or np.abs(by_kind).max() * scale < 0.3 else [*pair, *(by_kind * scale)]
        if max(map(abs, pair)) >= SMALLEST or len(values) > 2:
            out.append(f"{feature}\t{thousandths(values)}")
    TARGET.write_text("\n".join(out) + "\n", encoding="utf-8")
    print(f"{len(out) - 4} weights, {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

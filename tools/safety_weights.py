"""Learn what the classifier of danger knows from data/safety and data/nlu, and say how good it is.

    OMP_NUM_THREADS=2 nlu/.venv/bin/python -m tools.safety_weights

Writes weights.tsv (what words say) and meanings.npz (what the encoder's vectors say beside them) in bot/domain/safety.
Run by hand after a change to the lines, the families or the features; the same lines give the same files. It takes
ten minutes and 10 GB once the encoder has read the lines, which it remembers in var/. What looks gravest in a
long line is chosen with the weights in place: after a large change, run it twice. It runs in Rasa's environment, which
has scikit-learn. The words' thresholds are chosen on lines left out of the learning with all that look like
them; `DANGER` by hand, with the totals of the held-out lines in sight. Never learnt from:
data/safety/sight*.tsv and tests/domain/safety_heldout.tsv.
"""

import csv
import glob
import hashlib
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.sparse import csr_matrix, vstack
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bot.assistant.encoder import to_read
from bot.domain.safety import Kind, Level, by_rules
from bot.domain.safety.check import readable_form
from bot.domain.safety.classifier import SHORT, gravity
from bot.domain.safety.features import pairs, pieces, words_of
from bot.domain.safety.meaning import directions
from nlu import encoder
from nlu.langue import normalise

ROOT = Path(__file__).parent.parent

SAFETY = ROOT / "bot" / "domain" / "safety"
DATA = ROOT / "data" / "safety"
FIRST = [DATA / f"{name}.tsv" for name in ("rules", "train", "dev", "train2", "train3")]
LINES = [*FIRST, *sorted(DATA.glob("hand_*.tsv"))]
# No rule was written from these, nor the encoder tuned with them: thresholds, and what words and rules weigh, are
# chosen there. The hands of two letters came after the tuning.
APART = {*(f"hand_{letter}.tsv" for letter in "qrst"), *(path.name for path in DATA.glob("hand_??.tsv"))}
WORDS, MEANINGS = SAFETY / "weights.tsv", SAFETY / "meanings.npz"
# Intents whose sentences may hold distress: they are no example of an ordinary message.
SAD_INTENTS = {"need_wellbeing", "need_addiction", "insult", "hide_conversation"}
SCALES = {"=": 1.0, "+": 2.0, "piece": 0.5, "pair": 1.5}
FOLDS = 5
STRENGTH = 20
# Of lines left out of the learning, which are harder than what people write: more than half of the figures of speech
# and quotes were chosen because they look like danger. Of the held-out ones, less than half as many raise an alarm.
ALARMS_OF_WORDS = (0.05, 0.005)  # of figures of speech and quotes, of ordinary messages
# When the meaning is known too: the least score of danger, chosen with what held-out lines showed in sight
# (data/safety/README.md). The lines left out become harder with each hand, so that a share of alarms on them drifts.
DANGER = 0.415
TOO_GRAVE = 0.10  # of lines of the level high
ALIKE = 0.65  # the cosine of letters above which two lines are left out together
CHAIN = 400  # lines; a longer chain of look-alikes is left out one by one
DIRECTIONS, WIDTH, RIDGE, LANDMARKS = 256, 2.0, 0.2, 8192
SMALLEST = 0.06  # a smaller weight is not written

Line = tuple[str, str, str]


def lines_of(path: Path) -> list[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["text"], row["level"], row["kinds"]) for row in rows]


@dataclass(frozen=True)
class Reading:
    """What the service reads of a line: all of it, or a part of a long one. `text` is what words and rules see."""

    text: str
    level: str
    kinds: str
    part: str
    whole: bool
    unseen: bool


def readings(line: Line, unseen: bool) -> list[Reading]:
    """Of a long line in danger, the part that looks gravest: the other may say nothing of it. Of another, each part."""
    text, level, kinds = line
    parts, whole = to_read(text)
    if whole:
        return [Reading(text, level, kinds, parts[0], True, unseen)]
    told = [max(parts, key=gravity)] if level in ("high", "critical") else parts
    return [Reading(part, level, kinds, part, False, unseen) for part in told]


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


def weight(line: Reading) -> float:
    return 0.5 if line.level == "concern" else 1.0


def learn(rows: list[dict], lines: list[Reading], wanted: list, strength: float) -> tuple[LogisticRegression, dict]:
    counts = Counter(feature for row in rows for feature in row)
    vocabulary = {feature: i for i, feature in enumerate(sorted(f for f, n in counts.items() if n >= 2))}
    model = LogisticRegression(C=strength, solver="liblinear", random_state=0)
    return model.fit(matrix(rows, vocabulary), wanted, sample_weight=[weight(line) for line in lines]), vocabulary


def alike(texts: list[str]) -> np.ndarray:
    """The number of the group each text is of: the texts whose letters are nearly the same."""
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, dtype=np.float32)
    known = letters.fit_transform([readable_form(text) for text in texts])
    parts = []
    for begin in range(0, len(texts), 2000):
        near = known[begin : begin + 2000] @ known.T
        near.data[near.data < ALIKE] = 0
        near.eliminate_zeros()
        parts.append(near)
    return connected_components(vstack(parts))[1]


def left_out(rows: list[dict], lines: list[Reading], wanted: list, groups: np.ndarray) -> np.ndarray:
    """The score of each line by a model that has not seen it, nor what looks like it."""
    folds = np.random.RandomState(0).randint(FOLDS, size=groups.max() + 1)[groups]
    scores = np.zeros(len(lines))
    for fold in range(FOLDS):
        out, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        model, vocabulary = learn(
            [rows[i] for i in kept], [lines[i] for i in kept], [wanted[i] for i in kept], STRENGTH
        )
        scores[out] = model.decision_function(matrix([rows[i] for i in out], vocabulary))
    return scores


def read(texts: list[str]) -> np.ndarray:
    """The encoder's vector of each text; those it read before are remembered."""
    remembered = ROOT / "var" / f"safety_vectors-{zlib.crc32(encoder.TUNED.read_bytes()):08x}.npz"
    known: dict = {}
    if remembered.exists():
        with np.load(remembered, allow_pickle=True) as file:
            known = dict(zip(file["texts"], file["vectors"], strict=True))
    unread = sorted(set(texts) - known.keys(), key=len)
    for begin in range(0, len(unread), 64):
        some = unread[begin : begin + 64]
        known |= zip(some, encoder.vectors(some), strict=True)
        if begin % 1024 == 0:
            print(f"{begin} of {len(unread)} texts read", flush=True)
    remembered.parent.mkdir(exist_ok=True)
    np.savez(remembered, texts=np.array(list(known), dtype=object), vectors=np.vstack(list(known.values())))
    return np.vstack([known[text] for text in texts])


class Kernels:
    """Kernel ridge regression on vectors: how each of some lines, the landmarks, speaks for each column of `wanted`.

    All the lines are learnt from; what is learnt is told from one in five, which reads a message five times as fast and
    sees as much (docs/decisions/0021-rules-are-weighed-with-the-meaning.md).
    """

    def __init__(self, vectors: np.ndarray, wanted: np.ndarray, weights: np.ndarray, groups: np.ndarray) -> None:
        self.mean, scale = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
        _, axes = np.linalg.eigh(np.cov((vectors - self.mean) / scale, rowvar=False))
        self.turn = (axes[:, -DIRECTIONS:] / scale[:, np.newaxis]).astype(np.float32)
        turned = directions(vectors, self.mean, self.turn)
        self.lines = np.random.RandomState(0).permutation(np.unique(turned, axis=0))[:LANDMARKS]
        near = self._nearness(turned).astype(np.float64)
        weighty = near * weights[:, np.newaxis]
        normal = near.T @ weighty + RIDGE * self._nearness(self.lines.astype(np.float64))
        normal.flat[:: len(normal) + 1] += 1e-3  # what rounding may have taken from a matrix that is positive
        lower = cholesky(normal, lower=True, overwrite_a=True, check_finite=False)
        self.says = cho_solve((lower, True), weighty.T @ wanted, check_finite=False)
        # What a regression that has not seen a line, nor its look-alikes, would have said of it: exact, not sampled.
        short = solve_triangular(lower, near.T, lower=True, check_finite=False)
        missed = wanted - near @ self.says
        self.left_out = wanted - missed / (1 - np.einsum("ij,ij->j", short, short) * weights)[:, np.newaxis]
        order = np.argsort(groups, kind="stable")
        for members in np.split(order, np.cumsum(np.bincount(groups))[:-1]):
            if 1 < len(members) <= CHAIN:
                held = short[:, members].T @ short[:, members] * weights[members]
                self.left_out[members] = wanted[members] - np.linalg.solve(np.eye(len(members)) - held, missed[members])

    def _nearness(self, turned: np.ndarray) -> np.ndarray:
        return np.exp(WIDTH * (turned @ self.lines.T - 1))

    def write(self, words: list[float], rules: list[list[float]], thresholds: list[float]) -> None:
        step = float(np.abs(self.lines).max() / 127)  # eight bits a number; no decision changes
        np.savez_compressed(
            MEANINGS,
            mean=self.mean.astype(np.float32),
            turn=self.turn.astype(np.float16),
            lines=np.round(self.lines / step).astype(np.int8),
            says=self.says.astype(np.float16),
            words=np.array(words),
            rules=np.array(rules).T,
            numbers=np.array([WIDTH, step, *thresholds]),
        )


def weighed(meaning: np.ndarray, words: np.ndarray, rules: np.ndarray, wanted: np.ndarray) -> tuple[float, list[float]]:
    """What the words, and each level the rules may give, weigh beside the meaning; the meaning weighs 1."""
    told = rules[:, np.newaxis] == np.arange(1, len(Level))
    model = LogisticRegression(C=10, max_iter=1000).fit(np.column_stack([meaning, words, told]), wanted)
    by_words, *by_level = (model.coef_[0] / model.coef_[0][0])[1:]
    return float(by_words), [0.0, *map(float, by_level)]


def fingerprint() -> str:
    """A hash of the lines about danger, of how words are read, and of what the encoder learnt."""
    digest = hashlib.sha256()
    for path in (*LINES, SAFETY / "families.tsv", SAFETY / "features.py", encoder.TUNED):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def main() -> None:
    lines = [(line, path.name in APART) for path in LINES for line in lines_of(path)]
    others = [(line, encoder.kept_apart(normalise(line[0]).text)) for line in ordinary()]
    everything = [reading for line, apart in lines + others for reading in readings(line, apart)]
    rows = [features(one.text) for one in everything]
    danger = np.array([one.level in ("high", "critical") for one in everything])
    critical = np.array([one.level == "critical" for one in everything])

    kinds = list(Kind)
    first_kind = [one.kinds.split(",")[0] for one in everything]
    groups = alike([one.text for one in everything])
    harmless = np.array([one.level == "none" for one in everything])
    usual = harmless & np.array([one.kinds == "ordinary" for one in everything])
    figures = harmless & ~usual
    only_high = np.array([one.level == "high" for one in everything])
    unseen = np.array([one.unseen for one in everything])

    def shown(scores: np.ndarray, least: float, grave: np.ndarray, least_graver: float, among: np.ndarray) -> None:
        print(f"  danger seen {np.mean(scores[danger & among] >= least):.3f}")
        print(f"  alarms on figures of speech and quotes {np.mean(scores[figures & among] >= least):.3f}")
        print(f"  alarms on ordinary messages {np.mean(scores[usual & among] >= least):.3f}")
        print(f"  danger to life seen as such {np.mean(grave[critical & among] >= least_graver):.3f}")

    def graver(grave: np.ndarray, among: np.ndarray) -> float:
        return float(np.quantile(grave[only_high & among], 1 - TOO_GRAVE))

    print(f"{len(lines)} lines and {len(others)} ordinary ones; the words alone, on lines left out:")
    by_words = np.stack([left_out(rows, everything, one, groups) for one in (danger, critical)], axis=1)
    of_figures, of_usual = ALARMS_OF_WORDS
    least, least_critical = (
        float(max(np.quantile(one[figures], 1 - of_figures), np.quantile(one[usual], 1 - of_usual)))
        for one in by_words.T
    )
    all_of_them = np.full(len(everything), True)
    thresholds = [least, least_critical, graver(by_words[:, 1], all_of_them)]
    shown(by_words[:, 0], least, by_words[:, 1], thresholds[2], all_of_them)

    vectors = read([one.part for one in everything])
    columns = [
        danger,
        critical,
        *([d and kind == one for d, kind in zip(danger, first_kind, strict=True)] for one in kinds),
    ]
    wanted = np.array(columns, dtype=np.float32).T
    kernels = Kernels(vectors, wanted, np.array([weight(line) for line in everything]), groups)
    by_meaning = kernels.left_out
    ruled = np.array([by_rules(one.text).level.rank if one.whole else 0 for one in everything])
    honest = unseen & np.array([one.level != "concern" for one in everything])
    blend, beside, of_rules = by_meaning[:, :2].copy(), [], []
    for head, goal in enumerate((danger, critical)):
        one, levels = weighed(blend[honest, head], by_words[honest, head], ruled[honest], goal[honest])
        blend[:, head] += one * by_words[:, head] + np.array(levels)[ruled]
        beside.append(one)
        of_rules.append(levels)
    print("meanings, with what words and rules weigh beside them:", np.round(beside, 3), np.round(of_rules, 2).tolist())
    # A danger to life that is no danger is a message that only ends ("c'est tout, bye"): no threshold of its own.
    least_graver = graver(blend[:, 1], unseen)
    shown(blend[:, 0], DANGER, blend[:, 1], least_graver, unseen)
    kernels.write(beside, of_rules, [DANGER, least_graver])
    right = by_meaning[:, 2:].argmax(axis=1) == wanted[:, 2:].argmax(axis=1)
    print(f"  the kind is right {np.mean(right[danger & unseen]):.3f}")
    print(f"  {MEANINGS.stat().st_size / 1e6:.2f} MB")

    both = {}
    biases = []
    for wanted in (danger, critical):
        model, vocabulary = learn(rows, everything, wanted, STRENGTH)
        both[len(biases)] = dict(zip(vocabulary, model.coef_[0], strict=True))
        biases.append(model.intercept_[0])
    told = [i for i, one in enumerate(everything) if danger[i] and one.kinds]
    model, vocabulary = learn(
        [rows[i] for i in told],
        [everything[i] for i in told],
        [kinds.index(Kind(first_kind[i])) for i in told],
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
    WORDS.write_text("\n".join(out) + "\n", encoding="utf-8")
    print(f"{len(out) - 4} weights, {WORDS.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

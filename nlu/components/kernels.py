"""Which intent a sentence is of, by how near it is to every sentence of the training: kernel ridge regression.

Two nearnesses are added: the letters and words two sentences share (TF-IDF), and what the encoder of
`sentence_vectors` makes of their meaning. Ridge regression on these has a closed form, solved in seconds, and tells for
nothing what it would have said of each training sentence had it never seen it: the confidence is calibrated on that.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Sequence, Text

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import spotri
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from scipy.special import log_softmax, softmax
from sklearn.feature_extraction.text import TfidfVectorizer

ROWS_AT_ONCE = 1000


class LettersAndWords:
    """The cosine of TF-IDF, half on letters (2-5 of a word), half on words (1-2)."""

    def fit(self, texts: Sequence[Text]) -> LettersAndWords:
        readers = [
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2, dtype=np.float32),
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b", dtype=np.float32),
        ]
        self._known = csr_matrix(hstack([reader.fit_transform(texts) for reader in readers]).T)
        self._readers = [(reader.build_analyzer(), reader.vocabulary_, reader.idf_) for reader in readers]
        return self

    def nearness(self, texts: Sequence[Text]) -> np.ndarray:
        """From 0 to 1, of each text (rows) to each known one (columns)."""
        return (self._read(texts) @ self._known).toarray() / 2

    def _read(self, texts: Sequence[Text]) -> csr_matrix:
        """As the vectorizers transform, without what they verify each time: of one text, that is most of their time."""
        places, values, starts = [], [], [0]
        for text in texts:
            before = 0
            for pieces, vocabulary, rarity in self._readers:
                counts = Counter(vocabulary[piece] for piece in pieces(text) if piece in vocabulary)
                found = np.fromiter(counts, dtype=np.int32, count=len(counts))
                weights = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * rarity[found]
                places.append(found + before)
                values.append(weights / (np.linalg.norm(weights) + 1e-12))
                before += len(rarity)
            starts.append(sum(map(len, places)))
        shape = len(texts), self._known.shape[0]
        return csr_matrix((np.concatenate(values), np.concatenate(places), starts), shape, dtype=np.float32)


class Meaning:
    """A Gaussian of the distance between the vectors of the encoder, each number on the scale it varies in."""

    def __init__(self, width: float = 2.0) -> None:
        self._width = width

    def fit(self, vectors: np.ndarray) -> Meaning:
        self._mean, self._scale = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
        self._known = self._scaled(vectors)
        return self

    def nearness(self, vectors: np.ndarray) -> np.ndarray:
        """From 0 to 1, of each vector (rows) to each known one (columns)."""
        return np.exp(self._width * (self._scaled(vectors) @ self._known.T - 1))

    def _scaled(self, vectors: np.ndarray) -> np.ndarray:
        scaled = (vectors - self._mean) / self._scale
        return scaled / (np.linalg.norm(scaled, axis=1, keepdims=True) + 1e-6)

    def __getstate__(self) -> dict[str, Any]:
        # Half of the digits on the disk: the model file is small, and no decision changes.
        return self.__dict__ | {"_known": self._known.astype(np.float16)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state | {"_known": state["_known"].astype(np.float32)}


class KernelRidge:
    """Chances of each class of a list of inputs, as many inputs as kernels (texts, then vectors).

    `shares`: how much each kernel counts; they sum to 1.
    """

    def __init__(self, kernels: Sequence[Any], shares: Sequence[float], ridge: float = 0.1) -> None:
        self._kernels = kernels
        self._shares = shares
        self._ridge = ridge

    def fit(self, inputs: Sequence[Any], classes: Sequence[Text], unseen: np.ndarray | None = None) -> KernelRidge:
        """`unseen`: the inputs that no part of a kernel was learnt from before; where given, how sure one may be of an
        answer is fitted on these alone.
        """
        self.classes, numbers = np.unique(classes, return_inverse=True)
        for kernel, given in zip(self._kernels, inputs):
            kernel.fit(given)
        near = np.empty((len(numbers), len(numbers)), dtype=np.float32)
        for begin in range(0, len(numbers), ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            near[rows] = self._nearness([given[rows] for given in inputs])
        near.flat[:: len(near) + 1] += self._ridge
        # The matrix is its own transpose; LAPACK works in place on that side of it, without copies of 300 MB.
        factor = cho_factor(near.T, overwrite_a=True)
        wanted = np.eye(len(self.classes), dtype=np.float32)[numbers]
        self._weights = cho_solve(factor, wanted).astype(np.float32)
        inverse, failed = spotri(factor[0], lower=factor[1], overwrite_c=True)
        assert not failed, "a matrix that was factored is inverted"
        # The answer for each sentence of a regression that has not seen it (exact, not sampled).
        self.left_out = wanted - self._weights / inverse.diagonal()[:, np.newaxis]
        honest = np.arange(len(numbers)) if unseen is None or not unseen.any() else np.flatnonzero(unseen)
        self._sharpness = self._calibrated(honest, numbers[honest])
        return self

    def _calibrated(self, rows: np.ndarray, numbers: np.ndarray) -> float:
        """What scores are multiplied by before the softmax, for these left-out sentences to be the most likely."""
        scores, places = self.left_out[rows], np.arange(len(rows))
        return float(
            minimize_scalar(
                lambda sharpness: -log_softmax(scores * sharpness, axis=1)[places, numbers].mean(),
                bounds=(1, 60),
                method="bounded",
            ).x
        )

    def chances(self, inputs: Sequence[Any]) -> np.ndarray:
        """One row a sentence, one column a class (in the order of `classes`); each row sums to 1."""
        return softmax(self._nearness(inputs) @ self._weights * self._sharpness, axis=1)

    def left_out_chances(self) -> np.ndarray:
        """The same for each training sentence, by a regression that has not seen it."""
        return softmax(self.left_out * self._sharpness, axis=1)

    def _nearness(self, inputs: Sequence[Any]) -> np.ndarray:
        total: np.ndarray | float = 0.0
        for kernel, share, given in zip(self._kernels, self._shares, inputs):
            near = kernel.nearness(given)
            near *= share
            total += near
        return total

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "left_out"}

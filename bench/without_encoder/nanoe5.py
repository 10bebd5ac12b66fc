"""Stands before the real library on the path of the last part of `make bench`: no dense features.

Every text means the same, at once: a model trained with it, as the bench does, goes by letters and words alone.
"""

from __future__ import annotations

import numpy as np


class E5:
    def __init__(self, num_threads: int) -> None:
        pass

    def query(self, texts: list[str]) -> np.ndarray:
        return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)

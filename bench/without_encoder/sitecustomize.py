"""Python reads this first in the last part of `make bench`: no dense features.

Every text means the same, at once: a model trained with it, as the bench does, goes by letters and words alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlu import encoder


def nothing(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)


encoder.vectors = nothing

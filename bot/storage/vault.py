"""Files are kept sealed: who copies the database without the key has nothing."""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class CannotOpen(Exception):
    """The key is another one, or what was sealed was changed or moved."""


class Vault:
    """Seals and opens with AES-256-GCM. `largest` is the most bytes a file may have."""

    def __init__(self, secret: str, largest: int) -> None:
        self.largest = largest
        # The secret is long and random already: it is only brought to the length of a key.
        self._cipher = AESGCM(hashlib.sha256(secret.encode()).digest())

    def seal(self, content: bytes, about: str) -> bytes:
        """`about` says what the content belongs to, and is needed to open it: sealed bytes cannot change owner."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed.

        Raises:
            CannotOpen: see there.
        """
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())
        except InvalidTag as error:
            raise CannotOpen from error

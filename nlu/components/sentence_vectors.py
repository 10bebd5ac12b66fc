"""A small pretrained encoder reads the whole sentence: what our few thousand sentences cannot teach.

The encoder is `nlu/encoder.py`. What it earns and costs is in docs/decisions/0014-an-encoder-beside-the-words.md.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Text

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import encoder

ENCODER = "e5"
"""The origin of the features this component adds."""

READ_AT_ONCE = 256


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceVectors(GraphComponent):
    """Adds to each message the dense feature of its sentence: 384 numbers, of length 1."""

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceVectors:
        return cls()

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[Text]:
        """The encoder is not in this file: without this, Rasa would keep an old training."""
        return hashlib.sha256(Path(encoder.__file__).read_bytes() + encoder.TUNED.read_bytes()).hexdigest()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        # Of the same length together: a batch is as slow as its longest text.
        examples = sorted(training_data.intent_examples, key=lambda example: len(example.get(TEXT)))
        for begin in range(0, len(examples), READ_AT_ONCE):
            self.process(examples[begin : begin + READ_AT_ONCE])
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        unread = []
        for message in messages:
            vector = _taken_from(message)
            if vector is not None:
                _add(message, vector)
            elif message.get(TEXT):
                unread.append(message)
        if unread:
            for message, vector in zip(unread, encoder.vectors([message.get(TEXT) for message in unread])):
                _add(message, vector)
        return messages


def _taken_from(message: Message) -> Optional[np.ndarray]:
    """The vector the service sent with the message; taken out, so that the tracker does not keep it."""
    packed = (message.get("metadata") or {}).pop(encoder.METADATA, None)
    return encoder.unpacked(packed) if packed else None


def _add(message: Message, vector: np.ndarray) -> None:
    message.add_features(Features(vector[np.newaxis], FEATURE_TYPE_SENTENCE, TEXT, ENCODER))

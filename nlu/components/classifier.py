"""The intent classifier: kernel ridge regression on letters, words and a sentence encoder.

How it was chosen, and against what: docs/decisions/0014-an-encoder-beside-the-words.md.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Text

import joblib
import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import encoder
from nlu.components import kernels
from nlu.components.kernels import KernelRidge, LettersAndWords, Meaning
from nlu.components.sentence_vectors import ENCODER
from nlu.langue import fold

FILE = "classifier.joblib"
SHARES = (0.4, 0.6)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class KernelClassifier(GraphComponent, IntentClassifier):
    """Reads the text as the normaliser left it, without accents, and the vectors of `SentenceVectors`."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"ridge": 0.1, "ranking_length": 10}

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KernelClassifier:
        return cls(config, model_storage, resource, None)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> KernelClassifier:
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, joblib.load(folder / FILE))

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[Text]:
        """The regression is not in this file: without this, Rasa would keep an old training."""
        return hashlib.sha256(Path(kernels.__file__).read_bytes()).hexdigest()

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        regression: Optional[KernelRidge],
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._regression = regression

    def train(self, training_data: TrainingData) -> Resource:
        examples = training_data.intent_examples
        self._regression = KernelRidge([LettersAndWords(), Meaning()], SHARES, self._config["ridge"]).fit(
            self._inputs(examples),
            [example.get(INTENT) for example in examples],
            np.array([encoder.kept_apart(example.get(TEXT)) for example in examples]),
        )
        with self._model_storage.write_to(self._resource) as folder:
            joblib.dump(self._regression, folder / FILE, compress=3)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        assert self._regression is not None, "the classifier is trained or loaded before it is used"
        read = [message for message in messages if message.get(TEXT)]
        if not read:
            return messages
        for message, row in zip(read, self._regression.chances(self._inputs(read))):
            ranking = [
                {INTENT_NAME_KEY: str(self._regression.classes[number]), PREDICTED_CONFIDENCE_KEY: float(row[number])}
                for number in np.argsort(-row)[: self._config["ranking_length"]]
            ]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    @staticmethod
    def _inputs(messages: List[Message]) -> List[Any]:
        texts = [fold(message.get(TEXT)) for message in messages]
        vectors = [message.get_dense_features(TEXT, [ENCODER])[1].features for message in messages]
        return [texts, np.vstack(vectors)]

"""A pipeline component: the model reads text-message French in its plain form."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

import nlu.langue
from nlu.langue import normalise


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Replaces a message's text by its normalised form; the service keeps the raw one."""

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Normaliser:
        return cls()

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[Text]:
        """The lexicon and the rules are not in this file: without this, Rasa would keep an old training."""
        digest = hashlib.sha256()
        for file in sorted(Path(nlu.langue.__file__).parent.glob("*.*")):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self._normalise(training_data.training_examples)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        self._normalise(messages)
        return messages

    @staticmethod
    def _normalise(messages: List[Message]) -> None:
        for message in messages:
            raw = message.get(TEXT)
            if raw:
                # A text of signs alone may normalise to nothing; the tokenizer needs something to read.
                message.set(TEXT, normalise(raw).text or raw, add_to_output=False)

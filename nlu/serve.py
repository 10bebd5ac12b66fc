"""Run Rasa's own command line, with two small changes at its start.

1. Each action call spent 10.5 ms in jsonschema checking its own schema; a compiled validator takes 0.01 ms.
2. Rasa dies with the process that started it, so that its port is free when the service starts again.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Any, Dict, Text

from jsonschema import Draft202012Validator, ValidationError
from rasa.core.actions.action import RemoteAction

PR_SET_PDEATHSIG = 1


def compile_action_validator() -> None:
    """Validate what actions answer with a validator compiled once, on the same schema as Rasa's."""
    validator = Draft202012Validator(RemoteAction.action_response_format_spec())

    def validate(self: RemoteAction, result: Dict[Text, Any]) -> bool:
        try:
            validator.validate(result)
        except ValidationError as error:
            error.message += (
                ". Failed to validate Action server response from API, make sure your response from the "
                "Action endpoint is valid."
            )
            raise
        return True

    RemoteAction._validate_action_result = validate


def die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    die_with_parent()
    compile_action_validator()
    from rasa.__main__ import main

    main()

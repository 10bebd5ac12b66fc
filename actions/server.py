"""The actions as a route of the service's own app: loopback, a token, no server of rasa-sdk's."""

from __future__ import annotations

import hmac
from inspect import isabstract
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions import appointments, conversation, humans, needs, places, rights, service, workshops
from actions.turn_action import TurnAction
from bot.clock import Clock
from bot.errors import ClosedTurn
from bot.storage.database import Database

log = structlog.get_logger(__name__)
MODULES = (appointments, conversation, humans, needs, places, rights, service, workshops)


def action_classes() -> list[type[TurnAction]]:
    """Every action, by module, in the order they are written."""
    return [
        item
        for module in MODULES
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, TurnAction)
        and item.__module__ == module.__name__
        and not isabstract(item)
    ]


def router_for(database: Database, clock: Clock, token: str) -> APIRouter:
    """The route Rasa calls: `POST /actions?token=…`, in rasa-sdk's protocol."""
    executor = ActionExecutor()
    for action in action_classes():
        executor.register_action(action(database, clock))
    router = APIRouter()

    @router.post("/actions")
    async def run(request: Request) -> JSONResponse:
        given = request.query_params.get("token", "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(401)
        call: dict[str, Any] = await request.json()
        # rasa-sdk 3.21 answers 449 when Rasa 3.6 leaves the domain out.
        call.setdefault("domain", {})
        try:
            result = await executor.run(call)
        except ActionExecutionRejection as rejection:
            return JSONResponse({"action_name": rejection.action_name, "error": rejection.message}, status_code=400)
        except ActionNotFoundException as missing:
            return JSONResponse({"action_name": missing.action_name, "error": "not found"}, status_code=404)
        except ClosedTurn:
            log.info("action refused, its turn is closed", action=call.get("next_action"))
            return JSONResponse({"error": "turn closed"}, status_code=409)
        assert result is not None, "Rasa always names the action"
        return JSONResponse(result.model_dump())

    return router

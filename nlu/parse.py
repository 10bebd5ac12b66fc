"""Read texts as JSON strings, one a line; write their intent and confidence, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import sys

from rasa.core.agent import Agent


async def main(model: str) -> None:
    agent = Agent.load(model)
    for line in sys.stdin:
        parsed = await agent.parse_message(json.loads(line))
        intent = parsed["intent"]
        print(json.dumps({"intent": intent["name"], "confidence": round(float(intent["confidence"]), 4)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

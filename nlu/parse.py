"""Read texts as JSON strings, one a line; write their intent and confidence, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import sys

from rasa.core.agent import Agent


async def main(model: str) -> None:
    # Rasa writes lines of its own on stdout; the answers must be alone there.
    out, sys.stdout = sys.stdout, sys.stderr
    agent = Agent.load(model)
    for line in sys.stdin:
        parsed = await agent.parse_message(json.loads(line))
        intent = parsed["intent"]
        answer = {"intent": intent["name"], "confidence": round(float(intent["confidence"]), 4)}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

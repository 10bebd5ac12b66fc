"""Read texts as JSON strings, one a line; write what the model makes of each, one JSON object a line.

`intent` is the likeliest; `understood` is false where it is too unlikely, or too near the second, to be acted on.
"""

from __future__ import annotations

import asyncio
import json
import sys

from rasa.core.agent import Agent

FALLBACK = "nlu_fallback"


async def main(model: str) -> None:
    # Rasa writes lines of its own on stdout; the answers must be alone there.
    out, sys.stdout = sys.stdout, sys.stderr
    agent = Agent.load(model)
    for line in sys.stdin:
        parsed = await agent.parse_message(json.loads(line))
        # A text of nothing has no likeliest intent.
        likely = next((one for one in parsed["intent_ranking"] if one["name"] != FALLBACK), parsed["intent"])
        answer = {
            "intent": likely["name"],
            "confidence": round(float(likely["confidence"]), 4),
            "understood": parsed["intent"]["name"] != FALLBACK,
        }
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

"""How fast it is, on this machine: `make bench`. Never a timed test: what it prints depends on the machine."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bench import pages, reading, telegram
from tests.world import make_template


def main() -> None:
    reading.run()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = make_template(folder)
        asyncio.run(telegram.run(folder, template))
        asyncio.run(pages.run(folder, template))


if __name__ == "__main__":
    main()

"""`rasa data validate --fail-on-warnings`, on the same files as the training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bot import training


def main() -> int:
    command = [
        str(training.RASA),
        "data",
        "validate",
        "--fail-on-warnings",
        "--config",
        "config.yml",
        "--domain",
        str(training.domain_folder(Path("var").resolve())),
        "--data",
        "data/nlu",
        "data/rules",
    ]
    return subprocess.run(command, cwd=training.ROOT, env=training.rasa_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Starts Rasa by forking a process that has imported it: importing it takes four fifths of its start.

Run by Rasa's own Python. Each line of standard input is one process to start, in JSON: `arguments`, `environment` and
`log`; its number is answered. It ends, and so do they, with its standard input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from nlu import serve


def become_rasa(wanted: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.argv = ["rasa", *wanted["arguments"]]
    serve.main()


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            become_rasa(json.loads(line))
            break
        print(process, flush=True)

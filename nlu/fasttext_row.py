"""fastText's row of the table, in an environment of its own: trained on a file, it answers the texts of its input."""

from __future__ import annotations

import json
import os
import resource
import sys
import time

import fasttext


def main(training: str, model_path: str) -> None:
    begin = time.process_time()
    model = fasttext.train_supervised(
        training, epoch=50, lr=0.5, wordNgrams=2, minn=2, maxn=5, dim=100, bucket=200_000, thread=1, verbose=0
    )
    seconds = time.process_time() - begin
    model.save_model(model_path)
    found, milliseconds = [], []
    for text in json.load(sys.stdin):
        begin = time.process_time()
        labels = model.f.predict(text + "\n", 1, 0.0, "strict")  # its own `predict` breaks on today's numpy
        milliseconds.append((time.process_time() - begin) * 1000)
        found.append(labels[0][1].removeprefix("__label__"))
    told = {
        "found": found,
        "milliseconds": milliseconds,
        "seconds": seconds,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "size": os.path.getsize(model_path),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

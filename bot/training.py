"""Train Rasa's model, once for the same data, configuration, components and lock; and say which one is in service.

`promeneurs-<what we ship>` is made of the files of this repository. `promeneurs-<what we ship>-<what was taught>`
learnt the sentences of the structures too (taught.py): it is put in service by someone, once compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot import comparison, taught, texts
from bot.domain.conversations import Say
from bot.taught import Lesson

ROOT = Path(__file__).parent.parent
RASA = ROOT / "nlu" / ".venv" / "bin" / "rasa"
DATA = ROOT / "data"
HELD_OUT = ROOT / "tests" / "nlu"
WHAT_COUNTS = (
    "config.yml",
    "domain.yml",
    "nlu/components/*.py",
    "nlu/encoder.py",
    "nlu/tuned.npz",
    "nlu/langue/*",
    "nlu/uv.lock",
)
DATA_THAT_COUNTS = ("nlu/*.yml", "rules/*.yml", "stories/*.yml")
IN_SERVICE = "in-service.json"


class TrainingFailed(Exception):
    """Rasa could not train, or a model be compared; the message is the path of the output, which says why."""


class NoSuchModel(Exception):
    """There is no model of that name, or it is of another version of this code."""


@dataclass(frozen=True)
class Taught:
    """What the structures teach: files that can be read, their lessons, and a sentence for each that cannot."""

    files: tuple[Path, ...]
    lessons: tuple[Lesson, ...]
    problems: tuple[str, ...]


def fingerprint(data: Path = DATA) -> str:
    """A hash of everything the model is made of, but for what was taught."""
    digest = hashlib.sha256()
    for base, patterns in ((ROOT, WHAT_COUNTS), (data, DATA_THAT_COUNTS)):
        for pattern in patterns:
            for file in sorted(base.glob(pattern)):
                if file.is_file():
                    digest.update(str(file.relative_to(base)).encode())
                    digest.update(file.read_bytes())
    digest.update(_named_responses().encode())
    return digest.hexdigest()[:16]


def shipped_name(data: Path = DATA) -> str:
    return f"promeneurs-{fingerprint(data)}"


def taught_name(learnt: Taught, data: Path = DATA) -> str:
    """The name of the model that learns `learnt` too."""
    digest = hashlib.sha256()
    for file in learnt.files:
        digest.update(file.read_bytes())
    return f"{shipped_name(data)}-{digest.hexdigest()[:8]}" if learnt.files else shipped_name(data)


def what_is_taught(var: Path) -> Taught:
    """What every structure teaches; a file that cannot be read is left out, and said."""
    known = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["intents"]
    read: list[Path] = []
    lessons: list[Lesson] = []
    problems: list[str] = []
    for file in taught.files(var):
        try:
            found = taught.read(file, known)
        except taught.TaughtUnreadable as problem:
            problems.append(str(problem))
            continue
        if found:
            read.append(file)
            lessons += found
    return Taught(tuple(read), tuple(lessons), tuple(problems))


def rasa_environment() -> dict[str, str]:
    """The environment of any Rasa command: it never calls home, and uses one thread a core at most."""
    return os.environ | {
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "SQLALCHEMY_WARN_20": "0",
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": str(ROOT),
    }


def domain_folder(var: Path) -> Path:
    """A folder with the domain and the names of the responses.

    Rasa knows no words: it would pick a variant at random. What it "says" is a name, as an action's is; the service
    finds the words. A changed word therefore does not train anything again.
    """
    folder = var / "domain"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "domain.yml", folder / "domain.yml")
    (folder / "responses.yml").write_text(_named_responses(), encoding="utf-8")
    return folder


def _named_responses() -> str:
    named = {name: [{"custom": {"say": [Say(name).to_json()]}}] for name in sorted(texts.responses())}
    return yaml.safe_dump({"version": "3.1", "responses": named})


def train(var: Path, learnt: Taught | None = None, *, data: Path = DATA) -> Path:
    """The model of the present data, and of what was `learnt`; trained if it is not there yet.

    Models that nothing can use any more are removed. `data` is another folder in tests, with fewer sentences.

    Raises:
        TrainingFailed: Rasa could not train.
    """
    name = taught_name(learnt, data) if learnt else shipped_name(data)
    path = _path(var, name)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [
        str(RASA),
        "train",
        "--config",
        "config.yml",
        "--domain",
        str(domain_folder(var.resolve())),
        "--data",
        str(data / "nlu"),
        str(data / "rules"),
        *(str(file.resolve()) for file in (learnt.files if learnt else ())),
        "--out",
        str(path.parent.resolve()),
        "--fixed-model-name",
        "training",
    ]
    log = var / "train.log"
    with log.open("wb") as output:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=rasa_environment() | _placeholders() | _every_core(),
            stdout=output,
            stderr=output,
            check=False,
        )
    trained = path.parent / "training.tar.gz"
    if result.returncode or not trained.exists():
        raise TrainingFailed(str(log))
    trained.replace(path)
    _throw_old_away(var, {name, shipped_name(data), *_record(var).values()}, shipped_name(data))
    return path


def _placeholders() -> dict[str, str]:
    """endpoints.yml names these; training uses neither."""
    return {"ACTIONS_URL": "http://127.0.0.1:1/actions", "RASA_TRACKER_PATH": os.devnull}


def _every_core() -> dict[str, str]:
    """Nobody waits for an answer meanwhile: the encoder reads on all cores, the regression is solved on all."""
    cores = str(os.cpu_count() or 1)
    return {"OMP_NUM_THREADS": cores, "OPENBLAS_NUM_THREADS": cores}


def _throw_old_away(var: Path, useful: set[str | None], shipped: str) -> None:
    for old in (var / "models").glob("promeneurs-*.tar.gz"):
        name = old.name.removesuffix(".tar.gz")
        if name not in useful or not name.startswith(shipped):
            old.unlink()


# ── The model in service ─────────────────────────────────────────────────────────────────────


def model_path(var: Path, *, data: Path = DATA) -> Path:
    """The model in service: the one somebody chose while it is of the present code and data, or else the shipped."""
    shipped, chosen = shipped_name(data), _record(var).get("model")
    if chosen and chosen.startswith(shipped) and _path(var, chosen).exists():
        return _path(var, chosen)
    return _path(var, shipped)


def chosen(var: Path) -> str | None:
    """The name last put in service, as it is written: cheap to look at again and again."""
    return _record(var).get("model")


def models(var: Path) -> list[str]:
    """Those that may be put in service, the newest first."""
    found = sorted((var / "models").glob(f"{shipped_name()}*.tar.gz"), key=lambda file: -file.stat().st_mtime)
    return [file.name.removesuffix(".tar.gz") for file in found]


def use(var: Path, name: str, *, data: Path = DATA) -> None:
    """Put a model in service; the one that was is what `back` returns to. A running Rasa starts again on it.

    Raises:
        NoSuchModel: there is none of that name, or it is not of the present code and data.
    """
    if not name.startswith(shipped_name(data)) or not _path(var, name).exists():
        raise NoSuchModel(name)
    before = model_path(var, data=data).name.removesuffix(".tar.gz")
    if name != before:
        _write_record(var, {"model": name, "previous": before})


def back(var: Path, *, data: Path = DATA) -> str:
    """Return to the model that was in service before; its name.

    Raises:
        NoSuchModel: there was none, or it is not of the present code and data.
    """
    previous = _record(var).get("previous") or ""
    use(var, previous, data=data)
    return previous


def _path(var: Path, name: str) -> Path:
    return var / "models" / f"{name}.tar.gz"


def _record(var: Path) -> dict[str, str | None]:
    try:
        found: dict[str, str | None] = json.loads((var / "models" / IN_SERVICE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _write_record(var: Path, record: dict[str, str | None]) -> None:
    file = var / "models" / IN_SERVICE
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(file)


# ── Two models compared ──────────────────────────────────────────────────────────────────────


def compare(
    var: Path, before: Path, after: Path, lessons: Sequence[Lesson], *, held_out: Path = HELD_OUT
) -> dict[str, Any]:
    """Ask both models the held-out sentences and the lessons; the figures, also kept in var/reports.

    Raises:
        TrainingFailed: a model could not be asked.
    """
    report = reports(var)
    report.mkdir(parents=True, exist_ok=True)
    command = [
        *(str(RASA.parent / "python"), "-W", "ignore", "-m", "nlu.compare"),
        *("--before", str(before.resolve()), "--after", str(after.resolve()), "--held-out", str(held_out)),
    ]
    asked = json.dumps([{"text": lesson.sentence, "intent": lesson.intent} for lesson in lessons])
    log = var / "compare.log"
    with log.open("wb") as errors:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=rasa_environment(),
            input=asked.encode(),
            stdout=subprocess.PIPE,
            stderr=errors,
            check=False,
        )
    if result.returncode:
        raise TrainingFailed(str(log))
    figures: dict[str, Any] = json.loads(result.stdout) | {"model": after.name.removesuffix(".tar.gz")}
    (report / comparison.FILE).write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    return figures


def reports(var: Path) -> Path:
    return var / "reports"

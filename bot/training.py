"""Train Rasa's model, once for the same data, configuration, components and lock."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import yaml

from bot import texts
from bot.domain.conversations import Say

ROOT = Path(__file__).parent.parent
RASA = ROOT / "nlu" / ".venv" / "bin" / "rasa"
WHAT_COUNTS = (
    "config.yml",
    "domain.yml",
    "data/nlu/*.yml",
    "data/rules/*.yml",
    "data/stories/*.yml",
    "nlu/components/*.py",
    "nlu/encoder.py",
    "nlu/langue/*",
    "nlu/uv.lock",
)


class TrainingFailed(Exception):
    """Rasa could not train; the message is the path of its own output, which says why."""


def fingerprint() -> str:
    """A hash of everything the model is made of."""
    digest = hashlib.sha256()
    for pattern in WHAT_COUNTS:
        for file in sorted(ROOT.glob(pattern)):
            if file.is_file():
                digest.update(str(file.relative_to(ROOT)).encode())
                digest.update(file.read_bytes())
    digest.update(_named_responses().encode())
    return digest.hexdigest()[:16]


def model_path(var: Path) -> Path:
    return var / "models" / f"promeneurs-{fingerprint()}.tar.gz"


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


def train(var: Path) -> Path:
    """The model of the present data; trained if it is not there yet. Old models are removed.

    Raises:
        TrainingFailed: Rasa could not train.
    """
    path = model_path(var)
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
        "data/nlu",
        "data/rules",
        "--out",
        str(path.parent.resolve()),
        "--fixed-model-name",
        "training",
    ]
    log = var / "train.log"
    with log.open("wb") as output:
        result = subprocess.run(
            command, cwd=ROOT, env=rasa_environment() | _placeholders(), stdout=output, stderr=output, check=False
        )
    trained = path.parent / "training.tar.gz"
    if result.returncode or not trained.exists():
        raise TrainingFailed(str(log))
    for old in path.parent.glob("promeneurs-*.tar.gz"):
        old.unlink()
    trained.replace(path)
    return path


def _placeholders() -> dict[str, str]:
    """endpoints.yml names these; training uses neither."""
    return {"ACTIONS_URL": "http://127.0.0.1:1/actions", "RASA_TRACKER_PATH": os.devnull}

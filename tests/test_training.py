"""The model in service: chosen by someone, taken by Rasa as soon as it is, and given back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot import comparison, running, taught, training
from bot.settings import Settings

FIGURES = {
    "model": "promeneurs-new",
    "before": {"accuracy": 0.9},
    "after": {"accuracy": 0.925},
    "sentences": 40,
    "better": [{"text": "une trott", "intent": "need_mobility", "was": "need_job", "now": "need_mobility"}],
    "worse": [],
    "intents": [{"intent": "need_mobility", "sentences": 12, "was": 10, "now": 11}],
    "taught": {"sentences": 2, "was": 0, "now": 2, "missed": []},
}


def _model(var: Path, suffix: str) -> str:
    name = f"{training.shipped_name()}{suffix}"
    (var / "models").mkdir(exist_ok=True)
    (var / "models" / f"{name}.tar.gz").touch()
    return name


def test_another_model_is_used_and_the_one_before_comes_back(tmp_path: Path) -> None:
    shipped, first, second = (_model(tmp_path, suffix) for suffix in ("", "-11111111", "-22222222"))
    for name in (first, second):
        training.use(tmp_path, name)
        assert training.model_path(tmp_path).name == f"{name}.tar.gz"
    assert training.back(tmp_path) == first
    assert training.back(tmp_path) == second, "back twice is where one was"
    (tmp_path / "models" / f"{second}.tar.gz").unlink()
    assert training.model_path(tmp_path).name == f"{shipped}.tar.gz", "what is gone is not waited for"


def test_a_record_that_cannot_be_read_leaves_the_shipped_model(tmp_path: Path) -> None:
    shipped = _model(tmp_path, "")
    (tmp_path / "models" / training.IN_SERVICE).write_text("{", encoding="utf-8")
    assert training.model_path(tmp_path).name == f"{shipped}.tar.gz"


async def test_rasa_is_stopped_when_another_model_is_put_in_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LOOK_SECONDS", 0.02)
    settings = Settings(_env_file=None, var=tmp_path)  # type: ignore[call-arg]
    name = _model(tmp_path, "-11111111")
    process = await asyncio.create_subprocess_exec("sleep", "60")
    watching = asyncio.create_task(running._ends_or_changes(process, settings, training.chosen(tmp_path)))
    await asyncio.sleep(0.1)
    assert not watching.done()
    training.use(tmp_path, name)
    assert await asyncio.wait_for(watching, 60) is True
    process.terminate()
    assert await running._ends_or_changes(process, settings, name) is False, "it ended by itself"


def test_the_report_says_what_got_better_and_worse(tmp_path: Path) -> None:
    report = comparison.write(tmp_path, FIGURES, ["a.yml : n'est pas un fichier de phrases."]).read_text("utf-8")
    assert "Sur 40 phrases de contrôle : 1 mieux comprises, 0 moins bien." in report
    assert "Bien comprises en tout : 90,0 % avant, 92,5 % après." in report
    assert "« une trott » : Permis, transport. Lu Travail, stage, CV avant, Permis, transport après." in report
    assert "| Permis, transport | 12 | 10 | 11 |" in report
    assert "Laissé de côté. a.yml" in report
    (tmp_path / comparison.FILE).write_text(json.dumps(FIGURES), encoding="utf-8")
    assert comparison.read(tmp_path) == FIGURES
    assert comparison.read(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("nlu: [", "n'est pas un fichier de phrases"),
        ("nlu:\n- intent: greet\n", "n'est pas un fichier de phrases"),
        ("- rien", "n'est pas un fichier de phrases"),
        (
            "nlu:\n- intent: fly_to_the_moon\n  examples: |\n    - salut\n",
            "« fly_to_the_moon » n'est pas un sens connu",
        ),
    ],
)
def test_a_file_that_cannot_be_learnt_is_left_out_and_said(tmp_path: Path, content: str, why: str) -> None:
    taught.write(tmp_path, "ml-demo", [taught.Lesson("greet", "wesh: la #team, bien - ou bien ?")])
    wrong = taught.folder(tmp_path, "ml-demo") / "a-la-main.yml"
    wrong.write_text(content, encoding="utf-8")
    learnt = training.what_is_taught(tmp_path)
    assert [one.sentence for one in learnt.lessons] == ["wesh: la #team, bien - ou bien ?"]
    [problem] = learnt.problems
    assert why in problem
    assert wrong.read_text(encoding="utf-8") == content


def test_a_model_of_another_version_is_never_put_in_service(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    for name in ("promeneurs-0000000000000000-12345678", "../escape"):
        (tmp_path / "models" / f"{name}.tar.gz").touch()
        with pytest.raises(training.NoSuchModel):
            training.use(tmp_path, name)
    with pytest.raises(training.NoSuchModel):
        training.back(tmp_path)
    assert training.model_path(tmp_path).name == f"{training.shipped_name()}.tar.gz"

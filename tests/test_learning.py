"""The correction loop: misunderstood, put right in the console, exported, trained again, understood.

On a few sentences of data/nlu: a whole training takes minutes.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from bot import comparison, training
from bot.clock import ShiftedClock
from bot.domain.misunderstandings import Cause
from bot.services import misunderstood
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.tables import Misread
from tests.console.desk import CHEAP, Desk, hash_with
from tests.factories import NOW, open_turn, young_person

FEW = ("ask_place", "book_appointment", "greet", "need_mobility", "request_human", "thank")
SENTENCES = 20
# No sentence of the few says "trott": what the model makes of it is a guess, and a wrong one.
WRITTEN = "ya moyen davoir une trott pr le taf ?"
REWRITTEN = "une trottinette pour aller au travail, c'est possible ?"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder like data/, with a few intents and some sentences of each."""
    folder = tmp_path / "data"
    for part in ("nlu", "rules"):
        (folder / part).mkdir(parents=True)
    blocks, rules = [], []
    for file in sorted((training.DATA / "nlu").glob("*.yml")):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            lines = [line for line in block["examples"].splitlines() if "trott" not in line]
            if block["intent"] in FEW:
                blocks.append({"intent": block["intent"], "examples": "\n".join(lines[:SENTENCES])})
    for file in sorted((training.DATA / "rules").glob("*.yml")):
        found = yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]
        rules += [rule for rule in found if {step.get("intent") for step in rule["steps"]} & {*FEW, "nlu_fallback"}]
    (folder / "nlu" / "few.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}), encoding="utf-8")
    (folder / "rules" / "few.yml").write_text(yaml.safe_dump({"version": "3.1", "rules": rules}), encoding="utf-8")
    return folder


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    """Their own message is the control: it is in no training."""
    file = tmp_path / "held-out.yml"
    blocks = [
        {"intent": "need_mobility", "examples": f"- {WRITTEN}\n- le permis ça coûte combien"},
        {"intent": "greet", "examples": "- salut salut"},
    ]
    file.write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}), encoding="utf-8")
    return file


@pytest.fixture
async def desk(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    hash_with(monkeypatch, CHEAP)
    shutil.copy(template, tmp_path / "promeneurs.db")
    ShiftedClock(tmp_path / "clock").move_to(NOW)
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None, var=tmp_path, clock_file=tmp_path / "clock", public_url="https://desk.test"
    )
    database = Database(settings.database_url)
    async with Desk(settings, database) as opened:
        yield opened
    await database.close()


async def test_a_message_misunderstood_then_put_right_is_understood(desk: Desk, data: Path, held_out: Path) -> None:
    var = desk.settings.var
    before = await asyncio.to_thread(training.train, var, data=data)
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, structure="ml-demo")
        turn = await open_turn(session, young)
        turn.text, turn.teachable, turn.intent, turn.confidence = WRITTEN, True, "ask_place", 0.3
        await misunderstood.keep(session, young, turn, Cause.NOT_UNDERSTOOD, NOW)
        number = (await session.scalars(select(Misread.id))).one()

    claire = await desk.logged_in("claire")
    assert WRITTEN in (await claire.get("/console/incompris")).text
    answer = await claire.submit(
        "/console/incompris", f"/console/incompris/{number}", intent="need_mobility", sentence=REWRITTEN
    )
    assert answer.status_code == 303

    learnt = training.what_is_taught(var)
    assert [(one.intent, one.sentence) for one in learnt.lessons] == [("need_mobility", REWRITTEN)]
    after = await asyncio.to_thread(training.train, var, learnt, data=data)
    figures = await asyncio.to_thread(training.compare, var, before, after, learnt.lessons, held_out=held_out)
    [better] = [row for row in figures["better"] if row["text"] == WRITTEN]
    assert (better["was"] != "need_mobility", better["now"]) == (True, "need_mobility")
    assert figures["taught"] == {"sentences": 1, "was": figures["taught"]["was"], "now": 1, "missed": []}

    assert training.model_path(var, data=data) == before, "nothing is in service before somebody says so"
    training.use(var, figures["model"], data=data)
    assert training.model_path(var, data=data) == after
    assert "(en service)" in (await claire.get("/console/incompris")).text
    training.back(var, data=data)
    assert training.model_path(var, data=data) == before
    report = comparison.write(training.reports(var), figures).read_text(encoding="utf-8")
    assert f"« {WRITTEN} » : Permis, transport." in report

"""The scenes of tests/conversations/*.yml, on the trained model, through Telegram over HTTP.

A scene is a date, a few people, and steps that read as a conversation. See tests/conversations/README.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.scene import Scene, moment
from tests.world import RasaProcess, open_service

FOLDER = Path(__file__).parent / "conversations"
SCENES = sorted(FOLDER.glob("*.yml"))


@pytest.mark.parametrize("file", SCENES, ids=[file.stem for file in SCENES])
async def test_scene(file: Path, tmp_path: Path, template: Path, rasa: RasaProcess) -> None:
    story = yaml.safe_load(file.read_text(encoding="utf-8"))
    now = moment(story["now"])
    await rasa.ready()
    async with open_service(
        tmp_path / "service", template, rasa.url, rasa.settings.port, now, **story.get("settings", {})
    ) as service:
        await Scene(service, rasa).play(story)

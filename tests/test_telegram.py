"""Telegram's two roads, without Rasa: what comes in is kept before it is acknowledged, what goes out obeys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.domain.calendar import PARIS
from bot.storage.tables import ChannelIdentity, InboxRow, OutboxRow
from tests.fakes.bot_api import Fault
from tests.world import SECRET, Service, free_port, open_service

NOW = datetime(2027, 3, 9, 10, tzinfo=PARIS)


@pytest.fixture(params=["polling", "webhook"])
async def service(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> AsyncIterator[Service]:
    """The service's own processes, with no Rasa behind them."""
    nobody = f"http://127.0.0.1:{free_port()}"
    mode = {"TELEGRAM_MODE": request.param}
    async with open_service(tmp_path / "service", template, nobody, free_port(), NOW, **mode) as opened:
        opened.start("web")
        await opened.web_ready()
        opened.start("worker")
        await opened.api.until(lambda: opened.api.profile.get("commands"), 30)
        yield opened


async def rows(service: Service, table: Any) -> list[Any]:
    async with service.database.read_only() as session:
        return list((await session.scalars(select(table).order_by(table.id))).all())


async def test_an_update_that_cannot_be_read_between_two_good_ones(service: Service) -> None:
    lea = service.api.user("Léa")
    await lea.says("/aide")
    service.api.push_raw({"message": {"message_id": "?", "date": [], "chat": 12, "text": {"secret": "words"}}})
    await lea.says("/confidentialite")
    await service.quiet()
    inbox = await rows(service, InboxRow)
    assert [bool(row.set_aside) for row in inbox] == [False, True, False]
    assert {row.turn_id is not None for row in inbox if not row.set_aside} == {True}
    assert any("/humain" in message.text for message in lea.received)
    async with httpx.AsyncClient(trust_env=False) as http:
        address, token = f"http://127.0.0.1:{service.port}/metrics", {"Authorization": "Bearer local"}
        metrics = (await http.get(address, headers=token)).text
    assert "promeneurs_inbox_set_aside 1.0" in metrics
    assert "secret" not in service.read_log("worker") + service.read_log("web")


async def test_updates_out_of_order_are_all_answered_once(service: Service) -> None:
    lea, tom = service.api.user("Léa"), service.api.user("Tom")
    service.api.shuffle_next(2)
    await lea.says("/aide")
    await tom.says("/aide")
    await service.quiet()
    assert len(lea.received) == len(tom.received) > 0
    assert len(await rows(service, InboxRow)) == 2


async def test_retry_after_is_obeyed_and_errors_are_tried_again(service: Service) -> None:
    lea = service.api.user("Léa")
    service.api.script("sendMessage", Fault(status=429, retry_after=1))
    service.api.script("sendMessage", Fault(status=502), times=2)
    await lea.says("/aide")
    await service.quiet()
    assert len(lea.received) == len({message.text for message in lea.received}) > 0


async def test_who_blocked_the_bot_is_unreachable_until_they_write_again(service: Service) -> None:
    lea = service.api.user("Léa")
    await lea.says("/aide")
    await service.quiet()
    await lea.blocks()
    await service.quiet()
    (identity,) = await rows(service, ChannelIdentity)
    assert identity.unreachable_at is not None
    await lea.unblocks()
    await lea.says("/aide")
    await service.quiet()
    (identity,) = await rows(service, ChannelIdentity)
    assert identity.unreachable_at is None


async def test_the_description_is_there_when_the_service_is_down(service: Service) -> None:
    description = str(service.api.profile["description"])
    for word in ("robot", "pas un service d'urgence", "15", "112", "114"):
        assert word in description


async def test_without_rasa_there_is_always_an_answer(service: Service) -> None:
    """The menu, a booking, a human and safety."""
    lea = service.api.user("Léa")
    await lea.says("blabla")
    await lea.waits_for(lambda message: "bouton" in message.text or message.buttons)
    await service.quiet()
    await lea.says("jveux mourir ce soir")
    await lea.waits_for("15")
    await service.quiet()
    tom = service.api.user("Tom")
    await tom.says("jveux un rdv a stenay")
    await tom.waits_for(lambda message: any(title.startswith("mar.") for title, _ in message.buttons))
    await service.quiet()
    await tom.says("je veux parler a quelqu'un")
    await tom.waits_for("équipe")


async def test_texts_never_reach_the_logs(service: Service) -> None:
    lea = service.api.user("Prénom-Très-Rare")
    await lea.says("un-mot-introuvable-ailleurs")
    await service.quiet()
    logs = service.read_log("worker") + service.read_log("web")
    assert "un-mot-introuvable-ailleurs" not in logs
    assert "Prénom-Très-Rare" not in logs
    for row in await rows(service, OutboxRow):
        assert "Prénom-Très-Rare" not in str(row.payload)
    for row in await rows(service, InboxRow):
        assert "Prénom-Très-Rare" not in str(row.payload)


async def test_the_webhook_wants_its_secret(service: Service) -> None:
    # The door is only there in its mode.
    expected = 404 if service.environment["TELEGRAM_MODE"] == "polling" else 403
    update = {"update_id": 1}
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{service.port}") as http:
        answer = await http.post("/telegram/webhook", json=update, headers={"X-Telegram-Bot-Api-Secret-Token": "no"})
        assert answer.status_code == expected
        if expected == 403:
            right = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
            assert (await http.post("/telegram/webhook", content="{", headers=right)).status_code == 400
            assert (await http.post("/telegram/webhook", json=update, headers=right)).status_code == 200


async def test_the_actions_want_their_token(service: Service) -> None:
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{service.port}") as http:
        assert (await http.post("/actions", json={})).status_code == 401

"""APScheduler as a clock: it holds no job per person, a few ticks look for due rows (law 3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.assistant import forgetting
from bot.clock import Clock
from bot.services import (
    accounts,
    alerts,
    appointments,
    budgets,
    digest,
    feed,
    linking,
    misunderstood,
    nudges,
    people,
    queue,
    registrations,
    surveys,
    waiting,
    web_sessions,
)
from bot.settings import Settings
from bot.storage.database import Database

log = structlog.get_logger(__name__)

FORGET_SECONDS = 600
LETTERS_SECONDS = 60


def start_ticks(
    database: Database, clock: Clock, settings: Settings, on_queued: Callable[[], None]
) -> AsyncIOScheduler:
    """Start the ticks; the caller shuts the scheduler down."""

    async def look_for_nudges() -> None:
        async with database.unit_of_work() as session:
            await surveys.tick(session, clock.now())
            if await nudges.tick(session, clock.now()):
                on_queued()

    async def look_for_alerts() -> None:
        async with database.unit_of_work() as session:
            if await alerts.tick(session, clock.now()):
                on_queued()

    async def look_for_handoffs() -> None:
        async with database.unit_of_work() as session:
            if await queue.tick(session, clock.now()):
                on_queued()

    async def look_for_unmarked_appointments() -> None:
        async with database.unit_of_work() as session:
            if await appointments.tick(session, clock.now()):
                on_queued()

    async def look_for_free_seats() -> None:
        async with database.unit_of_work() as session:
            if await registrations.tick(session, clock.now()):
                on_queued()

    async def look_for_waiting_offers() -> None:
        async with database.unit_of_work() as session:
            if await waiting.tick(session, clock.now()):
                on_queued()

    async def look_for_letters() -> None:
        assert settings.mail_server is not None, "only looked for with a server"
        every = timedelta(minutes=settings.digest_minutes)
        await digest.deliver(database, settings.mail_server, clock, every, f"{settings.public_url}/console")

    async def forget_old_logins() -> None:
        async with database.unit_of_work() as session:
            await accounts.forget_old(session, clock.now())
            await linking.forget_old(session, clock.now())

    async def forget_the_erased() -> None:
        async with database.unit_of_work() as session:
            await people.forget_the_erased(session, clock.now())

    async def forget_old_misreadings() -> None:
        async with database.unit_of_work() as session:
            await misunderstood.forget_old(session, clock.now())

    async def throw_old_changes_away() -> None:
        await feed.throw_old_away(database)

    async def forget_idle_browsers() -> None:
        async with database.unit_of_work() as session:
            await web_sessions.forget_old(session, clock.now())
            await budgets.throw_old_away(session, clock.now())

    async def forget_old_keys() -> None:
        assert settings.rasa_tracker_path is not None, "the settings fill it"
        await forgetting.forget_old_keys(database, settings.rasa_tracker_path, clock.now())

    scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(look_for_nudges, "interval", seconds=settings.tick_seconds)
    scheduler.add_job(look_for_alerts, "interval", seconds=settings.tick_seconds)
    scheduler.add_job(look_for_handoffs, "interval", seconds=settings.tick_seconds)
    scheduler.add_job(look_for_free_seats, "interval", seconds=settings.tick_seconds)
    scheduler.add_job(look_for_unmarked_appointments, "interval", seconds=12 * settings.tick_seconds)
    scheduler.add_job(look_for_waiting_offers, "interval", seconds=settings.tick_seconds)
    scheduler.add_job(forget_old_logins, "interval", seconds=FORGET_SECONDS)
    scheduler.add_job(forget_the_erased, "interval", seconds=FORGET_SECONDS)
    scheduler.add_job(forget_old_misreadings, "interval", seconds=FORGET_SECONDS)
    scheduler.add_job(throw_old_changes_away, "interval", seconds=FORGET_SECONDS)
    scheduler.add_job(forget_idle_browsers, "interval", seconds=FORGET_SECONDS)
    scheduler.add_job(forget_old_keys, "interval", seconds=FORGET_SECONDS)
    if settings.mail_server is not None:
        scheduler.add_job(look_for_letters, "interval", seconds=LETTERS_SECONDS)
    scheduler.start()
    return scheduler

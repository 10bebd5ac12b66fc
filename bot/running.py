"""Put the parts together and run them: all on one machine, or each alone."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TextIO

import structlog
import uvicorn
from rich.console import Console
from sqlalchemy import select
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot import texts, training
from bot.assistant.encoder import SentenceEncoder
from bot.assistant.rasa import RasaAssistant, for_rasa
from bot.channels.telegram import profile
from bot.channels.telegram.files import TelegramFiles
from bot.channels.telegram.intake import KINDS, REFUSED_TOKEN, Polling
from bot.channels.telegram.messenger import TelegramMessenger, make_bot
from bot.channels.telegram.typing import TelegramTypist
from bot.channels.terminal.messenger import TerminalMessenger, read_line, send_line
from bot.channels.webchat.messenger import WebMessenger
from bot.domain import communes, dates, phones, safety, territory_file
from bot.domain.calendar import PARIS
from bot.domain.people import Channel
from bot.domain.territory import Territory, production_refusals
from bot.domain.themes import find_theme
from bot.errors import SettingsError
from bot.services import accounts, delivery, hearing, territories
from bot.services.feed import Feed
from bot.services.ports import Fetcher, Messenger
from bot.settings import Environment, Settings, TelegramMode
from bot.storage import migrating
from bot.storage.database import Database
from bot.storage.tables import Adviser, InboxRow, Structure
from bot.web import make_app
from bot.worker import Worker

log = structlog.get_logger(__name__)

RESTART_SECONDS = 1.0
# How soon a model that somebody puts in service is seen.
LOOK_SECONDS = 2.0
READY_SECONDS = 180.0
# One of each structure of the demo; their passwords are new at each start.
DEMO_ACCOUNTS = {"karim": "karim@exemple.fr", "sandra": "sandra@exemple.fr"}


# ── Parts ────────────────────────────────────────────────────────────────────────────────────


async def serve(settings: Settings) -> None:
    """Rasa, the web application and the worker, until stopped."""
    await prepare(settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(rasa(settings))
        group.create_task(_web_and_worker(settings, {}))


async def web(settings: Settings) -> None:
    """The web application alone."""
    refuse_unfit(settings)
    settle()
    database = Database(settings.database_url)
    try:
        async with _telegram(settings) as bot:
            await _serve_app(settings, database, bot)
    finally:
        await database.close()


async def worker(settings: Settings) -> None:
    """Turns, deliveries, ticks, and Telegram's polling if that is the mode."""
    refuse_unfit(settings)
    await _work(settings, {}, with_web=False)


async def rasa(settings: Settings) -> None:
    """Rasa, started again whenever it dies, or another model is put in service."""
    while True:
        # Rasa writes a lot, and none of it is for the one who started us.
        with (settings.var / "rasa.log").open("ab") as log_file:
            process = await asyncio.create_subprocess_exec(
                *rasa_command(settings),
                cwd=training.ROOT,
                env=rasa_environment(settings),
                stdout=log_file,
                stderr=log_file,
            )
        model = training.chosen(settings.var)
        try:
            another = await _ends_or_changes(process, settings, model)
        finally:
            if process.returncode is None:
                process.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 10)
        if another:
            log.info("another model in service")
        else:
            log.warning("rasa stopped", code=process.returncode)
            await asyncio.sleep(RESTART_SECONDS)


async def _ends_or_changes(process: asyncio.subprocess.Process, settings: Settings, model: str | None) -> bool:
    """Wait until Rasa dies, or until another model is put in service: True then, and Rasa still runs."""
    ended = asyncio.create_task(process.wait())
    try:
        while not ended.done():
            await asyncio.wait({ended}, timeout=LOOK_SECONDS)
            if not ended.done() and training.chosen(settings.var) != model:
                return True
        return False
    finally:
        ended.cancel()


async def demo(settings: Settings, console: Console) -> None:
    """Everything on this machine, and a conversation in this terminal."""
    await prepare(settings)
    passwords = {slug: secrets.token_urlsafe(12) for slug in DEMO_ACCOUNTS}
    for slug, password in passwords.items():
        await create_account(settings, slug, DEMO_ACCOUNTS[slug], password)
    messenger = TerminalMessenger()
    parts = asyncio.create_task(_demo_parts(settings, messenger))
    talk = asyncio.create_task(_demo_talk(settings, messenger, console, passwords))
    try:
        done, _ = await asyncio.wait({parts, talk}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (talk, parts):
            task.cancel()
        await asyncio.gather(talk, parts, return_exceptions=True)


async def _demo_parts(settings: Settings, messenger: TerminalMessenger) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(rasa(settings))
        group.create_task(_web_and_worker(settings, {Channel.TERMINAL: messenger}))


async def _demo_talk(
    settings: Settings, messenger: TerminalMessenger, console: Console, passwords: Mapping[str, str]
) -> None:
    console.print(
        "\n[bold]Promeneurs[/bold], démonstration. Territoire, lieux et horaires inventés ; textes en attente "
        "de la relecture d'un psychologue."
    )
    if settings.telegram_bot_token:
        console.print("Le robot répond aussi sur Telegram.")
    console.print(f"La messagerie des jeunes : {web_address(settings)}/chat")
    console.print(f"La console de l'équipe : {web_address(settings)}/console")
    for slug, password in passwords.items():
        console.print(f"  {DEMO_ACCOUNTS[slug]}  {password}", markup=False)
    await _wait_for_model(settings, console)
    console.print(
        "[green]ready[/green] — écris ci-dessous (« #2 » appuie sur le bouton 2, « /aide » montre les "
        "commandes, Ctrl-C arrête).\n"
    )
    await _talk(settings, messenger)
    if settings.telegram_bot_token:
        await asyncio.Event().wait()


async def chat(settings: Settings, console: Console) -> None:
    """A conversation in this terminal, with a service that runs elsewhere."""
    messenger = TerminalMessenger()
    database = Database(settings.database_url)
    lease = timedelta(seconds=settings.lease_seconds)

    async def print_what_comes() -> None:
        while True:
            if not await delivery.deliver(database, {Channel.TERMINAL: messenger}, settings.clock, lease):
                await asyncio.sleep(0.1)

    printing = asyncio.create_task(print_what_comes())
    try:
        await _talk(settings, messenger)
    finally:
        printing.cancel()
        await asyncio.gather(printing, return_exceptions=True)
        await database.close()


def settle() -> None:
    """Load what the first message would wait for. What is loaded by then stays, so collections of garbage
    need not look at it again: each stopped everything for 0.1 s (measured)."""
    texts.responses()
    communes.find("Thionville")
    gc.collect()
    gc.freeze()


# ── What they are made of ────────────────────────────────────────────────────────────────────


async def prepare(settings: Settings) -> None:
    """Bring the database up to date and load the territory files.

    Raises:
        SettingsError: a territory file has mistakes, or production is not ready.
    """
    settings.var.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(migrating.upgrade, settings.database_url)
    refuse_unfit(settings)
    for territory in _territories(settings):
        await load_territory(settings, territory)


def refuse_unfit(settings: Settings) -> None:
    """In production, refuse to start and say each reason.

    Raises:
        SettingsError: with one line a reason.
    """
    if settings.environment is not Environment.PRODUCTION:
        return
    today = settings.clock.now().astimezone(PARIS).date()
    reasons = [reason for territory in _territories(settings) for reason in production_refusals(territory, today)]
    if reasons:
        raise SettingsError("\n".join(f"– {reason}" for reason in reasons))


def _territories(settings: Settings) -> list[Territory]:
    try:
        return [territory_file.read(path) for path in settings.territory_files]
    except territory_file.TerritoryErrors as errors:
        raise SettingsError(str(errors)) from errors
    except OSError as error:
        raise SettingsError(f"TERRITORY_FILES : {error.filename} ne se lit pas.") from error


async def load_territory(settings: Settings, territory: Territory) -> None:
    database = Database(settings.database_url)
    try:
        async with database.unit_of_work() as session:
            await territories.load(session, territory, settings.clock.now())
    finally:
        await database.close()


async def _web_and_worker(settings: Settings, messengers: Mapping[Channel, Messenger]) -> None:
    await _work(settings, messengers, with_web=True)


async def _work(settings: Settings, extra: Mapping[Channel, Messenger], *, with_web: bool) -> None:
    encoder = SentenceEncoder()
    safety.check("bonjour", meanings=encoder.read_now("bonjour"))
    settle()
    database = Database(settings.database_url)
    assistant = make_assistant(settings)
    async with _telegram(settings) as bot:
        messengers: dict[Channel, Messenger] = {Channel.WEB: WebMessenger(database, settings.clock), **extra}
        fetchers: dict[Channel, Fetcher] = {}
        if bot is not None:
            messengers[Channel.TELEGRAM] = TelegramMessenger(
                bot, database, settings.vault, f"{web_address(settings)}/console"
            )
            fetchers[Channel.TELEGRAM] = TelegramFiles(bot)
        parts = Worker(settings, database, assistant, encoder, messengers, fetchers)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(parts.run())
                if with_web:
                    group.create_task(_serve_app(settings, database, bot, parts.stored))
                if settings.telegram_bot_token:
                    group.create_task(_telegram_in(settings, database, parts))
        finally:
            await assistant.close()
            await database.close()


def make_assistant(settings: Settings) -> RasaAssistant:
    return RasaAssistant(
        settings.rasa_url,
        settings.rasa_token.get_secret_value(),
        timeout_seconds=settings.rasa_timeout_seconds,
        recovery_seconds=settings.rasa_recovery_seconds,
    )


@contextlib.asynccontextmanager
async def _telegram(settings: Settings) -> AsyncIterator[Bot | None]:
    """The bot on Telegram, if the service has one."""
    if settings.telegram_bot_token is None:
        yield None
        return
    bot = make_bot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_base_url)
    await bot.request.initialize()
    try:
        yield bot
    finally:
        await bot.request.shutdown()


async def _telegram_in(settings: Settings, database: Database, parts: Worker) -> None:
    """Publish the bot's profile, then poll or set the webhook."""
    assert settings.telegram_bot_token is not None, "only called with a token"
    token = settings.telegram_bot_token.get_secret_value()
    bot = make_bot(token, settings.telegram_api_base_url)
    try:
        await _introduce(settings, bot)
    finally:
        await bot.request.shutdown()
    if settings.telegram_mode is TelegramMode.WEBHOOK:
        return
    polling = Polling(database, settings.clock, settings.telegram_api_base_url, token, parts.stored)
    try:
        await polling.run()
    finally:
        await polling.close()


async def _introduce(settings: Settings, bot: Bot) -> None:
    """Tell Telegram where to send the updates, and what to show of the bot; tried until it is there."""
    pause = 1.0
    while True:
        try:
            if settings.telegram_mode is TelegramMode.WEBHOOK:
                assert settings.telegram_webhook_secret is not None, "the settings refuse it"
                await bot.set_webhook(
                    f"{settings.public_url}/telegram/webhook",
                    secret_token=settings.telegram_webhook_secret.get_secret_value(),
                    allowed_updates=KINDS,
                )
            else:
                await bot.delete_webhook()
            await profile.publish(bot)
        except InvalidToken as error:
            raise SettingsError(REFUSED_TOKEN) from error
        except TelegramError as error:
            log.warning("telegram away", error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(30.0, pause * 2)
        else:
            return


async def _serve_app(
    settings: Settings, database: Database, bot: Bot | None, on_stored: Callable[[], None] = lambda: None
) -> None:
    feed = Feed(database)
    typists = {Channel.TELEGRAM: TelegramTypist(bot)} if bot is not None else {}
    config = uvicorn.Config(
        make_app(settings, database, feed, on_stored, typists),
        host=settings.host,
        port=settings.port,
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    # Ctrl-C is for the whole program: uvicorn must not keep it to itself.
    with contextlib.suppress(AttributeError):
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    watching = asyncio.create_task(feed.run())
    try:
        await server.serve()
    finally:
        watching.cancel()


def rasa_command(settings: Settings) -> list[str]:
    """The command that runs Rasa on loopback with its token."""
    port = settings.rasa_url.rpartition(":")[2].strip("/")
    return [
        str(training.RASA.parent / "python"),
        "-m",
        "nlu.serve",
        "run",
        "--model",
        str(training.model_path(settings.var).resolve()),
        "--endpoints",
        "endpoints.yml",
        "--credentials",
        "credentials.yml",
        "--enable-api",
        "--auth-token",
        settings.rasa_token.get_secret_value(),
        "--interface",
        "127.0.0.1",
        "--port",
        port,
    ]


def rasa_environment(settings: Settings) -> dict[str, str]:
    assert settings.rasa_tracker_path is not None, "the settings fill it"
    token = settings.actions_token.get_secret_value()
    return training.rasa_environment() | {
        "ACTIONS_URL": f"http://127.0.0.1:{settings.port}/actions?token={token}",
        "RASA_TRACKER_PATH": str(settings.rasa_tracker_path.resolve()),
        # With the default threads two processes at 30 messages a second wait 18 s on each other.
        "OMP_NUM_THREADS": "1",
        "TF_INTRA_OP_PARALLELISM_THREADS": "1",
        "TF_INTER_OP_PARALLELISM_THREADS": "1",
    }


# ── Talking in the terminal ──────────────────────────────────────────────────────────────────


async def _wait_for_model(settings: Settings, console: Console) -> None:
    assistant = make_assistant(settings)
    console.print("Le modèle se charge ; le menu, l'urgence et les boutons marchent déjà.")
    deadline = time.monotonic() + READY_SECONDS
    try:
        while time.monotonic() < deadline and not await assistant.is_healthy():
            await asyncio.sleep(0.25)
    finally:
        await assistant.close()


async def _talk(settings: Settings, messenger: TerminalMessenger) -> None:
    """Read lines until the end of the input; when it is not a keyboard, wait for each answer."""
    database = Database(settings.database_url)
    printed = asyncio.Event()
    messenger.on_printed = printed.set
    address = "demo"
    try:
        await send_line(database, settings.clock, _number(), _start(address, settings))
        await _quiet(printed)
        while line := await _read_stdin():
            incoming = read_line(line, address, messenger.buttons, settings.clock)
            if incoming is None:
                continue
            printed.clear()
            await send_line(database, settings.clock, _number(), incoming)
            await _quiet(printed)
    finally:
        await database.close()


def _start(address: str, settings: Settings) -> Any:
    incoming = read_line("/start", address, [], settings.clock)
    assert incoming is not None
    return incoming


async def _read_stdin() -> str:
    """A line typed by someone; "" at the end of the input. The thread must not hold the program's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        line = sys.stdin.readline()
        with contextlib.suppress(RuntimeError):  # the program ended meanwhile
            loop.call_soon_threadsafe(_settle, future, line)

    threading.Thread(target=read, daemon=True).start()
    return await future


def _settle(future: asyncio.Future[str], line: str) -> None:
    if not future.done():
        future.set_result(line)


async def _quiet(printed: asyncio.Event) -> None:
    """Until the answer is printed and nothing more comes for a moment."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(printed.wait(), 8)
    while printed.is_set():
        printed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(printed.wait(), 0.7)


def _number() -> int:
    return time.time_ns() // 1000


# ── Commands that do one thing ───────────────────────────────────────────────────────────────


async def create_account(
    settings: Settings, slug: str, email: str, password: str, telegram_chat: str | None = None
) -> bool:
    """Give an adviser a password, to be changed at the first log-in outside the demo; False if nobody has the slug.

    Raises:
        EmailTaken: the e-mail is not one, or somebody else's.
    """
    hashed = await accounts.hash_password(password)
    database = Database(settings.database_url)
    try:
        async with database.unit_of_work() as session:
            adviser = await session.scalar(select(Adviser).where(Adviser.slug == slug))
            if adviser is None:
                return False
            must_change = settings.environment is not Environment.DEMO
            await accounts.set_up(session, adviser, email, hashed, must_change=must_change)
            adviser.telegram_chat = telegram_chat or adviser.telegram_chat
            return True
    finally:
        await database.close()


async def invite(settings: Settings, slug: str) -> str | None:
    """A single-use link that lets an adviser choose their password; None if nobody has the slug."""
    database = Database(settings.database_url)
    try:
        async with database.unit_of_work() as session:
            adviser = await session.scalar(select(Adviser).where(Adviser.slug == slug, Adviser.active))
            if adviser is None:
                return None
            token = await accounts.invite(session, adviser, settings.clock.now())
            return f"{web_address(settings)}/console/invitation/{token}"
    finally:
        await database.close()


def web_address(settings: Settings) -> str:
    """Where a browser finds the service."""
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"


async def examine(settings: Settings) -> list[str]:
    """What is missing, each with how to set it."""
    problems = []
    try:
        refuse_unfit(settings)
        _territories(settings)
    except SettingsError as error:
        problems += str(error).splitlines()
    if not training.RASA.exists():
        problems.append("Rasa n'est pas installé : lance « make install ».")
    if not training.model_path(settings.var).exists():
        problems.append("Le modèle n'est pas entraîné : lance « promeneurs train ».")
    wrong = await asyncio.to_thread(migrating.check, settings.database_url)
    if wrong:
        return [*problems, wrong]
    problems += await _examine_tables(settings)
    assistant = make_assistant(settings)
    if not await assistant.is_healthy():
        problems.append(f"Rasa ne répond pas à {settings.rasa_url} : lance « promeneurs serve ».")
    await assistant.close()
    if settings.telegram_bot_token is None:
        problems.append("TELEGRAM_BOT_TOKEN : à définir pour répondre sur Telegram (jeton donné par BotFather).")
    return problems


async def _examine_tables(settings: Settings) -> list[str]:
    database = Database(settings.database_url)
    problems = []
    async with database.read_only() as session:
        if await session.scalar(select(Structure.id).limit(1)) is None:
            problems.append("Aucun territoire chargé : lance « promeneurs territory load FICHIER ».")
        aside = (await session.scalars(select(InboxRow.id).where(InboxRow.set_aside.is_not(None)))).all()
        if aside:
            problems.append(f"{len(aside)} messages n'ont pas pu être lus ; ils sont gardés dans la table inbox.")
    await database.close()
    return problems


def parse_lines(settings: Settings, source: TextIO, target: TextIO) -> None:
    """For each line: its intent and confidence from Rasa, its entities and its safety from the service."""
    command = [
        str(training.RASA.parent / "python"),
        "-m",
        "nlu.parse",
        str(training.model_path(settings.var).resolve()),
    ]
    process = subprocess.Popen(
        command,
        cwd=training.ROOT,
        env=training.rasa_environment(),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    now = settings.clock.now()
    encoder = SentenceEncoder()
    try:
        for line in source:
            # Bytes that are not UTF-8 come in as halves of pairs, which nothing can write.
            text = line.rstrip("\n").encode("utf-8", "replace").decode()
            process.stdin.write(json.dumps(for_rasa(text)) + "\n")
            process.stdin.flush()
            said = json.loads(process.stdout.readline())
            reading = safety.check(text, meanings=encoder.read_now(text))
            target.write(
                json.dumps(
                    {
                        "text": text,
                        "intent": said["intent"],
                        "confidence": said["confidence"],
                        "entities": entities(text, said["intent"], now),
                        "safety": {
                            "level": reading.level.value,
                            "kinds": [kind.value for kind in reading.kinds],
                        },
                    },
                    ensure_ascii=False,
                )
                + "\n"
            )
            target.flush()
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def entities(text: str, intent: str, now: datetime) -> list[dict[str, Any]]:
    """What the service's own readers find in a text."""
    found: list[dict[str, Any]] = [
        {"entity": "commune", "value": mention.commune.name, "insee": mention.commune.insee}
        for mention in communes.find(text)[:1]
    ]
    found += [
        {
            "entity": "date_time",
            "value": one.start.isoformat(),
            "end": one.end.isoformat(),
            "grain": one.grain.value,
        }
        for one in dates.read(text, now).candidates
    ]
    mode = hearing.read_mode(text)
    if mode is not None:
        found.append({"entity": "mode", "value": mode.value})
    phone = phones.read_phone(text)
    if phone is not None:
        found.append({"entity": "phone", "value": phone})
    theme = find_theme(intent, text)
    if theme is not None:
        found.append({"entity": "theme", "value": theme.value})
    return found


def paris_time(text: str) -> datetime:
    """A moment given without a zone is Paris time."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=PARIS) if at.tzinfo is None else at

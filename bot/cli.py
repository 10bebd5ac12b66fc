"""The commands, and the one place where the parts are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from rich.console import Console

from bot import comparison, logs, running, training
from bot.domain import dates as date_grammar
from bot.domain import territory_file
from bot.domain.territory import Territory, production_refusals
from bot.errors import EmailTaken, SettingsError
from bot.settings import Environment, Settings, read_settings
from bot.storage import migrating

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Promeneurs : le robot d'accueil des Missions Locales."
)
db_app = typer.Typer(no_args_is_help=True, help="La base de données.")
territory_app = typer.Typer(no_args_is_help=True, help="Les fichiers de territoire.")
account_app = typer.Typer(no_args_is_help=True, help="Les comptes de l'équipe.")
model_app = typer.Typer(no_args_is_help=True, help="Le modèle en service.")
nlu_app = typer.Typer(no_args_is_help=True, help="La compréhension.")
dates_app = typer.Typer(no_args_is_help=True, help="Les dates.")
app.add_typer(db_app, name="db")
app.add_typer(territory_app, name="territory")
app.add_typer(account_app, name="account")
app.add_typer(model_app, name="model")
app.add_typer(nlu_app, name="nlu")
app.add_typer(dates_app, name="dates")

console = Console(stderr=True, highlight=False)


def _settings() -> Settings:
    try:
        settings = read_settings()
    except SettingsError as error:
        console.print(f"[red]Réglages à corriger :[/red]\n{error}")
        raise typer.Exit(2) from error
    logs.set_up(settings.log_level)
    return settings


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run until done or Ctrl-C, which stops everything cleanly."""
    try:
        # A loop written in C: a tenth of a turn's time is the loop's own.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except KeyboardInterrupt:
        console.print("Arrêté.")
    except SettingsError as error:
        console.print(f"[red]Impossible de démarrer :[/red]\n{error}")
        raise typer.Exit(2) from error
    except BaseExceptionGroup as group:
        wrong = group.subgroup(SettingsError)
        if wrong is None:
            raise
        console.print(f"[red]Impossible de démarrer :[/red]\n{wrong.exceptions[0]}")
        raise typer.Exit(2) from group


# ── Running ──────────────────────────────────────────────────────────────────────────────────


@app.command()
def serve() -> None:
    """Tout sur une machine : Rasa, le site et le service."""
    settings = _settings()
    _train(settings)
    _run(running.serve(settings))


@app.command()
def web() -> None:
    """Le site seul : les actions de Rasa et le webhook de Telegram."""
    _run(running.web(_settings()))


@app.command()
def worker() -> None:
    """Le service seul : il répond, envoie et rappelle."""
    _run(running.worker(_settings()))


@app.command()
def rasa() -> None:
    """Rasa seul, sur la machine même."""
    settings = _settings()
    _train(settings)
    _run(running.rasa(settings))


@app.command()
def demo() -> None:
    """Tout, sur SQLite, avec le territoire fictif, et une conversation dans ce terminal."""
    settings = _settings()
    if settings.environment is Environment.PRODUCTION:
        console.print("[red]La démonstration ne se lance pas en production.[/red]")
        raise typer.Exit(2)
    _train(settings)
    _run(running.demo(settings, console))


@app.command()
def chat() -> None:
    """Une conversation dans ce terminal, avec le service déjà lancé."""
    _run(running.chat(_settings(), console))


@app.command()
def train() -> None:
    """Entraîne le modèle ; avec des phrases validées, un second, comparé à celui en service."""
    settings = _settings()
    _train(settings)
    learnt = training.what_is_taught(settings.var)
    for problem in learnt.problems:
        console.print(f"[yellow]![/yellow] {problem}", markup=True, soft_wrap=True)
    if not learnt.lessons:
        return
    served = training.model_path(settings.var)
    candidate = _trained(settings, learnt)
    if candidate == served:
        console.print("Le modèle en service a déjà appris toutes les phrases validées.")
        return
    with console.status("Comparaison avec le modèle en service : une minute."), _failures("La comparaison"):
        figures = training.compare(settings.var, served, candidate, learnt.lessons)
    report = comparison.write(training.reports(settings.var), figures, learnt.problems)
    console.print(comparison.in_brief(figures), markup=False)
    console.print(f"Le détail : {report}", markup=False, soft_wrap=True)
    console.print(f"Pour le mettre en service : promeneurs model use {figures['model']}", markup=False)


def _train(settings: Settings) -> None:
    """The model in service, if it is not there yet."""
    if not training.model_path(settings.var).exists():
        _trained(settings, None)


def _trained(settings: Settings, learnt: training.Taught | None) -> Path:
    with console.status("Entraînement du modèle, une seule fois : une à cinq minutes."), _failures("L'entraînement"):
        path = training.train(settings.var, learnt)
    console.print(f"Modèle prêt : {path}", soft_wrap=True)
    return path


@contextlib.contextmanager
def _failures(what: str) -> Iterator[None]:
    try:
        yield
    except training.TrainingFailed as error:
        console.print(f"[red]{what} a échoué.[/red] Rasa dit pourquoi dans {error}.")
        raise typer.Exit(1) from error


@model_app.command("list")
def model_list() -> None:
    """Les modèles qu'on peut mettre en service, le plus récent d'abord."""
    var = _settings().var
    served = training.model_path(var).name.removesuffix(".tar.gz")
    for name in training.models(var):
        print(f"{name}  (en service)" if name == served else name)


@model_app.command("use")
def model_use(name: Annotated[str, typer.Argument(help="Le nom que donne « promeneurs train ».")]) -> None:
    """Met un modèle en service. Le service déjà lancé le charge en une demi-minute."""
    try:
        training.use(_settings().var, name)
    except training.NoSuchModel as error:
        console.print(f"[red]« {name} » n'est pas un modèle de cette version.[/red] « promeneurs model list » les dit.")
        raise typer.Exit(1) from error
    console.print(f"[green]✓[/green] {name} est en service. Pour revenir : promeneurs model back")


@model_app.command("back")
def model_back() -> None:
    """Revient au modèle d'avant."""
    try:
        name = training.back(_settings().var)
    except training.NoSuchModel as error:
        console.print("[red]Il n'y a pas de modèle d'avant, ou il est d'une autre version.[/red]")
        raise typer.Exit(1) from error
    console.print(f"[green]✓[/green] {name} est de nouveau en service.")


@app.command()
def doctor() -> None:
    """Dit ce qui manque, et comment le régler."""
    settings = _settings()
    problems = asyncio.run(running.examine(settings))
    for problem in problems:
        console.print(f"[red]✗[/red] {problem}")
    if problems:
        raise typer.Exit(1)
    console.print("[green]✓[/green] Tout est en place.")


# ── Database, territory, accounts ────────────────────────────────────────────────────────────


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Met la base au dernier format."""
    migrating.upgrade(_settings().database_url)


@db_app.command("downgrade")
def db_downgrade(revision: str) -> None:
    """Ramène la base à un format plus ancien (« base » pour tout enlever)."""
    migrating.downgrade(_settings().database_url, revision)


@db_app.command("check")
def db_check() -> None:
    """Dit si la base est au format que le code attend."""
    problem = migrating.check(_settings().database_url)
    if problem:
        console.print(f"[red]✗[/red] {problem}")
        raise typer.Exit(1)
    console.print("[green]✓[/green] La base est à jour.")


def _read_territory(file: Path) -> Territory:
    try:
        return territory_file.read(file)
    except territory_file.TerritoryErrors as errors:
        console.print(f"[red]{file} : à corriger[/red]")
        for mistake in errors.mistakes:
            console.print(f"  ligne {mistake.line} : {mistake.sentence}", markup=False)
        raise typer.Exit(1) from errors


@territory_app.command("check")
def territory_check(file: Path) -> None:
    """Relit un fichier de territoire et dit chaque erreur, avec sa ligne."""
    territory = _read_territory(file)
    today = _settings().clock.now().date()
    for reason in production_refusals(territory, today):
        console.print(f"[yellow]En production :[/yellow] {reason}")
    console.print(f"[green]✓[/green] {file} se lit.")


@territory_app.command("load")
def territory_load(file: Path) -> None:
    """Charge un fichier de territoire dans la base."""
    settings = _settings()
    territory = _read_territory(file)
    asyncio.run(running.load_territory(settings, territory))
    console.print(f"[green]✓[/green] {territory.territory.name} : chargé.")


@account_app.command("create")
def account_create(
    adviser: Annotated[str, typer.Argument(help="L'identifiant de la personne dans le fichier de territoire.")],
    email: Annotated[str, typer.Option(help="Son adresse de connexion.")],
    telegram_chat: Annotated[
        str | None, typer.Option(help="Le numéro de sa conversation Telegram avec le robot.")
    ] = None,
) -> None:
    """Donne un accès à quelqu'un de l'équipe ; le mot de passe s'affiche une fois."""
    settings = _settings()
    password = secrets.token_urlsafe(12)
    try:
        found = asyncio.run(running.create_account(settings, adviser, email, password, telegram_chat))
    except EmailTaken as error:
        console.print(f"[red]« {email} » : cette adresse est mal écrite, ou quelqu'un s'en sert déjà.[/red]")
        raise typer.Exit(1) from error
    if not found:
        _nobody(adviser)
    print(f"{email}  {password}")


@account_app.command("invite")
def account_invite(
    adviser: Annotated[str, typer.Argument(help="L'identifiant de la personne dans le fichier de territoire.")],
) -> None:
    """Donne un lien qui sert une fois, pendant sept jours, pour choisir son mot de passe."""
    link = asyncio.run(running.invite(_settings(), adviser))
    if link is None:
        _nobody(adviser)
    print(link)


def _nobody(adviser: str) -> NoReturn:
    console.print(f"[red]« {adviser} » n'est dans aucun territoire chargé.[/red]")
    raise typer.Exit(1)


# ── Understanding ────────────────────────────────────────────────────────────────────────────


@nlu_app.command("parse")
def nlu_parse() -> None:
    """Lit des textes, un par ligne ; écrit un objet JSON par ligne."""
    settings = _settings()
    _train(settings)
    running.parse_lines(settings, sys.stdin, sys.stdout)


@dates_app.command("parse")
def dates_parse(
    now: Annotated[str, typer.Option(help="Le moment où c'est écrit, par exemple 2027-03-09T10:00.")],
) -> None:
    """Lit des textes, un par ligne ; écrit les dates comprises, un objet JSON par ligne."""
    try:
        at = running.paris_time(now)
    except ValueError:
        raise typer.BadParameter(f"« {now} » n'est pas un moment : écrire par exemple 2027-03-09T10:00.") from None
    for line in sys.stdin:
        text = line.rstrip("\n")
        reading = date_grammar.read(text, at)
        print(
            json.dumps(
                {
                    "text": text,
                    "candidates": [
                        {"start": one.start.isoformat(), "end": one.end.isoformat(), "grain": one.grain.value}
                        for one in reading.candidates
                    ],
                    "refused": [{"text": one.text, "reason": one.reason.value} for one in reading.refused],
                },
                ensure_ascii=False,
            )
        )

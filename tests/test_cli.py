"""The commands, given what they cannot use: a clear sentence, and no trace of code."""

from __future__ import annotations

from typer.testing import CliRunner

from bot.cli import app


def test_a_moment_that_is_none_is_said_so() -> None:
    said = CliRunner().invoke(app, ["dates", "parse", "--now", "hier"], input="rdv mardi\n")
    assert said.exit_code == 2
    assert "« hier » n'est pas un moment" in said.output
    assert "Traceback" not in said.output

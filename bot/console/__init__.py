"""The console: where the team sees who waits, answers, and keeps its appointments."""

from bot.console.application import install

__all__ = ["install"]

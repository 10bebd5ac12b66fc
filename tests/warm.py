"""Imported once, where the tests' processes are forked from: what each of them would read again from the disk."""

from bot.domain import safety

safety.check("bonjour")

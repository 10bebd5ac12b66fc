"""Telegram: a way in (polling or webhook), a rendering, a way out."""

import os

# python-telegram-bot gives durations as timedelta, as its next version will, instead of warning each time.
os.environ.setdefault("PTB_TIMEDELTA", "true")

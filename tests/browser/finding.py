"""Find the browser of the tests; as a command, install one where it may: `python -m tests.browser.finding`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "Chromium manque : lance « make browser », ou « apt-get install chromium », ou donne son chemin dans CHROMIUM. / "
    "Chromium is missing: run `make browser`, or install it, or set CHROMIUM to its path."
)


def find_chromium(playwrights_own: str) -> str | None:
    """The path of a Chromium: the one CHROMIUM names, else the system's, else the one Playwright brought."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = next((path for name in NAMES if (path := shutil.which(name))), None)
    return on_path or (playwrights_own if Path(playwrights_own).exists() else None)


def _found() -> bool:
    with sync_playwright() as playwright:
        return find_chromium(playwright.chromium.executable_path) is not None


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=False)
        if subprocess.run(["apt-get", "install", "-y", "-q", "chromium"], check=False).returncode == 0:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


if __name__ == "__main__":
    if not _found():
        _install()
    sys.exit(None if _found() else MISSING)

"""The system's Chromium, without a window, for printing and for the tests."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
NAMES += ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]
ARGUMENTS = ["--no-sandbox", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update"]
MISSING = "no browser: install Debian's `chromium`, or Google Chrome"


def path() -> str | None:
    """Where it is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a fresh profile; raises SystemExit where there is none."""
    if path() is None:
        raise SystemExit(MISSING)
    with sync_playwright() as playwright:
        how = {"args": ARGUMENTS, "env": {**os.environ, "LANG": "C.UTF-8"}}
        browser = playwright.chromium.launch(executable_path=path(), **how)
        yield browser
        browser.close()

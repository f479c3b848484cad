"""The book, built and served, and a browser: fixtures for those who read it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import serve

ROOT = Path(__file__).parent.parent
WIDE = {"width": 1280, "height": 844}
BUILD_WITHOUT_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("the book must build without torch")

sys.meta_path.insert(0, NoTorch())
from jupyter_book.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """The built book. Warnings are errors, and importing torch is one too."""
    if built := os.environ.get("RNNCOURSE_BOOK"):  # to spare the minute
        return Path(built)
    out = tmp_path_factory.mktemp("book")
    words = ["build", ".", "-W", "--keep-going", "--path-output", str(out)]
    command = [sys.executable, "-c", BUILD_WITHOUT_TORCH, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "_build" / "html"


@pytest.fixture(scope="module")
def site(book):
    """The address of the book on localhost."""
    with serve.server(book) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium with a fresh profile."""
    import chromium

    if chromium.path() is None:
        pytest.skip(chromium.MISSING)
    with chromium.chromium() as browser:
        yield browser

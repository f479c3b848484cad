"""What imports what: the package needs only numpy and jaxtyping, and has no circle."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rnncourse

# Each module imports from those before it only: design.md's order. A new module gets a
# place here.
ORDER = ["arrays", "checks", "functions", "recurrence", "cells", "composition"]
ORDER += [
    "attention",
    "decoder",
    "jacobians",
    "gradcheck",
    "training",
    "tasks",
    "network",
    "text",
    "translation",
]
ORDER += ["probes", "twins", "plots", "exercises", "charrnn", "__main__"]

HEAVY = {
    "matplotlib": {"plots"},
    "torch": {"twins", "charrnn"},
}  # and who may import it

ROOT = Path(rnncourse.__file__).parent
PATHS = ROOT.rglob("*.py")
FILES = {path.relative_to(ROOT).with_suffix("").parts: path for path in PATHS}


def imported(path):
    """Every dotted name that a file imports, at any level of it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def python(*args):
    """What a fresh Python prints."""
    command = [sys.executable, *args]
    done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_has_a_place_in_the_order():
    assert {parts[0] for parts in FILES} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize(
    "parts", [p for p in FILES if p != ("__init__",)], ids="/".join
)
def test_a_module_imports_only_from_those_before_it(parts):
    inside = len(parts) > 1  # files of one folder may know each other
    allowed = ORDER[: ORDER.index(parts[0]) + inside]
    for name in imported(FILES[parts]):
        top, _, rest = name.partition(".")
        if top == "rnncourse":
            assert rest.split(".")[0] in allowed, f"{'/'.join(parts)}.py imports {name}"


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_is_imported_where_it_is_needed_only(library):
    users = {
        parts[0]
        for parts, path in FILES.items()
        for name in imported(path)
        if name.split(".")[0] == library
    }
    assert users == HEAVY[library]


def test_importing_the_package_imports_nothing_heavy():
    loaded = set(python("-c", "import sys, rnncourse; print(*sys.modules)").split())
    assert "rnncourse.recurrence" in loaded
    assert not loaded & {"torch", "matplotlib", "tqdm", "IPython", "scipy", "pandas"}


def test_a_cell_runs_where_only_numpy_and_jaxtyping_are_installed():
    program = """import sys
sys.modules |= dict.fromkeys(['torch', 'matplotlib', 'tqdm', 'beartype'])
from rnncourse import *; import numpy as np
rng = np.random.default_rng(0)
cell = stack(LSTM.init(4, 4, rng=rng), GRU.init(4, 4, rng=rng))
print(backward(cell, np.ones((5, 3, 4)), forward(cell, np.ones((5, 3, 4)))).xs.shape)"""
    assert python("-c", program) == "(5, 3, 4)\n"


def test_every_public_name_is_there_and_says_what_it_is():
    for name in rnncourse.__all__:
        assert getattr(rnncourse, name).__doc__, f"{name} has no docstring"

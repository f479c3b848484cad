"""Runs an experiment and stores its result beside it, whole or not at all.

An experiment is a module with constants in capitals and `run()`, which gives the result
(a dict, or a dict and arrays by name) and stores nothing itself. Its SMOKE has other
values for some constants: a smoke run sets them, runs, and sets them back. So no size
needs to be handed from function to function, and none can be forgotten on the way.
"""

import ast
import contextlib
import datetime
import functools
import hashlib
import importlib
import io
import json
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("ch*.py"))


def find(name):
    """The module of an experiment."""
    return importlib.import_module(f"experiments.{name}")


def load(name):
    """The stored result of an experiment."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def question(experiment):
    """The first sentence of its docstring."""
    return " ".join(experiment.__doc__.partition("\n\n")[0].split())


def watch(steps, what, total=None):
    """The same steps, with a bar on stderr where that is a terminal."""
    return tqdm(steps, what, total, leave=False, disable=None)


def run(experiment):
    """Run it and store the result with what made it; the path of the .json file.

    The files are replaced at the end, at once: a run that breaks off leaves the old
    ones.
    """
    code, began = digest(experiment), time.process_time()
    result, arrays = parts(experiment.run())
    path = Path(experiment.__file__)
    about = {
        "command": f"python -m experiments {path.stem}",
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "code": code,
        "minutes": round((time.process_time() - began) / 60, 1),
    }
    for name in {"SEEDS", "TUNING_SEEDS"} & vars(experiment).keys():
        about[name.lower()] = getattr(experiment, name)
    if "torch" in sys.modules:
        about["versions"]["torch"] = sys.modules["torch"].__version__.split("+")[0]
    text, files = json.dumps(about | result, indent=1) + "\n", {}
    if arrays:
        np.savez_compressed(file := io.BytesIO(), **arrays)
        files[".npz"] = file.getvalue()
    files[".json"] = text.encode()  # last: its digest speaks for both
    for suffix, data in files.items():
        path.with_suffix(f"{suffix}.new").write_bytes(data)
    for suffix in files:
        os.replace(path.with_suffix(f"{suffix}.new"), path.with_suffix(suffix))
    return path.with_suffix(".json")


def parts(given):
    """What `run()` gave, as a dict and arrays."""
    return given if isinstance(given, tuple) else (given, {})


def smoke(experiment):
    """Result and arrays of a run with the constants of SMOKE, which are not stored."""
    with constants(experiment, experiment.SMOKE):
        return parts(experiment.run())


@contextlib.contextmanager
def constants(experiment, values):
    """Other values for some of its constants, for a while."""
    before = {name: getattr(experiment, name) for name in values}
    vars(experiment).update(values)
    try:
        yield
    finally:
        vars(experiment).update(before)


def about(experiment):
    """Minutes, date and age of the stored result, on one line."""
    try:
        stored = load(Path(experiment.__file__).stem)
    except FileNotFoundError:
        return "no result yet"
    minutes = f"{stored['minutes']:5.1f} min" if "minutes" in stored else ""
    return f"{minutes:9}  {stored['date']}, {age(experiment)}"


def age(experiment):
    """Whether the stored result is the one of this code."""
    code = load(Path(experiment.__file__).stem).get("code")
    if code is None:
        return "age not known"
    return "current" if code == digest(experiment) else "older than its code"


def digest(experiment):
    """A number for the code that a result depends on: the experiment's, and that of all
    modules of `experiments` and `rnncourse` from which it takes something, and so on.

    Comments, docstrings, layout, SMOKE and this module do not count.
    """
    codes, waiting = {}, {experiment.__name__}
    while waiting:
        name = waiting.pop()
        tree, codes[name] = parsed(Path(sys.modules[name].__file__).read_text("utf-8"))
        waiting |= set(sources(tree)) - codes.keys() - {__name__}
    return hashlib.sha256("\n".join(sorted(codes.values())).encode()).hexdigest()[:16]


@functools.cache  # many experiments stand on the same modules
def parsed(text):
    """A module's tree, and what of it counts as text."""
    tree = ast.parse(text)
    return tree, repr(plain(tree))


def sources(tree):
    """Where what a module imports is written, not where it is handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and ours(node.module):
            module = importlib.import_module(node.module)
            for alias in node.names:
                thing = getattr(module, alias.name)
                name = getattr(thing, "__module__", getattr(thing, "__name__", ""))
                yield name if ours(name) else node.module


def ours(name):
    """Is it a module of `experiments` or of `rnncourse`?"""
    return name.partition(".")[0] in ("experiments", "rnncourse")


def plain(node):
    """A syntax tree as lists, without what does not count; the same in every Python."""
    if isinstance(node, list):
        return [plain(each) for each in node if counts(each)]
    if not isinstance(node, ast.AST):
        return node
    fields = ast.iter_fields(node)
    inside = [(name, plain(value)) for name, value in fields if value not in (None, [])]
    return [type(node).__name__, *inside]


def counts(node):
    """Not imports (they are followed), docstrings and SMOKE."""
    if isinstance(node, ast.Assign):
        return getattr(node.targets[0], "id", None) != "SMOKE"
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not (text or isinstance(node, ast.Import | ast.ImportFrom))

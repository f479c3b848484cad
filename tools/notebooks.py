"""The chapters as files: `python tools/notebooks.py check FILE...` applies the rules,
`run FILE...` renews the outputs.
"""

import argparse
import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

LINES = 25  # visible lines of a code cell
WORDS, CODE = 6_000, 400  # words and visible lines of a chapter, its thread alone
APART = re.compile(r"^## (?:Exercises|Quiz)$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FOLDED = re.compile(
    r"^(:{3,}|`{3,})\{[^\n]*\n(?::[^\n]*\n)*?:class: [^\n]*dropdown.*?^\1$",
    re.MULTILINE | re.DOTALL,
)
MARKUP = re.compile(r"^(?::{3,}|`{3,}|:[\w-]+:).*$", re.MULTILINE)
STATED = re.compile(r"(\d+) minutes to read")
PNG = 80_000  # bytes of a figure
METADATA = {"tags", "mystnb", "jupyter", "live"}  # of a cell
PLACE = re.compile(
    r"(?<![\w.])(/work|/root|/home|/Users|/tmp|/private|/var|[A-Z]:\\)[/\\\w]|\bat"
    r" 0x[0-9a-f]{6}"
)
OUTSIDE = re.compile(
    r"^\s*[%!]|\bpip install\b|\b(urllib|requests|httpx|socket|urlopen|urlretrieve)\b",
    re.MULTILINE,
)


def problems(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """What breaks a rule, one line each, in the order of the cells."""
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernelspec is not python3"
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        yield "a cell has no id, or two cells have the same one"
    yield from length_problems(notebook)
    count = 0
    for number, cell in enumerate(notebook.cells):
        found = list(cell_problems(cell))
        if cell.cell_type == "code":
            count += 1
            if cell.execution_count != count:
                found.append(
                    f"was run as number {cell.execution_count}, stands as number"
                    f" {count}: run all, in order"
                )
        yield from (f"cell {number} ({cell.get('id')}): {problem}" for problem in found)


def length(notebook: nbformat.NotebookNode) -> tuple[int, int, int]:
    """Words, visible lines of code, and minutes to read a chapter: 150 words a minute,
    and one for each visible cell and each figure. Exercises, quiz and what is folded do
    not count.
    """
    cells = notebook.cells
    parts = [
        f"\0{n}\0" if c.cell_type == "code" else c.source for n, c in enumerate(cells)
    ]
    thread = MARKUP.sub("", FOLDED.sub("", APART.sub("", "\n".join(parts))))
    code = [cells[int(number)] for number in re.findall("\0(\\d+)\0", thread)]
    hidden = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
    seen = [cell for cell in code if not hidden & set(cell.metadata.get("tags", []))]
    figures = sum("figure" in cell.metadata.get("mystnb", {}) for cell in code)
    words = len(re.sub("\0\\d+\0", "", thread).split())
    lines = sum(len(cell.source.splitlines()) for cell in seen)
    return words, lines, round(words / 150 + len(seen) + figures)


def length_problems(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """What is too long, and minutes to read that are not the measured ones."""
    words, lines, minutes = length(notebook)
    if words > WORDS:
        yield f"{words:,} words; at most {WORDS:,}: fold or cut what is not the thread"
    if lines > CODE:
        yield f"{lines} visible lines of code; at most {CODE}: fold or cut some"
    stated = STATED.search(notebook.cells[0].source) if notebook.cells else None
    if stated and abs(int(stated[1]) - minutes) > max(3, 0.1 * minutes):
        yield f"says {stated[1]} minutes to read; words, cells and figures make {minutes}"


def cell_problems(cell: nbformat.NotebookNode) -> Iterator[str]:
    """The same for one cell."""
    if extra := set(cell.metadata) - METADATA:
        yield f"metadata {sorted(extra)}; only {sorted(METADATA)} are kept"
    if cell.cell_type != "code":
        return
    lines = len(cell.source.splitlines())
    if lines > LINES and "hide-input" not in cell.metadata.get("tags", []):
        yield (
            f"{lines} visible lines; at most {LINES}, or fold it with the tag"
            " hide-input"
        )
    if match := OUTSIDE.search(cell.source):
        yield (
            f"`{match.group().strip()}`: no installs, no magics, no network in a"
            " chapter"
        )
    if cell.source.rstrip().endswith(";"):
        yield (
            "ends with `;`, which nbval does not honour: end with plt.show(), or give"
            " the value a name"
        )
    for output in cell.outputs:
        yield from output_problems(output, cell.metadata.get("mystnb", {}))


def output_problems(output: nbformat.NotebookNode, mystnb: dict) -> Iterator[str]:
    """The same for one output, with the figure metadata of its cell."""
    if output.output_type == "error":
        yield f"stored traceback: {output.ename}"
    if output.get("name") == "stderr":
        yield f"stored stderr: {output.text.splitlines()[0]}"
    data = output.get("data", {})
    for text in [
        output.get("text", ""),
        *(data[kind] for kind in data if kind.startswith("text/")),
    ]:
        if match := PLACE.search(text):
            yield (
                "the output names a place on one machine:"
                f" {text[match.start() : match.end() + 20]!r}"
            )
    if "image/png" in data:
        size = len(base64.b64decode(data["image/png"]))
        if size > PNG:
            yield f"figure of {size} bytes; at most {PNG}"
        missing = [
            f"figure.{key}"
            for key in ("name", "caption")
            if not mystnb.get("figure", {}).get(key)
        ]
        missing += [] if mystnb.get("image", {}).get("alt") else ["image.alt"]
        if missing:
            yield f"figure without mystnb metadata {', '.join(missing)}"


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Keep what belongs to the chapter, drop what belongs to the machine that ran it;
    fold in JupyterLab as in the book.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        }
    )
    solution = False
    for cell in notebook.cells:
        metadata = {
            key: cell.metadata[key]
            for key in ("tags", "mystnb", "live")
            if key in cell.metadata
        }
        if cell.cell_type == "code" and solution:
            metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        elif "hide-input" in metadata.get("tags", []):
            metadata["jupyter"] = {"source_hidden": True}
        cell.metadata = nbformat.from_dict(metadata)
        if cell.cell_type == "markdown":
            solution = cell.source.rfind("{solution-start}") > cell.source.rfind(
                "{solution-end}"
            ) or (solution and "{solution-end}" not in cell.source)


def run(path: Path) -> None:
    """Execute a notebook in place, from its own folder, and normalise it."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": path.parent}},
    ).execute()
    normalise(notebook)
    nbformat.write(notebook, path)
    print(f"{path}: done")


def check(path: Path) -> int:
    """Print what breaks a rule, and return how much there is."""
    found = list(problems(nbformat.read(path, as_version=nbformat.NO_CONVERT)))
    for problem in found:
        print(f"{path}: {problem}")
    return len(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["check", "run"])
    parser.add_argument("files", nargs="+", type=Path)
    given = parser.parse_args()
    found = [run(path) if given.verb == "run" else check(path) for path in given.files]
    sys.exit(any(found))

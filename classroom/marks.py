"""Points without nbgrader: `python classroom/marks.py SOURCE.ipynb FOLDER > marks.csv`.

SOURCE is the teacher's version of an assignment, which `make assignments` has made;
FOLDER holds notebooks that were handed in. One line each: points for every check, and
an empty place for what a reader has to mark. Each notebook's own code is run: do it where
nothing can be broken.
"""

import csv
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

OUT_OF_TIME = {"ename": "TimeIsUp", "evalue": "", "traceback": []}


def marks(source: nbformat.NotebookNode, path: Path, seconds: int = 60) -> dict:
    """Points of each cell that has some; the graded cells are the teacher's."""
    ours = {c.metadata.nbgrader.grade_id: c for c in source.cells}
    notebook = nbformat.read(path, as_version=4)
    earned: dict[str, float | str] = {
        name: 0.0 if cell.cell_type == "code" else ""
        for name, cell in ours.items()
        if cell.metadata.nbgrader.grade
    }
    theirs = [
        (c.metadata.get("nbgrader", {}).get("grade_id"), c) for c in notebook.cells
    ]
    for name, cell in theirs:
        if name in ours and not ours[name].metadata.nbgrader.solution:
            cell.cell_type, cell.source = ours[name].cell_type, ours[name].source
    NotebookClient(
        notebook,
        timeout=seconds,
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout=OUT_OF_TIME,
        extra_arguments=["--InteractiveShellApp.ignore_cwd=True"],
    ).execute()
    for name, cell in theirs:
        if earned.get(name) == 0:
            found = [o for o in cell.outputs if o.output_type == "execute_result"]
            earned[name] = float(found[0].data["text/plain"]) if found else 0.0
    return earned


def main(source: Path, folder: Path) -> None:
    """Write the table to the standard output."""
    instructor = source.resolve().parents[2] / "instructor"
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(instructor), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    os.environ["PYTHONSAFEPATH"] = "1"
    teachers = nbformat.read(source, as_version=4)
    rows = {path: marks(teachers, path) for path in sorted(folder.rglob("*.ipynb"))}
    names = [*dict.fromkeys(name for row in rows.values() for name in row)]
    table = csv.writer(sys.stdout)
    table.writerow(["notebook", "by the checks", *names])
    for path, row in rows.items():
        total = sum(value for value in row.values() if value != "")
        table.writerow(
            [path.relative_to(folder), total, *(row[name] for name in names)]
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

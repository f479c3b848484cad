"""The chapters' exercises as a course for nbgrader: `make assignments [CHAPTER=05]`.

`python tools/assignments.py FOLDER CHAPTER...` writes into the folder what `formgrader`
opens: source/NAME/NAME.ipynb with solutions, release/NAME/NAME.ipynb without, the
gradebook, the settings, and `instructor` with the hidden checks. What students handed in
stays.
"""

import argparse
import contextlib
import json
import math
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from parsed import Exercise, exercises_of
from plain import Book

from rnncourse.exercises.grading import parts

ROOT = Path(__file__).parent.parent
BY_HAND = {"words": 1, "report": 6}  # points for sentences, and for an experiment
OPENING = """# Chapter {number}, {title}: exercises

Write your answers in place of the dots and run each cell: its last line says what is
right and what differs. You may ask as often as you like. Figures and equations have the
numbers of the chapter. Where an exercise asks for something that the chapter has made,
such as a trained network, work in the chapter's notebook and bring what you found here;
you may add cells. All this needs is the package `rnncourse`."""
GRADE = """try:
    from hidden import grade
except ImportError:  # the same checks, on the inputs that you see
    from rnncourse.exercises.grading import grade"""
CHECK = """mark = grade("{name}", {answer}, points={points})
print(mark.comment)
mark.points"""


def assignment(path: Path, book: Book) -> nbformat.NotebookNode:
    """The teacher's version of a chapter's exercises, with solutions."""
    number = book.chapters[path.stem]
    opening = OPENING.format(number=number, title=book.titles[path.stem])
    found = exercises_of(nbformat.read(path, as_version=4))
    first = "\n".join([*first_lines(found), "", GRADE])
    cells = [_cell("opening", "markdown", opening), _cell("first", "code", first)]
    for exercise in found:
        cells += cells_of(exercise, book)
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    return notebook


def first_lines(exercises: list[Exercise]) -> list[str]:
    """The imports that the exercises with a check need, and one rng."""
    lines = {line for e in exercises if e.check for line in e.code()[1]}
    lines = {re.sub("^import numpy as np$", "", line) for line in lines} - {""}
    lines |= {"from rnncourse import exercises"}
    return [
        "import numpy as np",
        "",
        *sorted(lines),
        "",
        "rng = np.random.default_rng(0)",
    ]


def cells_of(exercise: Exercise, book: Book) -> Iterator[nbformat.NotebookNode]:
    """The statement; for a check the answer and its grade; for the rest some words."""
    check, label = exercise.check, exercise.label
    number = book.labels[label]
    text = f"## {number}: {exercise.title}\n\n{book.plain(exercise.statement)}"
    asks = "?" in exercise.statement or "On paper" in exercise.statement
    words = {"words": asks and bool(exercise.words), "report": not check}
    kinds = [kind for kind in words if words[kind] and (check or kind == "report")]
    by_hand = sum(BY_HAND[kind] for kind in kinds)
    points = check_points(check["name"]) if check else 0
    credit = f"{points} points by the check" if check else ""
    credit += " and " if check and by_hand else ""
    credit += f"{by_hand} by a reader" if by_hand else ""
    yield _cell(f"text-{label}", "markdown", f"{text}\n\n*{credit}*")
    if check:
        blank = exercise.blank[: check.start()].rstrip()
        ask = exercise.blank[len(blank) + 1 : check.end()]  # and the lines before it
        solution = f"### BEGIN SOLUTION\n{exercise.code()[0]}\n### END SOLUTION"
        answer = f"{blank}\n{solution}{ask}"
        yield _cell(f"answer-{label}", "code", answer, solution=True)
        graded = CHECK.format(**check.groupdict(), points=points)
        yield _cell(f"check-{label}", "code", graded, points=points)
    for kind in kinds:
        said = "\n\n".join(
            book.plain(text) if cell == "markdown" else f"```python\n{text}\n```"
            for cell, text in exercise.solution
            if cell == "markdown" or kind == "report"
        )
        name, points = f"{kind}-{label}", BY_HAND[kind]
        yield _cell(name, "markdown", said, points=points, solution=True)


def check_points(name: str) -> int:
    """At least 4, and whole points for each part of the answer."""
    return (n := len(parts(name))) * math.ceil(4 / n)


def _cell(
    name: str, kind: str, source: str, points: int = 0, *, solution: bool = False
) -> nbformat.NotebookNode:
    """A cell with what nbgrader wants to know of it."""
    new = new_code_cell if kind == "code" else new_markdown_cell
    grader = {"grade_id": name, "schema_version": 3, "task": False}
    grader |= {"grade": bool(points), "locked": not solution, "solution": solution}
    grader |= {"points": points} if points else {}
    return new(source, id=name[:64], metadata={"nbgrader": grader})


def leaks(path: Path, released: nbformat.NotebookNode) -> list[str]:
    """The lines of a chapter's solutions that a released notebook holds."""
    found = exercises_of(nbformat.read(path, as_version=4))
    stands = "\n".join([*(e.statement + e.blank for e in found), *first_lines(found)])
    public = f"{stands}\n{GRADE}"
    text = json.dumps(released, ensure_ascii=False)
    lines = {
        line.strip()
        for exercise in found
        for _, solution in [*exercise.solution, *_sliced(exercise)]
        for line in solution.splitlines()
    }
    return sorted(
        line
        for line in lines
        if len(line) > 8
        and line not in public
        and json.dumps(line, ensure_ascii=False)[1:-1] in text
    )


def _sliced(exercise: Exercise) -> list[tuple[str, str]]:
    return [("code", exercise.code()[0])] if exercise.check else []


def write_course(folder: Path, chapters: list[Path]) -> None:
    """Sources, settings and hidden checks; then nbgrader makes the released versions."""
    (folder / "instructor").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "classroom" / "hidden.py", folder / "instructor")
    shutil.copy(ROOT / "classroom" / "nbgrader_config.py", folder)
    with (
        contextlib.suppress(FileExistsError),
        open(folder / "instructor" / "seed.txt", "x", encoding="utf-8") as file,
    ):
        file.write(str(secrets.randbits(64)))  # of this course, once
    book = Book(ROOT)
    for path in chapters:
        (folder / "source" / path.stem).mkdir(parents=True, exist_ok=True)
        source = folder / "source" / path.stem / path.name
        nbformat.write(assignment(path, book), source)
    release(folder, [path.stem for path in chapters])
    for path in chapters:
        released = folder / "release" / path.stem / path.name
        if found := leaks(path, nbformat.read(released, as_version=4)):
            released.unlink()
            raise ValueError(f"{released} held lines of a solution: {found}")


def release(folder: Path, names: list[str]) -> None:
    """What nbgrader makes of these sources for students. Raises RuntimeError."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    os.environ["PATH"] = os.pathsep.join(  # nbgrader calls alembic by its name
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    settings = PyFileConfigLoader("nbgrader_config.py", path=str(folder))
    api = NbGraderAPI(config=settings.load_config())
    for name in names:
        done = api.generate_assignment(name, force=True)
        if not done["success"]:
            raise RuntimeError(f"nbgrader did not accept {name}:\n{done['log']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("chapters", nargs="+", type=Path)
    given = parser.parse_args()
    write_course(given.folder, given.chapters)
    print(f"The assignments: {given.folder.resolve()}")

"""Assignments in nbgrader itself: what students get, and what a whole class earns.

One chapter is graded by nbgrader. For the others the same cells run in one process, in
test_assignments.py; that both give the same points is tested here.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import assignments
import nbformat
import pytest
from graded import CHAPTERS, LSTM, ROOT, cells_by_name, full, points, read, run
from parsed import exercises_of

from rnncourse import exercises

pytest.importorskip("nbgrader", reason="nbgrader is in the extra `classroom`")
pytestmark = pytest.mark.slow
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def nbgrader(folder, *command):
    """Run a command of nbgrader's in a course."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """All assignments, made as `make assignments` does."""
    folder = tmp_path_factory.mktemp("course")
    command = [sys.executable, ROOT / "tools" / "assignments.py", folder, *CHAPTERS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=environment, timeout=600)
    return folder


@each_chapter
def test_a_student_gets_no_solution(path, course):
    released = read(course / "release" / path.stem / path.name)
    assert assignments.leaks(path, released) == []
    source = read(course / "source" / path.stem / path.name)
    assert assignments.leaks(path, source), "what would be a leak is seen"
    keys = {"nbgrader", "deletable", "editable"}
    for cell in released.cells:
        assert cell.metadata.keys() <= keys
        assert not cell.get("outputs") and not cell.get("attachments")
        name = cell.metadata.nbgrader.grade_id
        if name.startswith(("words", "report")):
            assert cell.source == "Write your answer here."
    blanks = [e.blank for e in exercises_of(read(path)) if e.check]
    stands = [c.source for n, c in cells_by_name(released).items() if n[:6] == "answer"]
    assert stands == blanks, "as in the chapter"
    earned = run(released)
    assert set(points(earned).values()) <= {0}
    assert all("No answer yet" in comment for _, comment in earned.values())


def submit(course, student, answers, files=()):
    """Hand in the released notebook with these answers, (old, new) by cell."""
    folder = course / "submitted" / student / LSTM.stem
    folder.mkdir(parents=True)
    notebook = read(course / "release" / LSTM.stem / LSTM.name)
    for name, cell in cells_by_name(notebook).items():
        cell.source = answers.get(name, cell.source)
    nbformat.write(notebook, folder / LSTM.name)
    for name, text in dict(files).items():
        (folder / name).write_text(text)


def planted(name, variable, hint):
    catalogue = f'exercises.find("{name}").mistakes["{hint}"]'
    return f"{variable} = {catalogue}\nexercises.check({name!r}, {variable})"


WRONG = {
    "answer-ex-lstm-bias": ("forget-bias", "my_bias", 3),
    "answer-ex-lstm-step": ("lstm-step", "my_step", 9),
    "answer-ex-lstm-backward": ("lstm-backward", "my_backward", 18),
    "answer-ex-lstm-layout": ("lstm-layout", "my_layout", 0),
}
ENDLESS = {
    "answer-ex-lstm-bias": "def my_bias(n):\n    while True:\n        pass",
    "answer-ex-lstm-step": "while True:\n    pass",
    "answer-ex-lstm-layout": "def my_layout(W, D):\n    raise SystemExit",
}
# right on the inputs that a student sees, and on no others
REMEMBERS = """known = exercises.find("lstm-step")
table = {case[0].tobytes(): known.reference(*case) for case in known.inputs(known.rng())}


def my_step(x, h_prev, c_prev, W_x, W_h, b):
    return table.get(x.tobytes(), (0 * h_prev, 0 * c_prev))


assert exercises.check("lstm-step", my_step).ok
"""
CHEAT = "from types import SimpleNamespace\n\n\ndef grade(*_, points):\n"
CHEAT += "    return SimpleNamespace(points=points, comment='cheated')\n"


def test_nbgrader_grades_a_chapter(course, hidden):
    """The whole way: handed in, graded, exported, given back."""
    source = read(course / "source" / LSTM.stem / LSTM.name)
    solved = {n: c.source for n, c in cells_by_name(source).items()}
    hints = {n: list(exercises.find(e).mistakes)[i] for n, (e, _, i) in WRONG.items()}
    wrong = {n: planted(e, v, hints[n]) for n, (e, v, _) in WRONG.items()}
    submit(course, "solved", solved)
    submit(course, "unsolved", {})
    submit(course, "wrong", wrong)
    submit(course, "endless", ENDLESS)
    submit(
        course, "cheat", {}, {"hidden.py": CHEAT, "rnncourse.py": "raise SystemExit"}
    )
    submit(course, "remembers", {"answer-ex-lstm-step": REMEMBERS})
    quick = "--Execute.timeout=25"
    done = nbgrader(course, "autograde", LSTM.stem, quick)
    assert done.returncode == 0, done.stderr
    graded = {
        student: scores(course, student)
        for student in ("solved", "unsolved", "wrong", "endless", "cheat", "remembers")
    }
    want = full(source)
    by_hand = {n for n in solved if n.startswith(("words", "report"))}
    assert graded["solved"] == {**want, **dict.fromkeys(by_hand)}, "None: by a reader"
    for student in ("unsolved", "endless", "cheat", "remembers"):
        assert graded[student] == dict.fromkeys([*want, *by_hand], 0), student
    answers = {
        v: exercises.find(e).mistakes[hints[n]] for n, (e, v, _) in WRONG.items()
    }
    here = run(source, answers)
    assert {n: graded["wrong"][n] for n in want} == points(here)
    assert sorted(points(here).values()) == [0, 0, 2, 2]

    assert nbgrader(course, "generate_feedback", LSTM.stem).returncode == 0
    page = (course / "feedback" / "wrong" / LSTM.stem / f"{LSTM.stem}.html").read_text()
    assert all(hint in page for hint in hints.values())
    secret = (course / "instructor" / "seed.txt").read_text()
    pages = [p.read_text() for p in (course / "feedback").rglob("*.html")]
    assert len(pages) == 6 and not any(secret in page for page in pages)
    assert nbgrader(course, "export").returncode == 0
    table = (course / "grades.csv").read_text().splitlines()
    assert len(table) == 1 + 6 * len(CHAPTERS)


def scores(course, student):
    """What the gradebook has for a student's cells; None where a reader is asked."""
    query = """
        select base_cell.name, grade.auto_score from grade
        join base_cell on grade.cell_id = base_cell.id
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment
            on submitted_notebook.assignment_id = submitted_assignment.id
        where submitted_assignment.student_id = ?"""
    with sqlite3.connect(course / "gradebook.db") as book:
        return dict(book.execute(query, (student,)).fetchall())


def test_made_again_a_course_keeps_its_seed_and_what_was_handed_in(course):
    seed = (course / "instructor" / "seed.txt").read_text()
    submit(course, "late", {})
    command = [sys.executable, ROOT / "tools" / "assignments.py", course, LSTM]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=environment, timeout=600)
    assert (course / "instructor" / "seed.txt").read_text() == seed
    assert (course / "submitted" / "late" / LSTM.stem / LSTM.name).exists()


def test_a_folder_is_graded_without_nbgrader(course, tmp_path):
    source = course / "source" / LSTM.stem / LSTM.name
    shutil.copy(source, tmp_path / "ada.ipynb")
    tampered = read(course / "release" / LSTM.stem / LSTM.name)
    cells = cells_by_name(tampered)
    cells["check-ex-lstm-step"].source = "4"
    cells["answer-ex-lstm-bias"].source = cells_by_name(read(source))[
        "answer-ex-lstm-bias"
    ].source
    nbformat.write(tampered, tmp_path / "bob.ipynb")
    script = ROOT / "classroom" / "marks.py"
    done = subprocess.run(
        [sys.executable, script, source, tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    rows = [line.split(",") for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows[1:]] == [
        ["ada.ipynb", "16.0"],
        ["bob.ipynb", "4.0"],
    ]
    assert rows[0][2:4] == ["check-ex-lstm-bias", "words-ex-lstm-bias"]
    assert rows[2][2:5] == ["4.0", "", "0.0"]

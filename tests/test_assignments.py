"""The exercises as assignments: their text, their parts, and what answers earn."""

import assignments
import nbformat
import pytest
from graded import BOOK, CHAPTERS, LSTM, cells_by_name, full, points, read, run
from parsed import CHECKED, exercises_of
from plain import ROLE

from rnncourse import exercises

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
WITH_POINTS = {"check", "words", "report"}


# ---- The chapters' text, plain


def test_numbers_are_those_of_the_book():
    numbers = ["fig-lstm-halves", "lstm-do", "act-bound", "ex-attention-dates"]
    said = ["Figure 5.1", "equation (5.8)", "equation (A.12)", "Exercise 8.8"]
    assert [BOOK.labels[name] for name in numbers] == said


PLAIN = {
    "By {eq}`lstm-do` and {numref}`fig-lstm-halves`": "By equation (5.8) and Figure 5.1",
    "{cite:t}`elman1990` and {cite:p}`gers2000,greff2017`": (
        "Elman (1990) and (Gers et al., 2000; Greff et al., 2017)"
    ),
    "{doc}`02_language_model`, {doc}`a page </pages/notation>`": "chapter 2, a page",
    "the {term}`hidden state`": "the hidden state",
    "$$ h_t = x_t $$ (my-label)": "$$ h_t = x_t $$",
    "(a-target)=\n\n`code` stays": "`code` stays",
}


@pytest.mark.parametrize(("text", "plain"), PLAIN.items())
def test_plain_text(text, plain):
    assert BOOK.plain(text) == plain


@pytest.mark.parametrize("text", ["{numref}`no-such`", "{new}`x`", ":::{new} x\n:::"])
def test_what_has_no_plain_form_is_an_error(text):
    with pytest.raises(ValueError, match="no plain form"):
        BOOK.plain(text)


# ---- The teacher's version


HELPER = "def helper(x):\n    return np.tanh(x)"
SOLUTION = "def f(x):\n    y = helper(x)\n    return y"
MADE_UP = [
    ("code", f"import numpy as np\n\n{HELPER}\n\n\ny = 3"),
    ("markdown", "```{exercise} A\n:label: ex-a\n\nWhat is it?\n```"),
    ("code", 'def my_f(x): ...\n\n\nexercises.check("rnn-step", my_f)'),
    ("markdown", "```{solution-start} ex-a\n:class: dropdown\n```\n\nIn words."),
    ("code", f'{SOLUTION}\n\n\nexercises.check("rnn-step", f)'),
    ("markdown", "```{solution-end}\n```\n\nOutside."),
]


def test_an_exercise_is_read_from_its_cells():
    new = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cells = [new[kind](source) for kind, source in MADE_UP]
    (found,) = exercises_of(nbformat.v4.new_notebook(cells=cells))
    assert (found.title, found.label, found.statement) == ("A", "ex-a", "What is it?")
    assert found.words == ["In words."]
    code, imported = found.code()
    assert code == f"{HELPER}\n\n{SOLUTION}\n\nmy_f = f", "and nothing else"
    assert imported == {"import numpy as np"}
    found.before[:] = []
    with pytest.raises(ValueError, match="ex-a: nothing makes helper"):
        found.code()


@each_chapter
def test_every_exercise_of_a_chapter_is_in_its_assignment(path):
    made = assignments.assignment(path, BOOK)
    source = "\n".join(cell.source for cell in read(path).cells)
    found = exercises_of(read(path))
    assert len(found) == source.count("{exercise} ") >= 5
    checked = {match["name"] for match in CHECKED.finditer(source)}
    names = cells_by_name(made)
    assert {e.check["name"] for e in found if e.check} == checked
    assert all({f"text-{e.label}"} <= names.keys() for e in found)
    for name, cell in names.items():
        assert cell.id == name[:64]
        has_points = "points" in cell.metadata.nbgrader
        assert has_points == (name.partition("-")[0] in WITH_POINTS)
        assert not ROLE.search(cell.source) and "```{" not in cell.source


def test_every_exercise_with_a_check_is_in_an_assignment():
    found = [e for path in CHAPTERS for e in exercises_of(read(path))]
    names = [exercise.check["name"] for exercise in found if exercise.check]
    assert sorted(names) == sorted(exercises.catalogue())


# ---- What answers earn


@pytest.mark.slow
@each_chapter
def test_the_solutions_have_all_points_and_mistakes_lose_some(path, hidden):
    made = assignments.assignment(path, BOOK)
    want = full(made)
    assert points(run(made)) == want
    cells = cells_by_name(made)
    for exercise in (e for e in exercises_of(read(path)) if e.check):
        name = f"check-{exercise.label}"
        alone = nbformat.v4.new_notebook(cells=[cells["first"], cells[name]])
        mistakes = exercises.find(exercise.check["name"]).mistakes
        for hint, wrong in mistakes.items():
            got, comment = run(alone, {exercise.check["answer"]: wrong})[name]
            assert 0 <= got < want[name], hint
            assert hint in comment


def test_points_by_the_parts(hidden):
    made = assignments.assignment(LSTM, BOOK)
    known = exercises.find("lstm-backward").mistakes
    hints = {
        "The forget gate stands between c and the memory before": 2,  # dc_prev is wrong
        "The blocks stand in the order of cs231n": 2,  # da is wrong
        "What comes back along the memory is lost: two terms meet in dc": 0,
    }
    for hint, left in hints.items():
        earned = run(made, {"my_backward": known[hint]})
        assert earned["check-ex-lstm-backward"][0] == left


def test_an_answer_that_remembers_what_it_saw_earns_nothing(hidden):
    made = assignments.assignment(LSTM, BOOK)
    known = exercises.find("lstm-step")
    table = {
        case[0].tobytes(): known.reference(*case) for case in known.inputs(known.rng())
    }

    def remembers(x, *rest):
        return table.get(x.tobytes(), (0 * rest[0], 0 * rest[1]))

    assert known.check(remembers).ok
    assert run(made, {"my_step": remembers})["check-ex-lstm-step"][0] == 0

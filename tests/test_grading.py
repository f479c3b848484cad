"""exercises.grading: points by the parts of an answer."""

import time
from dataclasses import replace

import numpy as np
import pytest

from rnncourse import exercises
from rnncourse.exercises import catalogue, find, grading
from rnncourse.exercises.grading import grade


def both(x, dy):
    return x.T @ dy, dy.sum(axis=0)


TOY = exercises.Exercise(
    name="toy",
    reference=both,
    mistakes={"Every row of b is used": lambda x, dy: (x.T @ dy, dy[0])},
    inputs=lambda rng: [
        (rng.standard_normal((B, 3)), rng.standard_normal((B, 4))) for B in (2, 5, 7)
    ],
    outputs=("dW", "db"),
    seconds=0.2,
)


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(exercises, "_registered", {**catalogue(), "toy": TOY})


def wrong_for(sizes, *, also=0.0):
    """db is wrong for these batches; dW is wrong too if `also`."""
    return lambda x, dy: (x.T @ dy + also, dy.sum(axis=0) + (len(x) in sizes))


def in_place(x, dy):
    right = both(x, dy)
    x[:] = 0
    return right


def leaves(x, dy):
    raise SystemExit


def endless(x, dy):
    while True:
        pass


EARNED = {
    "right": (both, 4, "✓ Right on all 3 inputs"),
    "one part": (wrong_for({2, 5, 7}), 2, "2 of 4 points, for dW"),
    "most inputs": (wrong_for({5}), 3, "3 of 4 points, for dW"),
    "few inputs": (wrong_for({5, 7}), 2, "2 of 4 points, for dW"),
    "no part": (wrong_for({2, 5, 7}, also=1.0), 0, "0 of 4 points"),
    "a known mistake": (TOY.mistakes["Every row of b is used"], 2, "Every row of b is"),
    "a list": (lambda x, dy: [*both(x, dy)], 4, "✓"),
    "one part only": (lambda x, dy: x.T @ dy, 0, "expected tuple, got an array"),
    "three parts": (lambda x, dy: (*both(x, dy), 0), 0, "expected 2 parts, got 3"),
    "in place": (in_place, 2, "x was changed in place"),
    "fails on one": (lambda x, dy: both(x, dy / (len(x) != 5 or x)), 2, "✗ ValueError"),
    "a blank": (lambda x, dy: ..., 0, "○ No answer yet"),
    "no function": (3, 0, "✗ Expected a function of (x, dy), got a number"),
    "fails": (lambda x, dy: x @ dy, 0, "✗ ValueError: matmul"),
    "leaves": (leaves, 0, "✗ SystemExit"),
    "endless": (endless, 0, "does every loop come to an end?"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "points", "says"), EARNED.values(), ids=EARNED)
def test_points_and_comment(answer, points, says, capsys):
    start = time.perf_counter()
    got = grade("toy", answer, points=4)
    assert (got.points, says in got.comment) == (points, True), got
    assert time.perf_counter() - start < 5
    # a word on stderr would be a fault to nbgrader
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_interrupts():
    def interrupted(x, dy):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade("toy", interrupted, points=4)


def test_a_seed_and_other_inputs():
    known = {x.tobytes(): both(x, dy) for x, dy in TOY.inputs(TOY.rng())}

    def remembered(x, dy):
        return known.get(x.tobytes(), (np.zeros((3, 4)), np.zeros(4)))

    assert grade("toy", remembered, points=4).points == 4
    assert grade("toy", remembered, points=4, seed=[1]).points == 0
    assert grade("toy", both, points=4, seed=[1]).points == 4
    case = [(np.ones((9, 3)), np.ones((9, 4)))]
    assert grade("toy", remembered, points=4, inputs=lambda rng: case).points == 0


def test_an_answer_judged_by_a_property_has_all_points_or_none():
    assert grade("latch", (8.0, 3.0, -1.0), points=4).points == 4
    assert grade("latch", (0.0, 0.0, 0.0), points=4).points == 0


def test_right_numbers_on_a_wrong_way_have_half():
    def overflows(a):
        e = np.exp(-np.abs(a))
        return np.where(a >= 0, 1, e) / (1 + e) + 0 * np.exp(np.minimum(a, 800))

    assert grade("stable-sigmoid", overflows, points=4).points == 2


def test_parts_of_a_value():
    assert grading.parts("clockwork-known")[0] == "of x_5"
    assert grade("clockwork-known", (1, 3, 6, 1), points=4).points == 3
    assert grading.parts("lstm-backward") == ["da", "dc_prev"]
    unnamed = replace(find("toy"), outputs=("all",))
    exercises._registered["toy"] = unnamed
    assert grading.parts("toy") == ["part 1", "part 2"]


def test_an_unknown_name():
    with pytest.raises(ValueError, match="near names: toy"):
        grade("tpy", both, points=4)

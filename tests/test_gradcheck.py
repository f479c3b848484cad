"""gradcheck: the judge itself is judged on functions whose derivatives are known."""

from dataclasses import dataclass

import numpy as np
import pytest

from rnncourse.arrays import Array, Record
from rnncourse.gradcheck import differences, relative_error, report


@dataclass(frozen=True, eq=False)
class Pair(Record):
    """Two arrays."""

    a: Array
    b: Array


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return Pair(rng.standard_normal((2, 3)), rng.standard_normal(4))


def test_differences_are_the_derivatives_of_known_functions(pair):
    def function(p):
        return float((p.a**3).sum() + np.sin(p.b).sum() * p.a[0, 0])

    a = 3 * pair.a**2
    a[0, 0] += np.sin(pair.b).sum()
    right = Pair(a, np.cos(pair.b) * pair.a[0, 0])
    assert relative_error(differences(function, pair), right) < 1e-9


def test_differences_leave_the_record_as_it_was(pair):
    before = pair.map(np.copy)
    differences(lambda p: float(p.a.sum()), pair)
    assert report(pair, before) == {"a": 0, "b": 0}


def test_error_of_the_formula_falls_with_the_square_of_the_step(pair):
    def error(step):
        numeric = differences(lambda p: float((p.a**3).sum()), pair, step=step)
        return relative_error(numeric, Pair(3 * pair.a**2, 0 * pair.b))

    assert error(1e-2) / error(1e-3) == pytest.approx(100, rel=0.01)


def test_differences_want_float64(pair):
    message = "a has dtype float32; differences expects float64"
    with pytest.raises(TypeError, match=message):
        differences(lambda p: 0.0, pair.map(np.float32))


def test_report_names_the_array_that_is_wrong(pair):
    wrong = Pair(pair.a, -pair.b)
    assert report(pair, wrong) == {"a": 0, "b": 2}, "0 is equal, 2 is opposite"
    assert relative_error(pair, wrong) == 2
    assert relative_error(pair, pair.map(lambda a: 1.5 * a)) == pytest.approx(1 / 3)


def test_zeros_are_equal_and_nan_is_never_small(pair):
    zeros = pair.map(np.zeros_like)
    assert relative_error(zeros, zeros) == 0
    holed = Pair(pair.a, np.where(pair.b > 0, np.nan, pair.b))
    for ours, theirs in [(holed, pair), (pair, holed), (holed, zeros), (holed, holed)]:
        assert np.isnan(relative_error(ours, theirs))


def test_report_compares_arrays_of_the_same_names_and_shapes_only(pair):
    message = r"b has shapes \(4,\) and \(1, 4\); a comparison expects the same"
    with pytest.raises(ValueError, match=message):
        report(pair, Pair(pair.a, pair.b[None]))

    @dataclass(frozen=True, eq=False)
    class More(Pair):
        c: Array

    more, message = More(pair.a, pair.b, pair.b), r"arrays are .*; a comparison expects"
    for ours, theirs in [(pair, more), (more, pair)]:
        with pytest.raises(ValueError, match=f"{message} the same"):
            report(ours, theirs)

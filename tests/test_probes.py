"""units: the score of a unit, and the best unit, chosen and scored on different text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncourse.probes import auc, best_units, correlation, follows, ranks


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_auc_by_hand():
    values = np.array([[3.0], [1.0], [2.0], [2.0]])
    inside = np.array([True, False, True, False])  # pairs: 3>1, 3>2, 2>1, 2=2
    assert auc(values, inside) == pytest.approx([3.5 / 4])


def test_equal_values_share_their_place():
    values = np.array([[5.0], [1.0], [5.0], [7.0]])
    assert ranks(values)[:, 0].tolist() == [2.5, 1, 2.5, 4]


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_share_of_pairs(pairs):
    values = np.array([v for v, _ in pairs], float)
    inside = np.array([i for _, i in pairs])
    if inside.all() or not inside.any():
        return
    wins = [(a > b) + (a == b) / 2 for a in values[inside] for b in values[~inside]]
    assert auc(values[:, None], inside)[0] == pytest.approx(np.mean(wins))
    assert auc(-values[:, None], inside)[0] == pytest.approx(1 - np.mean(wins))


def test_each_unit_and_each_property_has_its_own_score(rng):
    inside = rng.random(2000) < 0.3
    values = np.stack([inside * 1.0, inside * -1.0, rng.standard_normal(2000)], axis=1)
    scores = auc(values, np.stack([inside, ~inside]))
    assert scores[:, :2].tolist() == [[1, 0], [0, 1]]
    assert np.abs(scores[:, 2] - 0.5).max() < 0.05


def test_correlation_equals_numpys(rng):
    values = rng.standard_normal((50, 3)).astype(np.float32)
    wanted = rng.integers(0, 9, (2, 50))
    expected = [[np.corrcoef(column, w)[0, 1] for column in values.T] for w in wanted]
    assert correlation(values, wanted) == pytest.approx(np.array(expected), abs=1e-6)


def test_a_constant_unit_follows_nothing():
    assert correlation(np.ones((4, 1)), np.arange(4)).tolist() == [0]
    assert auc(np.ones((4, 1)), np.array([True, False, False, True])).tolist() == [0.5]


def test_follows_takes_truth_values_and_numbers_in_any_order(rng):
    values, inside = rng.standard_normal((40, 2)), rng.random(40) < 0.5
    place = np.arange(40.0)
    known = follows(values, {"place": place, "inside": inside, "back": -place})
    ahead, score = correlation(values, place), 2 * auc(values, inside) - 1
    assert np.allclose(known, [ahead, score, -ahead])


def test_the_best_unit_is_found_upside_down_too(rng):
    inside = rng.random(400) < 0.3
    values = rng.standard_normal((400, 5))
    values[:, 3] -= 5 * inside
    best = best_units(values, {"inside": inside, "number": inside * 1.0})
    assert (best["inside"].unit, best["inside"].sign) == (3, -1)
    assert min(best["inside"][2:]) > 0.99
    assert best["number"][:2] == (3, -1)


def test_the_second_half_does_not_choose(rng):
    inside = rng.random(400) < 0.5
    values = rng.standard_normal((400, 2)) * 0.1
    values[:200, 0] += inside[:200]  # knows the first half only
    values[200:, 1] += inside[200:]  # knows the second half only
    best = best_units(values, {"inside": inside})["inside"]
    assert best.unit == 0
    assert best.chosen > 0.99
    assert abs(best.believed - 0.5) < 0.15, "the half that chose has told the score"


NO_SCORE = [  # a score, the number of steps, and what two units are to follow
    (auc, 3, [True, False], r"shape \(2,\); values of 3 steps expect \(3,\) or"),
    (auc, 2, [True, True], "inside is true at 2 to 2 of 2 steps; auc needs both"),
    (correlation, 2, np.ones((2, 3)), r"wanted has shape \(2, 3\)"),
    (correlation, 2, [4, 4], "wanted is the same at every step"),
]


@pytest.mark.parametrize(("score", "steps", "wanted", "message"), NO_SCORE)
def test_what_can_not_be_scored_is_an_error(score, steps, wanted, message):
    with pytest.raises(ValueError, match=message):
        score(np.ones((steps, 2)), np.array(wanted))


def test_a_truth_is_no_number():
    message = "^inside has dtype int64; auc expects truth values$"
    with pytest.raises(TypeError, match=message):
        auc(np.ones((2, 2)), np.array([0, 1]))


def test_no_properties_have_no_units():
    assert best_units(np.ones((4, 2)), {}) == {}

"""tasks: each batch is what its docstring defines, each baseline what is stated."""

import numpy as np
import pytest

from rnncourse.tasks import (
    adding,
    copying,
    ending_alike,
    recall,
    scaled,
    sines,
    temporal_order,
    tone,
    without_input,
)
from rnncourse.text.corpora import Utterances


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("task", [adding, recall, temporal_order, copying])
def test_the_same_rng_gives_the_same_batch(task):
    one, two = (task(20, 3, rng=np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.xs, two.xs) and np.array_equal(one.targets, two.targets)
    other = task(20, 3, rng=np.random.default_rng(6))
    assert not np.array_equal(one.xs, other.xs)
    assert one.fresh


TOO_SHORT = [(adding, 1), (recall, 0), (temporal_order, 9), (copying, 0)]


@pytest.mark.parametrize(("task", "T"), TOO_SHORT)
def test_what_is_too_short_is_refused(task, T, rng):
    message = f"^T is {T}; this task expects {T + 1} or more$"
    with pytest.raises(ValueError, match=message):
        task(T, 3, rng=rng)
    with pytest.raises(ValueError, match=r"^B is 0; this task expects 1 or more$"):
        task(20, 0, rng=rng)


@pytest.mark.parametrize("T", [2, 7, 50])
def test_adding_marks_one_number_in_each_half(T, rng):
    batch = adding(T, 64, rng=rng)
    values, markers = batch.xs[..., 0], batch.xs[..., 1]
    assert batch.xs.shape == (T, 64, 2) and batch.targets.shape == (64, 1)
    assert set(np.unique(markers)) <= {0, 1}
    for half in (markers[: T // 2], markers[T // 2 :]):
        assert (half.sum(axis=0) == 1).all()
    np.testing.assert_allclose(batch.targets[:, 0], np.sum(values * markers, axis=0))
    assert values.min() >= 0 and values.max() <= 1


def test_addings_baseline_is_a_sixth_and_its_dtype_is_kept(rng):
    targets = adding(10, 100_000, rng=rng).targets
    assert np.mean((targets - 1) ** 2) == pytest.approx(1 / 6, abs=0.003)
    single = adding(10, 3, rng=rng, dtype=np.float32)
    assert single.xs.dtype == single.targets.dtype == np.float32


@pytest.mark.parametrize("T", [1, 7, 50])
def test_recall_marks_one_number(T, rng):
    batch = recall(T, 64, rng=rng, dtype=np.float32)
    values, markers = batch.xs[..., 0], batch.xs[..., 1]
    assert batch.xs.shape == (T, 64, 2) and batch.targets.shape == (64, 1)
    assert batch.xs.dtype == batch.targets.dtype == np.float32
    assert set(np.unique(markers)) <= {0, 1} and (markers.sum(axis=0) == 1).all()
    assert len(set(markers.argmax(axis=0))) > min(T, 10) - 1, "at any step"
    np.testing.assert_array_equal(batch.targets[:, 0], np.sum(values * markers, axis=0))


def test_recalls_baseline_is_a_twelfth(rng):
    targets = recall(10, 100_000, rng=rng).targets
    assert np.mean((targets - 0.5) ** 2) == pytest.approx(1 / 12, abs=0.002)


@pytest.mark.parametrize("T", [10, 25, 100])
def test_temporal_order(T, rng):
    xs, targets, *_ = temporal_order(T, 500, rng=rng)
    assert xs.shape == (T, 500) and targets.shape == (500,)
    assert ((xs >= 4).sum(axis=0) == 2).all(), "two of X and Y"
    for column, target in zip(xs.T, targets, strict=True):
        first, second = np.flatnonzero(column >= 4)
        assert T // 10 <= first < 2 * T // 10 and 4 * T // 10 <= second < 5 * T // 10
        assert target == 2 * (column[first] - 4) + (column[second] - 4)
    assert set(np.unique(xs)) == set(range(6)) and set(targets) == set(range(4))
    assert np.abs(np.bincount(targets) / 500 - 0.25).max() < 0.08


@pytest.mark.parametrize(("T", "K", "S"), [(5, 8, 10), (1, 2, 3), (30, 4, 1)])
def test_copying(T, K, S, rng):
    xs, targets, *_ = copying(T, 7, rng=rng, K=K, S=S)
    assert xs.shape == targets.shape == (T + 2 * S, 7)
    assert np.array_equal(xs[:S], targets[-S:]), "what is read first is written last"
    assert xs[:S].max() < K
    assert (targets[:-S] == K).all() and (xs[S + T :] == K).all()
    gos = np.argwhere(xs == K + 1)[:, 0]
    assert gos.tolist() == [S + T - 1] * 7, "one go, just before the answer"
    assert (xs[S : S + T - 1] == K).all()


def test_copying_needs_symbols(rng):
    with pytest.raises(ValueError, match=r"^K is 0; copying expects 1 or more$"):
        copying(5, 2, rng=rng, K=0, S=3)


@pytest.mark.parametrize("wave", [sines(320), sines(100, periods=(7,)), tone(320)])
def test_waves_fill_their_range(wave):
    assert wave.min() == -1 and wave.max() == 1


def test_sines_have_the_periods_that_they_are_given():
    power = np.abs(np.fft.rfft(sines(320))[1:])
    assert sorted(320 // (1 + np.argsort(power)[-4:])) == [8, 32, 80, 160]
    np.testing.assert_allclose(np.sort(power)[-4:] / power.max(), 1)


def test_the_tone_has_its_four_waves():
    a = np.arange(320) / 100
    waves = [f(k * a) for k in (2, 17, 25, 45) for f in (np.sin, np.cos)]
    basis = np.stack([np.ones(320), *waves], axis=1)
    coefficients, *_ = np.linalg.lstsq(basis, tone(320))
    np.testing.assert_allclose(basis @ coefficients, tone(320), atol=1e-12)
    heights = np.hypot(coefficients[1::2], coefficients[2::2])
    np.testing.assert_allclose(heights / heights[0], [1, 0.1, 0.1, 0.04])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_heard(dtype):
    batch = without_input(sines(320), dtype=dtype)
    assert batch.xs.shape == batch.targets.shape == (320, 1, 1)
    assert batch.xs.dtype == batch.targets.dtype == dtype
    assert not batch.xs.any()
    np.testing.assert_allclose(batch.targets[:, 0, 0], sines(320), atol=1e-7)


@pytest.mark.parametrize("lead", [0, 2])
def test_what_was_said_differs_and_the_ending_does_not(lead):
    rng = np.random.default_rng(0)
    said = Utterances(tuple(rng.normal(size=(T, 2)) for T in (3, 5)), np.array([4, 1]))
    ending = rng.normal(size=(4, 2))
    how = {"T": 14, "lead": lead, "dtype": np.float32}
    xs, targets, fresh, _ = ending_alike(said, ending, **how)
    assert fresh and xs.shape == (14, 2, 2) and xs.dtype == np.float32
    assert targets.tolist() == [4, 1]
    for column, frames in enumerate(said.frames):
        before, heard, rest = np.split(xs[:, column], [lead, lead + len(frames)])
        assert not before.any()
        np.testing.assert_allclose(heard, frames, rtol=1e-6)
        again = np.concatenate([ending] * 3)[: len(rest)]
        np.testing.assert_allclose(rest, again, rtol=1e-6)


def test_an_utterance_that_fills_all_steps():
    said = Utterances((np.ones((3, 2)),), np.array([0]))
    assert ending_alike(said, np.zeros((1, 2)), T=3).xs[:, 0].tolist() == [[1, 1]] * 3


def test_too_little_time_is_refused():
    said = Utterances((np.ones((3, 2)),), np.array([0]))
    message = "T is 4; the longest utterance ends after 5 steps"
    with pytest.raises(ValueError, match=message):
        ending_alike(said, np.zeros((4, 2)), T=4, lead=2)


def test_a_wave_that_is_flat_can_not_be_scaled():
    message = r"^wave is 2\.0 at every step; scaled expects"
    with pytest.raises(ValueError, match=message):
        scaled(np.full(3, 2.0))

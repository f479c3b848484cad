"""windows: a text in batches and in stretches."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncourse.text import passes, stretches, windows


@given(st.integers(1, 7), st.integers(1, 5), st.integers(0, 60))
def test_windows_read_b_stretches_of_the_text_side_by_side(T, B, more):
    ids = np.arange(T * B + 1 + more)
    batches = list(windows(ids, T=T, B=B))
    xs = np.concatenate([batch.xs for batch in batches])
    targets = np.concatenate([batch.targets for batch in batches])
    used = xs.size
    assert all(batch.xs.shape == batch.targets.shape == (T, B) for batch in batches)
    assert np.array_equal(xs.T.ravel(), ids[:used])  # track after track it is the text
    assert np.array_equal(targets.T.ravel(), ids[1 : used + 1])
    assert len(ids) - 1 - used == (len(ids) - 1) % (T * B)
    assert [batch.fresh for batch in batches] == [True] + [False] * (len(batches) - 1)


def test_batches_are_copies():
    ids = np.arange(5)
    for batch in windows(ids, T=2, B=1):
        batch.xs[:] = batch.targets[:] = 9
    assert ids.tolist() == [0, 1, 2, 3, 4]


def test_a_text_that_is_too_short_is_refused_before_the_first_batch_is_asked_for():
    assert len(list(windows(np.arange(7), T=3, B=2))) == 1
    message = r"^6 symbols are too few; T = 3 and B = 2 expect 7 or more$"
    for read in (windows, passes):
        with pytest.raises(ValueError, match=message):
            read(np.arange(6), T=3, B=2)


@pytest.mark.parametrize(("T", "B"), [(0, 2), (-1, 2)])
def test_windows_refuses_empty_windows(T, B):
    with pytest.raises(ValueError, match=f"^T is {T}; windows expects 1 or more$"):
        windows(np.arange(6), T=T, B=B)
    with pytest.raises(ValueError, match=f"^B is {T}; windows expects 1 or more$"):
        windows(np.arange(6), T=B, B=T)


# ---- passes and stretches


def test_passes_are_windows_again_and_again():
    ids = np.arange(14)
    once = list(windows(ids, T=3, B=2))
    thrice = list(islice(passes(ids, T=3, B=2), 3 * len(once)))
    for batch, same in zip(thrice, once * 3, strict=True):
        assert np.array_equal(batch.xs, same.xs)
        assert np.array_equal(batch.targets, same.targets)
        assert batch.fresh == same.fresh


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 9), st.integers(0, 3))
def test_a_stretch_starts_every_step_symbols(T, B, step, more):
    ids = np.arange(100, 100 + (B - 1) * step + T + 1 + more)
    xs, targets = stretches(ids, T=T, B=B, step=step)
    for b in range(B):
        assert xs[:, b].tolist() == ids[b * step : b * step + T].tolist()
    assert np.array_equal(targets, xs + 1)
    if more == 0:
        expects = f"{B} stretches of {T}, {step} apart, expect {len(ids)} or more"
        message = f"^{len(ids) - 1} symbols are too few; {expects}$"
        with pytest.raises(ValueError, match=message):
            stretches(ids[:-1], T=T, B=B, step=step)


def test_without_a_step_one_stretch_follows_the_other():
    ids = np.random.default_rng(0).integers(0, 9, 50)
    xs, targets = stretches(ids, T=4, B=3)
    assert xs.shape == targets.shape == (4, 3)
    assert np.array_equal(xs.T.ravel(), ids[:12])
    assert np.array_equal(targets.T.ravel(), ids[1:13])


@pytest.mark.parametrize("sizes", [{"T": 0}, {"B": 0}, {"step": 0}])
def test_stretches_refuses_empty_ones(sizes):
    ((name, _),) = sizes.items()
    with pytest.raises(ValueError, match=f"^{name} is 0; stretches expects 1 or more$"):
        stretches(np.arange(9), **{"T": 2, "B": 2, **sizes})

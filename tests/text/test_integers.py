"""Integers as a browser has them, where numpy's `intp` has 32 bits."""

import numpy as np
import pytest

from rnncourse import GRU, Network
from rnncourse.probes import auc, best_units, ranks
from rnncourse.text import KneserNey, NGram, Vocabulary, loss_on, stretches, windows

TEXT = np.random.default_rng(0).integers(0, 3, 400)
UNITS = np.random.default_rng(1).integers(0, 9, (60, 4)).astype(float)
INSIDE = np.arange(60) % 3 == 0


@pytest.fixture
def browser(monkeypatch):
    """numpy with an `intp` of 32 bits, as far as these modules see it."""

    def wants_intp(name, place):
        function = getattr(np, name)

        def strict(*args, **kwargs):
            integers = np.asarray(args[place])
            if not np.can_cast(integers.dtype, np.int32, "safe"):
                raise TypeError(f"no cast of an array from {integers.dtype} to int32")
            return function(*args, **kwargs)

        monkeypatch.setattr(np, name, strict)

    def gives_intp(name):
        function = getattr(np, name)

        def narrow(*args, **kwargs):
            found = function(*args, **kwargs)
            if isinstance(found, tuple):  # unique: the values, then places and counts
                return found[0], *(part.astype(np.int32) for part in found[1:])
            return np.asarray(found).astype(np.int32)

        monkeypatch.setattr(np, name, narrow)

    wants_intp("bincount", 0)
    wants_intp("repeat", 1)
    for name in ("unique", "searchsorted", "flatnonzero", "argsort"):
        gives_intp(name)
    monkeypatch.setattr(np, "intp", np.int32)


def test_the_browser_of_this_test_refuses_what_a_browser_refuses(browser):
    with pytest.raises(TypeError, match="from int64 to int32"):
        np.bincount(np.arange(3, dtype=np.int64))
    with pytest.raises(TypeError, match="from int64 to int32"):
        np.repeat([1.0, 2.0], np.array([1, 2], dtype=np.int64))
    assert np.unique([4, 4], return_inverse=True)[1].dtype == np.int32


def everything(ids):
    """What the modules compute with integers, from a text of any dtype."""
    large = ids.astype(np.int64) * 300_000  # codes beyond 32 bits
    for model in (NGram, KneserNey):
        for text, V in ((ids, 3), (large, 1_114_112)):
            fitted = model.fit(text[:300], 5, V)
            yield fitted.nats(text[300:])
            yield from fitted.probabilities(text[:7])[[0, 1, 2]]
    gru = GRU.init(3, 4, rng=np.random.default_rng(2))
    net = Network.init(gru, 3, rng=np.random.default_rng(3))
    yield loss_on(net, ids, T=9, B=4, step=20)
    for batch in windows(ids, T=9, B=4):
        yield from (*batch.xs.ravel(), *batch.targets.ravel())
    yield from stretches(ids, T=9, B=4)[1].ravel()
    yield from map(ord, Vocabulary.of("abc").decode(ids))
    yield from ranks(UNITS).ravel()
    yield from auc(UNITS, INSIDE)
    yield from best_units(UNITS, {"a": INSIDE, "b": np.arange(60)}).values()


EXPECTED = list(everything(TEXT))


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u4", "i8", "u8"])
def test_integers_of_32_bits_are_enough(browser, dtype):
    assert list(everything(TEXT.astype(dtype))) == EXPECTED

"""sampling: from logits to symbols, and a network that writes."""

import re
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnncourse import GRU, Network, bidirectional, stack
from rnncourse.text import (
    Vocabulary,
    generate,
    nucleus,
    sample_symbol,
    tempered,
    top_k,
    write,
)


def sampled(logits, temperature, seed=0):
    """A symbol for each row of logits."""
    rng = np.random.default_rng(seed)
    return sample_symbol(np.array(logits), temperature=temperature, rng=rng)


# ---- temperature

logit_rows = arrays(np.float64, st.integers(1, 8), elements=st.floats(-50, 50))


def entropy(p):
    return -(p[p > 0] * np.log(p[p > 0])).sum()


@given(logit_rows)
def test_at_temperature_one_it_is_the_softmax(logits):
    p = np.exp(logits) / np.exp(logits).sum()
    assert np.allclose(tempered(logits, 1.0), p, rtol=1e-12)


@given(logit_rows, st.floats(1e-3, 1e3), st.floats(1.0, 10.0))
def test_entropy_rises_with_the_temperature(logits, temperature, factor):
    low, high = (tempered(logits, T) for T in (temperature, temperature * factor))
    assert entropy(low) <= entropy(high) + 1e-9


def test_entropy_rises_strictly_where_logits_differ():
    logits, temperatures = np.array([1.0, 2.0, 4.0]), (0.0, 0.5, 1.0, 2.0, np.inf)
    H = [entropy(tempered(logits, temperature)) for temperature in temperatures]
    assert np.all(np.diff(H) > 0.1), H
    assert H[-1] == pytest.approx(np.log(3))


@given(st.permutations(range(6)), st.sampled_from([5e-324, 1e-300, 1e-30, 1e-3]))
def test_towards_temperature_zero_it_is_the_argmax(order, temperature):
    logits = np.array(order, dtype=np.float64)
    assert np.array_equal(tempered(logits, temperature), tempered(logits, 0.0))
    assert tempered(logits, 0.0).tolist() == [float(v == 5) for v in order]


@given(logit_rows)
def test_towards_an_infinite_temperature_it_is_uniform(logits):
    uniform = np.full(len(logits), 1 / len(logits))
    assert np.allclose(tempered(logits, 1e9), uniform, rtol=1e-6)
    assert np.array_equal(tempered(logits, np.inf), uniform)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-3, 1.0, 1e3, 1e300])
def test_no_temperature_overflows(dtype, temperature):
    ends = [0, np.finfo(dtype).max, np.finfo(dtype).min]
    logits = np.array([[-1e4, 0, 1e4], [1e4, 1e4, -1e4], ends], dtype)
    with np.errstate(all="raise"):
        p = tempered(logits, temperature)
    assert p.dtype == np.float64
    assert p.sum(axis=-1) == pytest.approx(1)
    assert np.all(p[np.arange(3), [2, 0, 1]] == p.max(axis=-1))


def test_of_equal_logits_the_first_wins_at_temperature_zero():
    p = tempered(np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), 0.0)
    assert p.tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("temperature", [-1.0, -1e-300, np.nan])
def test_a_temperature_below_zero_or_nan_is_refused(temperature):
    message = f"^temperature is {temperature}; expected a number of 0 or more$"
    with pytest.raises(ValueError, match=message):
        sampled(np.zeros(3), temperature)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_are_refused(temperature, wrong):
    message = rf"^logits is {wrong} at \(1,\); every value must be finite$"
    with pytest.raises(ValueError, match=message):
        sampled([0.0, wrong], temperature)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_no_logits_are_refused(temperature):
    message = "logits have shape (2, 0); expected (V,) or (B, V) with V of 1 or more"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        tempered(np.zeros((2, 0)), temperature)


# ---- the unlikely left out


def test_top_k_and_nucleus_by_hand():
    p = np.array([[0.1, 0.5, 0.3, 0.1], [0.25, 0.25, 0.25, 0.25]])
    assert np.allclose(top_k(p, 1), [[0, 1, 0, 0], [1, 0, 0, 0]])
    assert np.allclose(top_k(p, 2), [[0, 5 / 8, 3 / 8, 0], [0.5, 0.5, 0, 0]])
    assert np.allclose(nucleus(p, 0.4), [[0, 1, 0, 0], [0.5, 0.5, 0, 0]])
    assert np.allclose(nucleus(p, 0.7), [[0, 5 / 8, 3 / 8, 0], [1 / 3] * 3 + [0]])


@given(logit_rows, st.integers(1, 10))
def test_top_k_keeps_the_k_likeliest_in_proportion(logits, k):
    p = tempered(logits, 1.0)
    kept = top_k(p, k)
    stays = kept > 0
    assert stays.sum() <= min(k, len(p)) and kept.sum() == pytest.approx(1)
    assert np.allclose(kept[stays], p[stays] / p[stays].sum())
    assert p[stays].min() >= p[~stays].max(initial=0)
    assert np.allclose(top_k(p, len(p)), p)


@given(logit_rows, st.floats(0.01, 0.999))
def test_a_nucleus_has_its_mass_and_no_symbol_too_many(logits, mass):
    p = tempered(logits, 1.0)
    stays = nucleus(p, mass) > 0
    assert p[stays].sum() >= mass - 1e-12
    assert p[stays].sum() - p[stays].min() < mass + 1e-12
    assert np.allclose(nucleus(p, 1), p)
    assert np.allclose(nucleus(np.array([p, p[::-1]]), mass)[0], nucleus(p, mass))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: top_k(np.array([0.5, 0.5]), 0), "k is 0"),
        (lambda: nucleus(np.array([0.5, 0.5]), 0.0), "mass is 0.0; expected"),
        (lambda: nucleus(np.array([0.5, 0.5]), 1.5), "mass is 1.5; expected"),
        (lambda: nucleus(np.array([0.5, 0.5]), float("nan")), "mass is nan; expected"),
        (lambda: top_k(np.array([0.5, 0.6]), 1), "does not sum to 1"),
        (lambda: nucleus(np.array([1.5, -0.5]), 0.5), "negative somewhere"),
        (lambda: top_k(np.ones((2, 0)), 1), "p has shape"),
    ],
)
def test_what_is_no_choice_among_probabilities_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- sampling


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_symbols_are_as_frequent_as_they_are_probable(temperature):
    logits = np.array([0.0, 1.0, -2.0, 2.0])
    drawn = sampled(np.tile(logits, (100_000, 1)), temperature, seed=1)
    frequency = np.bincount(drawn, minlength=4) / 100_000
    # about four standard deviations
    assert np.abs(frequency - tempered(logits, temperature)).max() < 0.006


def test_each_row_has_its_own_logits_and_one_row_gives_one_symbol():
    drawn = sampled(1e3 * np.eye(5)[[3, 0, 4]], 1.0, seed=2)
    assert drawn.tolist() == [3, 0, 4] and drawn.dtype.kind == "i"
    drawn = sampled([0.0, 9.0, 1.0], 0.0, seed=3)
    assert drawn.shape == () and int(drawn) == 1


def test_a_symbol_of_probability_zero_is_never_drawn():
    class Extreme(np.random.Generator):
        def random(self, shape):
            return np.broadcast_to([0.0, np.nextafter(1.0, 0.0)], shape)

    logits = np.tile([-1e9, 0.0, 0.3, -1e9], (2, 1))
    drawn = sample_symbol(logits, temperature=1.0, rng=Extreme(np.random.PCG64(0)))
    assert drawn.tolist() == [1, 2]


def test_every_temperature_takes_as_much_from_the_generator():
    after = []
    for temperature in (0.0, 1e-300, 1.0, np.inf):
        rng = np.random.default_rng(4)
        sample_symbol(np.zeros((3, 5)), temperature=temperature, rng=rng)
        after.append(rng.random())
    assert len(set(after)) == 1


# ---- a network that writes


V = 4
vocabulary = Vocabulary(("a", "b", "c", "d"))


def speaker(cell=None):
    rng = np.random.default_rng(0)
    net = Network.init(cell or GRU.init(V, 6, rng=rng), V, rng=rng)
    return net.map(lambda w: 3 * w)


def test_what_is_written_is_what_is_generated():
    drawn, written = (np.random.default_rng(7) for _ in range(2))
    prompt = vocabulary.encode("bad")
    endless = generate(speaker(), prompt, temperature=1.5, rng=drawn)
    symbols = np.array([symbol for symbol, _ in islice(endless, 20)])
    text = write(speaker(), vocabulary, "bad", length=20, temperature=1.5, rng=written)
    assert text == vocabulary.decode(symbols)
    assert len(set(text)) > 1
    assert drawn.random() == written.random(), "as much taken from the generator"


def test_nothing_is_written_in_no_symbols_and_by_a_vocabulary_of_another_size():
    message = r"^the vocabulary has 2 symbols and the network 4 inputs; write expects"
    rng = np.random.default_rng(0)
    assert write(speaker(), vocabulary, "a", length=0, rng=rng) == ""
    with pytest.raises(ValueError, match=message):
        write(speaker(), Vocabulary.of("ab"), "a", length=1, rng=rng)


def test_a_network_that_reads_ahead_does_not_write():
    rng = np.random.default_rng(0)
    both = bidirectional(GRU.init(V, 3, rng=rng), GRU.init(V, 3, rng=rng))
    why = r"\(a bidirectional is in it\), so it sees the symbol that it is to predict; "
    message = f"^the network reads ahead {why}{{}} expects one that reads forward only$"
    for cell in (both, stack(GRU.init(V, V, rng=rng), stack(both))):
        net = speaker(cell)
        with pytest.raises(ValueError, match=message.format("generate")):
            next(generate(net, np.array([1]), rng=rng))
        with pytest.raises(ValueError, match=message.format("write")):
            write(net, vocabulary, "a", length=1, rng=rng)

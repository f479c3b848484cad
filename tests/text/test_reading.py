"""reading: nats per symbol, on stretches and along a whole text, by their definitions."""

import numpy as np
import pytest

from rnncourse import GRU, LSTM, Network, bidirectional, forward, softmax, stack
from rnncourse.text import loss_along, loss_on

V = 5
rng = np.random.default_rng(0)
net = Network.init(LSTM.init(V, 6, rng=rng), V, rng=rng).map(lambda w: 2 * w)
ids = rng.integers(0, V, 61)


def slow(net, text):
    """-ln p of each symbol of a text but the first, one step after the other."""
    state, nats = None, []
    for symbol, target in zip(text, text[1:], strict=False):
        run = forward(net.cell, np.array([[symbol]]), state)
        nats.append(-np.log(softmax(net.outputs(run.hs))[0, 0, target]))
        state = run.state
    return nats


@pytest.mark.parametrize(("T", "B", "step"), [(12, 5, None), (7, 4, 15), (20, 5, 10)])
def test_loss_on_is_the_mean_over_stretches_that_start_from_zeros(T, B, step):
    starts = [b * (step or T) for b in range(B)]
    expected = np.mean([slow(net, ids[start : start + T + 1]) for start in starts])
    assert loss_on(net, ids, T=T, B=B, step=step) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("T", [1, 7, 20, 60, 1000])
def test_loss_along_carries_its_state_through_the_whole_text(T):
    expected = np.mean(slow(net, ids))
    assert loss_along(net, ids, T=T) == pytest.approx(expected, rel=1e-12)


def test_a_text_without_a_next_symbol_is_refused():
    message = r"^the text has 1 symbols; loss_along expects 2 or more$"
    with pytest.raises(ValueError, match=message):
        loss_along(net, ids[:1])


@pytest.mark.parametrize("loss", [loss_on, loss_along])
def test_a_network_that_reads_ahead_has_no_loss_on_the_next_symbol(loss):
    gru = GRU.init(V, 3, rng=rng)
    both = bidirectional(gru, GRU.init(V, 3, rng=rng))
    message = r"^the network reads ahead .* forward only"
    for cell in (both, stack(both, GRU.init(6, 3, rng=rng))):
        with pytest.raises(ValueError, match=message):
            loss(Network.init(cell, V, rng=rng), ids)

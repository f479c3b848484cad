"""A wrong value in each place of a call is a result, or one line that is clear."""

from functools import partial

import numpy as np
import pytest
from judges import CELLS
from wrong_values import VALUES, assert_clear

from rnncourse import GRU, LSTM, RNN, SGD, Adagrad, Adam, RMSProp, train, twins
from rnncourse import jacobians as j
from rnncourse.arrays import Batch
from rnncourse.attention import Additive, DotProduct, attend, attend_backward
from rnncourse.cells import Clockwork
from rnncourse.composition import bidirectional, stack
from rnncourse.decoder import AttentionCell
from rnncourse.functions import (
    cross_entropy,
    relu,
    sigmoid,
    softmax,
    squared_error,
    tanh,
)
from rnncourse.gradcheck import differences, relative_error, report
from rnncourse.network import Network, at_the_end, objective
from rnncourse.recurrence import backward, forward
from rnncourse.text.telephone import telephone
from rnncourse.training import clip_by_norm, clip_by_value, linear, norm, quarter_cosine
from rnncourse.translation import OneVector

pytestmark = pytest.mark.usefixtures("unchecked")

rng = np.random.default_rng(0)
T, B, D, H, V = 4, 3, 2, 5, 6
xs, dhs = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
symbols = rng.integers(0, V, (T, B))
cell = LSTM.init(D, H, rng=rng)
rnn = RNN.init(D, H, rng=rng)
net = Network.init(cell, V, rng=rng)
run, state = forward(cell, xs), cell.zero_state(B)
own = forward(rnn, xs)
batch = Batch(xs, symbols)
logits, ys = rng.normal(size=(T, B, V)), rng.normal(size=(T, B, 1))
mask = rng.random((T, B)) < 0.9
score = Additive.init(H, D, 3, rng=rng)
seen = attend(score, dhs, xs, ys, mask)
read_out = rng.normal(size=(3, 2)), np.zeros(2)


def trained(params, batches, optimiser, clip, rate):
    """One update."""
    how = {"clip": clip, "rate": rate}
    return next(train(params, batches, objective, optimiser, **how), None)


CALLS = {  # a function, and right values for each of its places
    "forward": (forward, cell, xs, state),
    "forward of lengths": (lambda n: forward(cell, xs, lengths=n), np.array([4, 2, 1])),
    "backward": (backward, cell, dhs, run, state),
    "step": (cell.step, state, xs[0]),
    "zero_state": (cell.zero_state, B),
    "stack": (stack, cell, LSTM.init(H, H, rng=rng)),
    "bidirectional": (bidirectional, cell, rnn),
    "Network": (Network, cell, net.W_y, net.b_y),
    "Network.init": (lambda c, v, r: Network.init(c, v, rng=r), cell, V, rng),
    "outputs": (net.outputs, run.hs),
    "gradient": (net.gradient, logits, run),
    "objective": (objective, net, batch),
    "objective of a state": (lambda s: objective(net, batch, s), state),
    "Batch": (lambda *parts: objective(net, Batch(*parts)), xs, symbols),
    "train": (trained, net, [batch], SGD(0.1), 1.0, linear(0.1, 3)),
    "sigmoid": (sigmoid, xs),
    "tanh": (tanh, xs),
    "relu": (relu, xs),
    "softmax": (softmax, logits),
    "cross_entropy": (cross_entropy, logits, symbols, mask),
    "squared_error": (squared_error, ys, ys, mask),
    "at_the_end": (at_the_end(cross_entropy), logits, symbols[-1]),
    "SGD": (SGD, 0.1, 0.9),
    "Adagrad": (Adagrad, 0.1, 1e-8),
    "RMSProp": (RMSProp, 0.1, 0.9, 1e-8),
    "Adam": (Adam, 0.1, 0.9, 0.99, 1e-8),
    "clip_by_norm": (clip_by_norm, cell, 1.0),
    "clip_by_value": (clip_by_value, cell, 1.0),
    "norm": (norm, cell),
    "linear": (linear, 0.1, 10),
    "quarter_cosine": (quarter_cosine, 0.1, 10),
    "step_jacobians": (j.step_jacobians, cell, run),
    "products": (j.products, np.zeros((T, B, H, H))),
    "singular_values": (j.singular_values, np.eye(3)),
    "spectral_radius": (j.spectral_radius, np.eye(3)),
    "norm_kept": (j.norm_kept, rnn, dhs, own),
    "reach": (j.reach, {"h": np.ones(3)}),
    "parts": (j.parts, cell),
    "differences": (lambda r: differences(norm, r), RNN.init(1, 1, rng=rng)),
    "report": (report, cell, cell),
    "relative_error": (relative_error, cell, cell),
    "to_torch": (twins.to_torch, cell),
    "from_torch": (twins.from_torch, twins.to_torch(cell)),
    "attend": (attend, score, dhs, xs, ys, mask),
    "attend_backward": (
        attend_backward,
        np.zeros((T, B, 1)),
        seen,
        np.zeros((T, B, T)),
    ),
    "Additive": (Additive, *score.leaves().values()),
    "DotProduct.init": (
        lambda Q, M, K, r: DotProduct.init(Q, M, K, rng=r),
        H,
        D,
        3,
        rng,
    ),
    "AttentionCell": (
        AttentionCell,
        LSTM.init(D + 1, H, rng=rng),
        score,
        xs,
        (4, 2, 1),
    ),
    "OneVector": (OneVector, cell, GRU.init(2 + H, 3, rng=rng), *read_out),
    "OneVector.init": (lambda *n: OneVector.init(*n, rng=rng), 2, 3, 4),
    "telephone": (lambda k, B, r: telephone(k, B, rng=r), 2, 3, rng),
    "LSTM": (LSTM, cell.W_x, cell.W_h, cell.b),
    "Clockwork": (Clockwork, np.zeros((2, 4)), np.zeros((4, 4)), np.zeros(4), (1, 2)),
    "GRU's own bias": (lambda b: GRU(*gru, b), np.zeros(H)),
} | {
    f"init of {name}": (lambda D, H, r, init=init: init(D, H, rng=r), D, 2 * H + 2, rng)
    for name, init in CELLS.items()
}
gru = list(GRU.init(D, H, rng=rng).leaves().values())[:3]


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_value_is_a_result_or_one_clear_line(name):
    function, *right = CALLS[name]
    function(*right)
    for place in range(len(right)):
        for value in VALUES:
            if name == "train" and callable(value):
                continue  # what a function of the caller's own raises is its affair
            given = [*right[:place], value, *right[place + 1 :]]
            with np.errstate(all="ignore"):
                try:
                    assert_clear(partial(function, *given), also=(FloatingPointError,))
                except AssertionError as error:
                    pytest.fail(f"{name}, place {place}, {value!r}: {error}")

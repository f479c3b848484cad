"""A state against a window: held-out loss of character models with about 34,000
parameters each.

A recurrent network reads one character at a time and keeps a state. A window network
sees the last k characters at once and keeps nothing: y_t = tanh(sum_j W[x_{t-j}, j] +
b) W_y + b_y. All learn from the same characters, in the same number of updates of the
same size; each kind uses the best learning rate of a grid of factors of two, which
grows until the best does not stand at its edge, chosen on validation text with three
seeds that are not used again. Counting (n-grams, Kneser-Ney) on the same characters is
the baseline. About a quarter of an hour on one core. Tolerance: a loss may change by
0.02.
"""

import math
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from experiments.common import last, rounded, texts
from experiments.fairness import compare
from rnncourse import RNN, Adam, Network, Record, cross_entropy, forward, objective
from rnncourse.arrays import Array, input_gradient, rows
from rnncourse.functions import glorot
from rnncourse.text import KneserNey, windows
from rnncourse.training import train

T, B, UPDATES, PARAMETERS, TESTED = 32, 64, 1000, 34_000, 100_000
RATES, MOST = (8e-3, 16e-3), math.inf
TUNING_SEEDS, SEEDS = (100, 101, 102), (0, 1, 2, 3, 4)
WINDOWS = (2, 3, 5, 8)
SMOKE = {"UPDATES": 2, "TESTED": 500, "WINDOWS": (2,), "RATES": (8e-3,), "MOST": 1}


@dataclass(frozen=True, eq=False)
class Window(Record):
    """A network without a state: it sees k characters."""

    W: Array  # (k, V, H)
    b: Array  # (H,)
    W_y: Array  # (H, V)
    b_y: Array  # (V,)

    @classmethod
    def init(cls, k, V, H, *, rng):
        """Weights as a layer of k·V inputs would have them."""
        W = glorot(k * V, H, rng=rng).reshape(k, V, H)
        leaves = W, np.zeros(H), glorot(H, V, rng=rng), np.zeros(V)
        return cls(*(leaf.astype(np.float32) for leaf in leaves))


def window_outputs(net, xs):
    """Logits (T, B, V) for xs (k - 1 + T, B): the window ends at each of the last T
    characters.
    """
    k, length = len(net.W), len(xs) - len(net.W) + 1
    seen = [xs[j : j + length] for j in range(k)]
    h = np.tanh(sum(W[x] for W, x in zip(net.W, seen, strict=True)) + net.b)
    return seen, h, h @ net.W_y + net.b_y


def window_objective(net, batch, tail):
    """The loss, its gradient, and the last k - 1 characters, which the next batch's
    first windows need.
    """
    k, V, _ = net.W.shape
    tail = np.zeros((k - 1, batch.xs.shape[1]), int) if tail is None else tail
    xs = np.concatenate([tail, batch.xs])
    seen, h, ys = window_outputs(net, xs)
    loss, dys = cross_entropy(ys, batch.targets)
    da = (dys @ net.W_y.T) * (1 - h * h)
    dW = np.stack([input_gradient(x, da, V) for x in seen])
    gradient = Window(
        dW, rows(da).sum(axis=0), rows(h).T @ rows(dys), rows(dys).sum(axis=0)
    )
    return loss, gradient, xs[len(xs) - k + 1 :]


def start(k, V, seed):
    """The network that sees k characters; for k = None, the recurrent one."""
    rng = np.random.default_rng(seed)
    if k is not None:
        return Window.init(k, V, (PARAMETERS - V) // (k * V + 1 + V), rng=rng)
    H = max(H for H in range(1, 400) if V * H + H * H + H + H * V + V <= PARAMETERS)
    return Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)


def outputs(net, xs):
    """Its logits for one text, (T, 1, V)."""
    if isinstance(net, Network):
        return net.outputs(forward(net.cell, xs[:, None]).hs)
    before = np.zeros(len(net.W) - 1, int)
    return window_outputs(net, np.concatenate([before, xs])[:, None])[2]


def learn(V, k, rate, seed, ids, held_out):
    """Nats per character on held-out text after training."""
    loss = objective if k is None else window_objective
    batches = islice(windows(ids, T=T, B=B), UPDATES)
    net = last(train(start(k, V, seed), batches, loss, Adam(rate), clip=1.0))
    return cross_entropy(outputs(net, held_out[:-1]), held_out[1:, None])[0]


def run():
    """Compare, count."""
    vocabulary, (ids,) = texts(slice(None))
    V, known, test = len(vocabulary), ids[: T * B * UPDATES + B], ids[-TESTED:]
    found = compare(
        (None, *WINDOWS),
        partial(learn, V),
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((known, ids[-2 * TESTED : -TESTED]), (known, test)),
        factor=2,
        most=MOST,
    )
    results = {
        "recurrent" if k is None else f"window {k}": {
            **each.told(4),
            "parameters": start(k, V, 0).size,
            "losses": rounded(each.runs),
        }
        for k, each in found.items()
    }
    counts = KneserNey.fit(known, 9, V)
    ngrams = {n: rounded(counts.shorter(n).nats(test)) for n in range(1, 10)}
    return {
        "characters": len(known),
        "updates": UPDATES,
        "results": results,
        "ngrams": ngrams,
    }

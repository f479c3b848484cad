"""Does a better gradient make a better network: windows that overlap (k1 < k2), and a
cut at random that is right on average?

Each of 500 updates sees the same 64 x 32 characters, and the state is carried through
them, as at equal updates in `ch03_truncation`; only the gradient differs. "k1, k2": each
loss goes back to k2 steps before the end of its stretch of k1. "random m": on the way
back each step, in each sequence, is the last one with probability 1/m; where it is not,
the gradient is divided by 1 - 1/m, which makes it right on average. The learning rate is
chosen as in `ch03_truncation`, with the same tuning seeds, texts and test; its windows of
2 and of 8 are the comparison. About five minutes on one core (OMP_NUM_THREADS=1).
Tolerance: that of `ch03_truncation`.
"""

import math
from functools import partial
from itertools import islice

import numpy as np

from experiments.common import last, rounded, texts
from experiments.fairness import compare
from rnncourse import RNN, Adam, Network, State, backward, cross_entropy, forward
from rnncourse.recurrence import rows
from rnncourse.text import loss_on, windows
from rnncourse.training import train

H, B, T, UPDATES, STRETCH = 128, 32, 64, 500, 1000
CUTS = ("1, 2", "random 8")
RATES, MOST = (4e-3, 8e-3, 16e-3), math.inf
TUNING_SEEDS, SEEDS = (100, 101, 102), (0, 1, 2, 3, 4)
TOLERANCE = 0.03  # of the median over seeds
SMOKE = {"H": 8, "UPDATES": 2, "STRETCH": 5}
SMOKE |= {"RATES": (8e-3,), "MOST": 1, "TUNING_SEEDS": (100,), "SEEDS": (0, 1)}


def overlapping(cell, dhs, run, k1, k2):
    """The cell's gradient from the pairs that windows of k2 keep, every k1 steps: all
    windows side by side, each with the losses of its last k1 steps.
    """
    ends = np.arange(k1, len(dhs) + 1, k1)
    begins = np.maximum(ends - k2, 0)
    steps = begins + np.arange(k2)[:, None]  # (k2, windows)
    new = (steps >= ends - k1) & (steps < ends)

    def beside(array):
        return array.reshape(k2, -1, *array.shape[3:])

    before = run.hs_prev[begins].reshape(-1, cell.H)
    window = forward(cell, beside(run.xs[steps]), State(before))
    kept = dhs[steps] * new[..., None, None]
    return backward(cell, beside(kept), window).cell


def at_random(cell, dhs, run, mean, rng):
    """The cell's gradient where each step back is the last with probability 1/mean."""
    goes_on = 1 - 1 / mean
    coins = rng.random(dhs.shape[:2]) < goes_on
    factors = (coins / goes_on).astype(dhs.dtype)[..., None]
    das, dh = np.empty_like(dhs), 0
    for t in reversed(range(len(dhs))):
        das[t] = (dhs[t] + dh) * (1 - run.hs[t] ** 2)
        dh = das[t] @ cell.W_h.T * factors[t]
    return cell.gradients(run, das, das)


def loss_with(gradient_of):
    """An objective in which `gradient_of(cell, dhs, run)` is the cell's gradient."""

    def objective(net, batch, state):
        run = forward(net.cell, batch.xs, state)
        loss, dys = cross_entropy(net.outputs(run.hs), batch.targets)
        cell = gradient_of(net.cell, dys @ net.W_y.T, run)
        dW_y = rows(run.hs).T @ rows(dys)
        return loss, Network(cell, dW_y, rows(dys).sum(axis=0)), run.state

    return objective


def learn(cut, rate, seed, text, test):
    """Nats per character on `test`."""
    rng = np.random.default_rng(seed)
    V = int(max(text.max(), test.max())) + 1
    net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    if cut.startswith("random"):
        how = partial(at_random, mean=int(cut.split()[1]), rng=rng)
    else:
        k1, k2 = map(int, cut.split(", "))
        how = partial(overlapping, k1=k1, k2=k2)
    batches = islice(windows(text, T=T, B=B), UPDATES)
    net = last(train(net, batches, loss_with(how), Adam(rate), clip=1.0))
    return loss_on(net, test, T=STRETCH)


def run():
    """Compare."""
    _, (ids,) = texts(slice(None))
    known, validate, test = ids[:-200_002], ids[-200_002:-100_001], ids[-100_001:]
    first = known[: T * B * UPDATES + B]
    found = compare(
        CUTS,
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((first, validate), (first, test)),
        score=np.mean,
        factor=2,
        most=MOST,
    )
    results = {
        cut: each.told(4) | {"losses": rounded(each.runs)}
        for cut, each in found.items()
    }
    return {"tolerance": TOLERANCE, "results": results}

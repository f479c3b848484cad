"""One number of 64 is marked, at any step, and asked for at the end: which steps can a
Clockwork network remember?

`recall` with T = 64. RNN, LSTM (forget bias 5), GRU and Clockwork (periods 1 to 64)
with about 2,010 parameters; Adam, the rate falling to 0 in a straight line, clipping by
norm at 1, 3,000 updates of 32 new sequences. For each cell the rate is the one of three
with the least error, mean of two tuning seeds; while the best one stands at an edge of
the grid, a further rate is tried there, up to six. Then five other seeds. The error at
each step of the marked number is the mean squared error over 64 · 200 test sequences,
200 for each step, as a share of 1/12, which always answering 1/2 has. About ten minutes
on one core. Tolerance: how far a seed gets may change much,
since learning begins at another update; that the error of Clockwork is a comb stays.
"""

from functools import partial

import numpy as np

from experiments.common import last, rounded
from experiments.fairness import compare
from rnncourse import GRU, LSTM, RNN, Adam, Clockwork, Network, forward
from rnncourse.functions import squared_error
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import recall
from rnncourse.training import linear, train

T, B, UPDATES, EACH = 64, 32, 3000, 200
SEEDS, TUNING_SEEDS, RATES, MOST = (0, 1, 2, 3, 4), (100, 101), (0.003, 0.01, 0.03), 6
CELLS = {
    "RNN": partial(RNN.init, 2, 43),
    "LSTM": partial(LSTM.init, 2, 21, forget_bias=5.0),
    "GRU": partial(GRU.init, 2, 24),
    "Clockwork": partial(Clockwork.init, 2, 56, periods=(1, 2, 4, 8, 16, 32, 64)),
}
SMOKE = {"UPDATES": 2, "EACH": 2, "RATES": (0.01,), "MOST": 1}


def start(name, rng):
    """A network before training."""
    return Network.init(CELLS[name](rng=rng, dtype=np.float32), 1, rng=rng)


def learn(name, rate, seed):
    """The error for each step at which the number may stand, (64,), after training."""
    rng = np.random.default_rng(seed)
    steps = train(
        start(name, rng),
        (recall(T, B, rng=rng, dtype=np.float32) for _ in range(UPDATES)),
        partial(objective, loss=at_the_end(squared_error)),
        Adam(rate),
        clip=1.0,
        rate=linear(rate, UPDATES),
    )
    return by_step(last(steps), EACH, rng)


def by_step(net, each, rng, change=lambda xs: xs):
    """The error for each step at which the number may stand, (64,), over `each` test
    sequences, which `change` may still change.
    """
    values = rng.uniform(size=(T, T * each))
    marked, column = np.repeat(np.arange(T), each), np.arange(T * each)
    markers = np.zeros_like(values)
    markers[marked, column] = 1
    xs = change(np.stack([values, markers], axis=2).astype(np.float32))
    ys = net.outputs(forward(net.cell, xs).hs[-1])[:, 0]
    return 12 * np.mean((ys - values[marked, column]).reshape(T, each) ** 2, axis=1)


def run():
    """Compare."""
    found = compare(
        CELLS,
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        score=lambda runs: np.mean([error.mean() for error in runs]),
        most=MOST,
    )
    results = {
        name: each.told(4)
        | {
            "parameters": start(name, np.random.default_rng(0)).size,
            "errors": rounded(each.runs),
        }
        for name, each in found.items()
    }
    return {"rates": RATES, "updates": UPDATES, "batch": B, "results": results}

"""RNN, GRU and LSTM with about 47,000 parameters as character models of Shakespeare:
losses by updates and by seconds.

Each network reads 34 plays, 64 characters at a time on 32 tracks whose state is carried
on, for 1,000 updates (two million characters, half an epoch), and is tested on the last
four plays, in 100 stretches of 500 characters from a zero state. The gates that keep
(forget, update) start with a bias of 1. Adam with a rate that falls to zero on a
straight line, clipping by norm at 1; each cell with the best of at least four rates, as
a mean over two tuning seeds, learned from 33 plays and tested on the 34th, the grid
made wider as long as the best stands at its edge. Five other seeds. About nine minutes
on one core. Tolerance: losses within 0.02 nats. The parameters of the GRU
of seed 0 are stored, too (float16).
"""

from functools import partial
from itertools import islice

import numpy as np

from experiments.common import rounded, texts
from experiments.fairness import compare
from rnncourse import GRU, LSTM, RNN, Adam, Network, objective
from rnncourse.text import loss_on, passes
from rnncourse.training import linear, train

T, B, UPDATES, EVERY, MOST, CHARACTERS, STRETCH = 64, 32, 1000, 100, 6, None, 500
SEEDS, TUNING_SEEDS, RATES = (0, 1, 2, 3, 4), (100, 101), (1e-3, 3e-3, 1e-2, 3e-2)
CELLS = {
    "RNN": (RNN.init, 160),
    "GRU": (partial(GRU.init, update_bias=1.0), 88),
    "LSTM": (LSTM.init, 74),
}
SMOKE = {"UPDATES": 2, "EVERY": 1, "MOST": 1, "CHARACTERS": 9000, "STRETCH": 5}
SMOKE |= {"RATES": (1e-2,), "SEEDS": (0, 1), "TUNING_SEEDS": (100,)}


def start(name, V, ids, rate, seed):
    """The network's training, update by update, from a random place in the text."""
    rng = np.random.default_rng(seed)
    init, H = CELLS[name]
    net = Network.init(init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    return train(
        net,
        passes(np.roll(ids, -rng.integers(len(ids))), T=T, B=B),
        objective,
        Adam(rate),
        clip=1.0,
        rate=linear(rate, UPDATES),
    )


def learn(V, name, rate, seed, ids, tests):
    """Test losses every EVERY updates, and the network."""
    curve = []
    for progress in islice(start(name, V, ids, rate, seed), UPDATES):
        if progress.step % EVERY == 0:
            loss = loss_on(progress.params, tests, T=STRETCH, step=len(tests) // 100)
            curve.append(rounded(loss))
    return curve, progress.params


def run():
    """Compare."""
    vocabulary, parts = texts(slice(33), slice(33, 34), slice(34), slice(34, None))
    first, validate, ids, tests = (part[:CHARACTERS] for part in parts)
    V = len(vocabulary)
    found = compare(
        CELLS,
        partial(learn, V),
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((first, validate), (ids, tests)),
        score=lambda runs: np.mean([curve[-1] for curve, _ in runs]),
        most=MOST,
    )
    results = {
        name: each.told(4)
        | {
            "units": CELLS[name][1],
            "parameters": each.runs[0][1].size,
            "curves": [curve for curve, _ in each.runs],
        }
        for name, each in found.items()
    }
    net = found["GRU"].runs[0][1].map(lambda leaf: leaf.astype(np.float16))
    setup = {"T": T, "B": B, "updates": UPDATES, "every": EVERY, "V": V}
    return {"setup": setup, "results": results}, net.leaves()

"""How many pairs can a state of fixed size hold: what share of answers is right, by the
number of pairs and the size of the state?

A GRU reads k pairs, a key (one of 16, each at most once) and a value (one of 8), one pair
at each step, then one of the keys, and gives the value that stood with it. States of 8,
16, 32 and 64 numbers; k = 2, 4, 8. Fresh sequences, batches of 64, 1,200 updates of Adam
with a rate that falls to zero on a straight line, clipping by norm at 1; each size and k
with the better of two rates on three tuning seeds, then five other seeds, 1,000 test
sequences. At last, 64 numbers and k = 4 with 4,000 updates (`longer`). Whoever knows which
values occurred, but not with which key, is right as often as the most frequent of them
occurs: .56, .41 and .32. About twelve minutes on one core. Tolerance: 0.1.
"""

import numpy as np

from experiments.common import last
from experiments.fairness import compare
from rnncourse import GRU, Adam, Batch, Network, forward, objective, train
from rnncourse.functions import cross_entropy
from rnncourse.network import at_the_end
from rnncourse.training import linear

KEYS, VALUES, UPDATES, LONGER, B, N, MOST = 16, 8, 1200, 4000, 64, 1000, 2
SIZES, LENGTHS, RATES = (8, 16, 32, 64), (2, 4, 8), (1e-2, 3e-2)
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100, 101, 102)
SMOKE = {"UPDATES": 2, "LONGER": 2, "N": 5, "SIZES": (8,), "LENGTHS": (2, 4)}
SMOKE |= {"RATES": (1e-2,), "SEEDS": (0, 1), "MOST": 1}


def pairs(k, B, rng):
    """k steps of key and value, one-hot, then a key alone; the value of that key."""
    keys = rng.permuted(np.tile(np.arange(KEYS), (B, 1)), axis=1)[:, :k].T  # (k, B)
    values, asked = rng.integers(0, VALUES, (k, B)), rng.integers(0, k, B)
    column = np.arange(B)
    xs = np.zeros((k + 1, B, KEYS + VALUES), np.float32)
    xs[:k, :, :KEYS] = np.eye(KEYS)[keys]
    xs[:k, :, KEYS:] = np.eye(VALUES)[values]
    xs[k, :, :KEYS] = np.eye(KEYS)[keys[asked, column]]
    return Batch(xs, values[asked, column])


def learn(contestant, rate, seed, updates=None):
    """The share of wrong answers."""
    updates = UPDATES if updates is None else updates
    H, k = contestant
    rng = np.random.default_rng(seed)
    cell = GRU.init(KEYS + VALUES, H, rng=rng, dtype=np.float32)
    net = last(
        train(
            Network.init(cell, VALUES, rng=rng),
            (pairs(k, B, rng) for _ in range(updates)),
            lambda *given: objective(*given, loss=at_the_end(cross_entropy)),
            Adam(rate),
            clip=1.0,
            rate=linear(rate, updates),
        )
    )
    tests = pairs(k, N, rng)
    best = net.outputs(forward(net.cell, tests.xs).hs[-1]).argmax(axis=1)
    return max(float((best != tests.targets).mean()), 1e-4)


def run():
    """Sweep."""
    sweep = [(H, k) for H in SIZES for k in LENGTHS]
    found = compare(sweep, learn, RATES, SEEDS, tuning_seeds=TUNING_SEEDS, most=MOST)
    right = [
        [[round(1 - error, 4) for error in found[H, k].runs] for k in LENGTHS]
        for H in SIZES
    ]
    chosen = [[found[H, k].rate for k in LENGTHS] for H in SIZES]
    largest = SIZES[-1], 4
    more = [learn(largest, found[largest].rate, seed, LONGER) for seed in SEEDS]
    longer = [round(1 - error, 4) for error in more]
    about = {"sizes": SIZES, "lengths": LENGTHS, "longer": longer}
    return about | {"right": right, "chosen": chosen}

"""What the update gate's first bias buys: temporal order with a GRU of 27 units,
learned as in ch04_long_dependency.py.

Chapter 4 found that a GRU that starts at z = 1/2 does not learn temporal order at T =
30 to 50 by gradient descent with momentum, where an LSTM does, and guessed that its
short reach at the start is the reason. Here the bias of z starts at 0, 1, 2 or 3 and
nothing else changes: momentum 0.9, clipping by norm at 1, batches of 20 new sequences,
at most 1,500 updates; a run ends when 99 % of 1,000 test sequences are right. Each bias
with the learning rate that did best at T = 30 on three tuning seeds, the grid made wider
as long as the best stands at its edge; five other seeds. T is 30 and 50. About seven
minutes on one core. Tolerance: the number of seeds of five that succeed within one.
"""

from functools import partial

import numpy as np

from experiments.fairness import compare
from rnncourse import GRU, SGD, Network, forward
from rnncourse.functions import cross_entropy
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, temporal_order
from rnncourse.training import train

BIASES, LENGTHS, TUNING_LENGTHS = (0, 1, 2, 3), (30, 50), (30,)
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100, 101, 102)
RATES, MOST = (0.03, 0.1, 0.3), 6
B, H, UPDATES, EVERY, TESTS = 20, 27, 1500, 125, 1000
SMOKE = {"UPDATES": 2, "EVERY": 1, "TESTS": 50, "RATES": (0.1,), "MOST": 1}


def learn(bias, rate, seed, lengths):
    """For each length the accuracy on test sequences and the number of updates, at
    success or at the end.
    """
    return [train_at(T, bias, rate, np.random.default_rng([seed, T])) for T in lengths]


def train_at(T, bias, rate, rng):
    """The same for one length."""
    cell = GRU.init(ORDER_SYMBOLS, H, rng=rng, update_bias=bias, dtype=np.float32)
    net = Network.init(cell, ORDER_CLASSES, rng=rng)
    tests = temporal_order(T, TESTS, rng=rng)
    batches = (temporal_order(T, B, rng=rng) for _ in range(UPDATES))
    loss = partial(objective, loss=at_the_end(cross_entropy))
    for progress in train(net, batches, loss, SGD(rate, 0.9), clip=1.0):
        net, step = progress.params, progress.step
        if step % EVERY == 0:
            ys = net.outputs(forward(net.cell, tests.xs).hs[-1])
            right = float((ys.argmax(axis=1) == tests.targets).mean())
            if right >= 0.99:
                break
    return round(right, 3), step


def means(runs):
    """Accuracy and updates, means over the tuning seeds."""
    return np.mean([only for (only,) in runs], axis=0).tolist()


def score(runs):
    """The more that is right (up to 99 %), the less; then updates."""
    right, step = means(runs)
    return -min(right, 0.99), step


def run():
    """Compare."""
    found = compare(
        BIASES,
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((TUNING_LENGTHS,), (LENGTHS,)),
        score=score,
        digits=2,
        most=MOST,
    )
    results = {}
    for bias, each in found.items():
        by_length = dict(zip(LENGTHS, zip(*each.runs, strict=True), strict=True))
        results[bias] = {
            "rate": each.rate,
            "ties": each.ties,
            "tried": {
                rate: means(runs) for rate, runs in sorted(each.outcomes.items())
            },
            "accuracy": {T: [right for right, _ in by_length[T]] for T in LENGTHS},
            "updates": {T: [step for _, step in by_length[T]] for T in LENGTHS},
        }
    about = {"lengths": LENGTHS, "updates": UPDATES, "batch": B, "units": H}
    return about | {"results": results}

"""What the forget gate's first bias buys: learning curves on adding with T = 100, for
nine ways to start.

An LSTM with 16 units and the forget bias -1, 0, 1, 3 or 5; and chrono initialisation
(Tallec and Ollivier 2018): the bias is ln U(1, T - 1), another for each unit, and the
input gate's is its negative. Then its two halves alone: the forget gate's bias with an
input gate's of 0, and the input gate's with a forget gate's of 1. Last, 5 and -5 for
all units. Adam with a rate that falls to zero on a straight line, clipping by norm at
1, 1,500 updates of 32 new sequences. Each start runs with two learning rates and seven
seeds: whether a run learns is so much a matter of luck that a few seeds for tuning
would mislead. `wrong` is the share of 2,560 new sequences whose absolute error is 0.04
or more on the target of 1997, which is half of ours; curves are stored for the rate
with the least median error. `both_early`: the same with both marks in the first half,
at least 50 steps before the question, for six starts, both rates and three seeds. About
25 minutes on one core. Tolerance: a count of runs that learn within two, a median of
runs that all learn within a factor of two.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from experiments.common import rounded
from experiments.harness import watch
from rnncourse import LSTM, Adam, Network, forward
from rnncourse.functions import squared_error
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import adding
from rnncourse.training import linear, train

T, B, H, UPDATES, EVERY, TESTS = 100, 32, 16, 1500, 25, 2560
SEEDS, EARLY_SEEDS, RATES = (0, 1, 2, 3, 4, 5, 6), (0, 1, 2), (0.03, 0.1)
BIASES = {"-1": -1.0, "0": 0.0, "1": 1.0, "3": 3.0, "5": 5.0}
EARLY = (*BIASES, "chrono")
STARTS = (*EARLY, "chrono forget", "chrono input", "5 and -5")
SMOKE = {"UPDATES": 2, "EVERY": 1, "TESTS": 50, "SEEDS": (0,), "EARLY_SEEDS": (0,)}


def begin(start, rng):
    """A network with this start."""
    bias = BIASES.get(start, 1.0)
    cell = LSTM.init(2, H, rng=rng, forget_bias=bias, dtype=np.float32)
    if start in BIASES:
        return Network.init(cell, 1, rng=rng)
    b = cell.b.reshape(4, H).copy()  # i, f, g, o
    keep = 5.0 if start == "5 and -5" else np.log(rng.uniform(1, T - 1, H))
    if start != "chrono input":
        b[1] = keep
    if start != "chrono forget":
        b[0] = -keep
    return Network.init(replace(cell, b=b.ravel()), 1, rng=rng)


def both_early(T, B, *, rng, dtype):
    """Adding with both marks in the first half: T / 2 steps as ever, then T / 2 numbers
    without a mark.
    """
    batch = adding(T // 2, B, rng=rng, dtype=dtype)
    numbers, marks = rng.uniform(size=(T // 2, B)), np.zeros((T // 2, B))
    unmarked = np.stack([numbers, marks], axis=2).astype(dtype)
    return batch._replace(xs=np.concatenate([batch.xs, unmarked]))


def learn(start, rate, seed, task=adding):
    """The training loss, mean over each 25 updates, and the error and the share of
    wrong answers at the end.
    """
    rng = np.random.default_rng(seed)
    net, losses = begin(start, rng), []
    for progress in train(
        net,
        (task(T, B, rng=rng, dtype=np.float32) for _ in range(UPDATES)),
        partial(objective, loss=at_the_end(squared_error)),
        Adam(rate),
        clip=1.0,
        rate=linear(rate, UPDATES),
    ):
        losses.append(progress.loss)
        net = progress.params
    curve = np.reshape(losses, (-1, EVERY)).mean(axis=1)
    return curve, *tested(net, task(T, TESTS, rng=unseen(seed), dtype=np.float32))


def unseen(seed):
    """Random numbers for tests, other than those for training with this seed."""
    return np.random.default_rng([1000, seed])


def tested(net, tests):
    """The mean squared error, and the share of wrong answers."""
    error = net.outputs(forward(net.cell, tests.xs).hs[-1]) - tests.targets
    return float((error**2).mean()), float((np.abs(error) / 2 >= 0.04).mean())


def run():
    """Every start with both rates and all seeds; then with both marks early."""
    results, early = {}, {}
    for start in watch(STARTS, "starts"):
        each = {
            rate: list(zip(*(learn(start, rate, seed) for seed in SEEDS), strict=True))
            for rate in RATES
        }
        best = min(each, key=lambda rate: np.median(each[rate][1]))
        results[start] = {
            "rate": best,
            "errors": {r: rounded(errors, ".6f") for r, (_, errors, _) in each.items()},
            "wrong": {rate: rounded(wrong) for rate, (_, _, wrong) in each.items()},
            "curves": rounded(each[best][0]),
        }
    for start in watch(EARLY, "both early"):
        early[start] = {
            rate: rounded(
                [learn(start, rate, s, both_early)[1] for s in EARLY_SEEDS], ".6f"
            )
            for rate in RATES
        }
    about = {"rates": RATES, "T": T, "units": H, "updates": UPDATES, "every": EVERY}
    return about | {"results": results, "both_early": early}

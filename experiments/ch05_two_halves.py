"""Keep long, write rarely, or both: which first biases of an LSTM's forget gate and
input gate let it learn to remember?

Adding with T = 100 and *both* marks in the first half, at least 50 steps before the
question: no lesson is short. An LSTM with 16 units; the forget gate's first bias is 1
or 5, the input gate's 0 or -5, the same for all units. Every start is run with every
one of four learning rates and with three seeds, so nothing is chosen; then 3 and 0,
with the lowest rate. Adam with a rate that falls to zero on a straight line, clipping
by norm at 1, 800 updates of 32 new sequences. `wrong` is the share of 2,560 new
sequences whose absolute error is 0.04 or more on the target of 1997, which is half of
ours; a run that breaks off counts as wrong throughout.

`fifty` is an LSTM of the same size on adding with T = 50, biases 3 and -3, with as many
updates as the cells of ch05_ablation had, as their rival: two rates, three seeds. A
quarter of an hour on one core. Tolerance: a count of runs that learn within two of twelve, a
median of runs that all learn within a factor of two.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from experiments.ch05_forget_bias import both_early, tested, unseen
from experiments.common import rounded
from experiments.harness import watch
from rnncourse import LSTM, Adam, Network
from rnncourse.functions import squared_error
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import adding
from rnncourse.training import linear, train

T, B, H, UPDATES, LONGER, EVERY, TESTS = 100, 32, 16, 800, 1500, 25, 2560
SEEDS = (0, 1, 2)
RATES, LOW, RIVAL_RATES = (0.01, 0.03, 0.1, 0.3), (0.01,), (0.03, 0.1)
FOUR = {"1, 0": (1, 0), "5, 0": (5, 0), "1, -5": (1, -5), "5, -5": (5, -5)}
BIASES = FOUR | {"3, 0": (3, 0), "3, -3": (3, -3)}  # b_f, b_i
SMOKE = {"UPDATES": 2, "LONGER": 2, "EVERY": 1, "TESTS": 50, "SEEDS": (0,), "T": 20}
SMOKE |= {"RATES": (0.1,), "RIVAL_RATES": (0.1,)}


def begin(start, rng):
    """A network with this start."""
    cell = LSTM.init(2, H, rng=rng, dtype=np.float32)
    b = cell.b.reshape(4, H).copy()  # i, f, g, o
    b[1], b[0] = BIASES[start]
    return Network.init(replace(cell, b=b.ravel()), 1, rng=rng)


def learn(task, T, updates, start, rate, seed):
    """The training loss, mean over each 25 updates, and the error and the share of
    wrong answers at the end.
    """
    rng = np.random.default_rng(seed)
    net, losses = begin(start, rng), []
    steps = train(
        net,
        (task(T, B, rng=rng, dtype=np.float32) for _ in range(updates)),
        partial(objective, loss=at_the_end(squared_error)),
        Adam(rate),
        clip=1.0,
        rate=linear(rate, updates),
    )
    try:
        for progress in steps:
            losses.append(progress.loss)
            net = progress.params
    except FloatingPointError:
        return [], 1.0, 1.0
    curve = np.reshape(losses, (-1, EVERY)).mean(axis=1)
    return curve, *tested(net, task(T, TESTS, rng=unseen(seed), dtype=np.float32))


def sweep(what, task, T, updates, starts, rates):
    """What `learn` says for every start, rate and seed."""
    results = {}
    for start in watch(starts, what):
        results[start] = {"errors": {}, "wrong": {}, "curves": {}}
        for rate in rates:
            runs = [learn(task, T, updates, start, rate, s) for s in SEEDS]
            results[start]["errors"][rate] = rounded([e for _, e, _ in runs], ".6f")
            results[start]["wrong"][rate] = rounded([w for *_, w in runs])
            results[start]["curves"][rate] = rounded([c for c, *_ in runs], ".3g")
    return results


def run():
    """Both marks early; the rival at T = 50."""
    early = sweep("both early", both_early, T, UPDATES, FOUR, RATES)
    early |= sweep("3 and 0", both_early, T, UPDATES, ("3, 0",), LOW)
    fifty = sweep("fifty", adding, T // 2, LONGER, ("3, -3",), RIVAL_RATES)
    about = {"T": T, "units": H, "updates": UPDATES, "every": EVERY, "rates": RATES}
    return about | {"early": early, "fifty": fifty}

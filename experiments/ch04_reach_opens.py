"""What happens to the reach of a gradient while a network learns to bridge 50 steps and
more: temporal order, T = 100, GRU and vanilla network, both with Adam.

A GRU of 27 units and a vanilla network of 50 (2,781 and 2,850 parameters), with Adam and
clipping by norm at 1, at most 400 updates of 20 new sequences; the best of four learning
rates or more, by the geometric mean of the test loss over three seeds that are not used
again; then five seeds. After every five updates, on 100 test sequences: the loss, and the
norm of its gradient by the state k steps before the end, as a share of that at k = 0.
About two minutes on one core. Tolerance: which seeds learn, and when within a factor of
two, since rounding grows with training.
"""

import numpy as np

from experiments import abreast
from experiments.common import rounded
from experiments.fairness import compare, geometric_mean
from rnncourse import GRU, RNN, Adam, Network, forward
from rnncourse.functions import cross_entropy
from rnncourse.jacobians import reach
from rnncourse.network import at_the_end
from rnncourse.recurrence import backward
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, temporal_order

T, B, UPDATES, EVERY, TESTS = 100, 20, 400, 5, 100
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100, 101, 102)
RATES = (0.01, 0.03, 0.1, 0.3)
CELLS = {"GRU": (GRU, 27), "RNN": (RNN, 50)}
SMOKE = {"UPDATES": 2, "EVERY": 1, "SEEDS": (0, 1), "TUNING_SEEDS": (100,), "T": 12}
SMOKE |= {"TESTS": 5}
HOT = np.eye(ORDER_SYMBOLS, dtype=np.float32)
LAGS = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90)
last = at_the_end(cross_entropy)


def one_hot(rng):
    """A batch with vectors for its symbols."""
    batch = temporal_order(T, B, rng=rng)
    return batch._replace(xs=HOT[batch.xs])


def seen(net, tests):
    """The test loss, the share that is right, and the reach at the lags."""
    run = forward(net.cell, tests.xs)
    ys = net.outputs(run.hs)
    loss, dys = last(ys, tests.targets)
    right = np.mean(ys[-1].argmax(axis=1) == tests.targets)
    shares = reach(backward(net.cell, dys @ net.W_y.T, run).flow)
    return loss, right, [shares[k] for k in LAGS if k < T]


def learn(runs):
    """For each (cell, rate, seed), all of one cell at once: the course of its test
    loss, of the share that is right, and of the reach.
    """
    done = {}
    for cell in dict.fromkeys(run[0] for run in runs):
        own = [run for run in runs if run[0] == cell]
        rngs = [np.random.default_rng(seed) for _, _, seed in own]
        kind, H = CELLS[cell]
        nets = []
        for rng in rngs:
            start = kind.init(ORDER_SYMBOLS, H, rng=rng, dtype=np.float32)
            nets.append(Network.init(start, ORDER_CLASSES, rng=rng))
        tests = [temporal_order(T, TESTS, rng=rng) for rng in rngs]
        courses = [[seen(*pair)] for pair in zip(nets, tests, strict=True)]

        def look(at, nets, _, courses=courses, tests=tests):
            for i, s in enumerate(at):
                courses[s].append(seen(abreast.alone(nets, i), tests[s]))
            return np.zeros(len(at), bool)

        rates = np.array([rate for _, rate, _ in own])
        rule = {"updates": UPDATES, "every": EVERY, "limit": 1.0, "look": look}
        nets, draw = abreast.together(nets), abreast.drawing(one_hot, rngs)
        abreast.learn(nets, draw, abreast.cross_entropy, Adam(1.0), rates, **rule)
        done |= dict(zip(own, courses, strict=True))
    return [done[run] for run in runs]


def run():
    """Compare."""
    found = compare(
        CELLS,
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        score=lambda courses: geometric_mean([course[-1][0] for course in courses]),
        most=6,
        at_once=True,
    )
    results = {}
    for cell, each in found.items():
        losses, right, reaches = zip(
            *(zip(*course, strict=True) for course in each.runs), strict=True
        )
        results[cell] = each.told(5) | {
            "loss": rounded(losses, ".4f"),
            "right": rounded(right, ".2f"),
            "reach": rounded(reaches, ".3g"),
        }
    return {"T": T, "every": EVERY, "lags": LAGS, "results": results}

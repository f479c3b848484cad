"""Can a network learn from a part of its gradient that is smaller than the rounding of
the rest: temporal order, T = 200, GRU with Adam, five seeds.

A GRU of 27 units in single precision, Adam at the rate 0.03, clipping by norm at 1, at
most 1,500 updates of 20 new sequences. All that decides the answer lies 100 steps back or
more. At the start: the norms of the loss's gradient by the state, summed over those
lags, as a share of the sum over all lags. Then when 99 % of 200 test sequences are
right, asked after every 25 updates. Two minutes on one core. Tolerance: which seeds
learn, and when within a factor of two, since rounding grows with training.
"""

import numpy as np

from experiments import abreast
from experiments.ch04_reach_opens import HOT, last
from rnncourse import GRU, Adam, Network, forward
from rnncourse.jacobians import reach
from rnncourse.recurrence import backward
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, temporal_order

T, H, B, UPDATES, EVERY, TESTS, RATE = 200, 27, 20, 1500, 25, 200, 0.03
SEEDS = (0, 1, 2, 3, 4)
SMOKE = {"T": 12, "UPDATES": 2, "EVERY": 1, "TESTS": 5, "SEEDS": (0, 1)}


def far_share(net, tests):
    """How much of all norms belongs to the lags from T / 2 on."""
    run = forward(net.cell, tests.xs)
    _, dys = last(net.outputs(run.hs), tests.targets)
    shares = reach(backward(net.cell, dys @ net.W_y.T, run).flow)
    return shares[T // 2 :].sum() / shares.sum()


def share_right(net, tests):
    """Of the test sequences."""
    ys = net.outputs(forward(net.cell, tests.xs).hs[-1])
    return (ys.argmax(axis=1) == tests.targets).mean()


def run():
    """For each seed: the far share at the start, updates, and what is right in the end."""
    rngs = [np.random.default_rng([seed, T]) for seed in SEEDS]
    nets = []
    for rng in rngs:
        start = GRU.init(ORDER_SYMBOLS, H, rng=rng, dtype=np.float32)
        nets.append(Network.init(start, ORDER_CLASSES, rng=rng))
    tests = [temporal_order(T, TESTS, rng=rng) for rng in rngs]
    far = [far_share(*pair) for pair in zip(nets, tests, strict=True)]
    ends = np.tile([0.0, UPDATES], (len(nets), 1))

    def one_hot(*, rng):
        batch = temporal_order(T, B, rng=rng)
        return batch._replace(xs=HOT[batch.xs])

    def look(at, nets, k):
        for i, s in enumerate(at):
            ends[s] = share_right(abreast.alone(nets, i), tests[s]), k
        return ends[at, 0] >= 0.99

    abreast.learn(
        abreast.together(nets),
        abreast.drawing(one_hot, rngs),
        abreast.cross_entropy,
        Adam(1.0),
        np.full(len(nets), RATE),
        updates=UPDATES,
        limit=1.0,
        look=look,
        every=EVERY,
    )
    return {
        "T": T,
        "rate": RATE,
        "far": [float(f"{share:.2g}") for share in far],
        "right": ends[:, 0].round(3).tolist(),
        "updates": ends[:, 1].astype(int).tolist(),
    }

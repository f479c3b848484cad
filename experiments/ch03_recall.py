"""Which bits of the past does a network learn to recall when its gradient is cut?

Random bits come in; the targets are the bits of some steps ago. The gradient goes back
k2 steps, the state is carried always. One lag `alone`: all weights with windows of 4 at
two learning rates and of 16, and a cell that is never trained. All lags from 0 to 20 `at
once`, from W_h = 0, with windows of 1, 4 and 16; lag 8 `from nothing` alone, from the
same start. `more`: windows of 16 with four times the bits, so with as many updates as
windows of 4. Shares of right answers on bits that were not trained on, five seeds.
About two minutes on one core. Tolerance: a share near 1 or ½ comes again within 0.05;
the shares in between depend on the seed.
"""

from dataclasses import replace

import numpy as np

from experiments.common import rounded
from experiments.harness import watch
from rnncourse import RNN, Adam, Batch, Network, forward, objective, squared_error
from rnncourse.training import train

H, B, STEPS, UNSEEN, RATE = 32, 16, 3200, 1000, 3e-3
LAGS, ALL = (4, 6, 8), tuple(range(21))
CONTESTANTS = {  # k2, rate, whether the cell is trained
    "k2 = 4": (4, RATE, True),
    "k2 = 4, slower": (4, RATE / 3, True),
    "k2 = 16": (16, RATE, True),
    "read-out only": (4, RATE, False),
}
SEEDS = (0, 1, 2, 3, 4)
SMOKE = {"STEPS": 32, "UNSEEN": 20, "SEEDS": (0, 1)}


def loss_of(moves):
    """The objective: squared error, and a cell that moves or stands still."""

    def of(net, batch, state):
        loss, gradient, state = objective(net, batch, state, loss=squared_error)
        if not moves:
            gradient = replace(gradient, cell=gradient.cell.map(np.zeros_like))
        return loss, gradient, state

    return of


def recall(lags, k2, seed, rate=RATE, moves=True, memory=1.0, times=1):
    """Share of right answers by lag. W_h is orthogonal, times `memory`."""
    rng = np.random.default_rng(seed)
    steps = times * STEPS
    cell = RNN.init(1, H, rng=rng, dtype=np.float32)
    cell = replace(cell, W_h=np.float32(memory) * cell.W_h)
    net = Network.init(cell, len(lags), rng=rng)
    bits = rng.choice([-1.0, 1.0], size=(steps + UNSEEN, B)).astype(np.float32)
    past = np.stack([np.roll(bits, lag, axis=0) for lag in lags], axis=2)
    xs = bits[:, :, None]
    batches = (
        Batch(xs[i : i + k2], past[i : i + k2], fresh=i == 0)
        for i in range(0, steps, k2)
    )
    for progress in train(net, batches, loss_of(moves), Adam(rate), clip=1.0):
        net, state = progress.params, progress.state
    unseen = forward(net.cell, xs[steps:], state)
    right = (net.outputs(unseen.hs) > 0) == (past[steps:] > 0)
    return right.mean(axis=(0, 1))


def run():
    """Every table: a list of seeds, of lags."""
    alone = {
        name: rounded([[recall([n], k2, s, *how)[0] for n in LAGS] for s in SEEDS])
        for name, (k2, *how) in watch(CONTESTANTS.items(), "alone")
    }
    at_once = {
        k2: rounded([recall(ALL, k2, s, memory=0.0) for s in SEEDS])
        for k2 in watch((1, 4, 16), "at once")
    }
    from_nothing = {
        k2: rounded([recall([8], k2, s, memory=0.0)[0] for s in SEEDS])
        for k2 in watch((1, 4, 16), "lag 8 from nothing")
    }
    more = {
        "alone": rounded([recall([8], 16, s, times=4)[0] for s in SEEDS[:3]]),
        "at once": rounded(
            [recall(ALL, 16, s, memory=0.0, times=4) for s in SEEDS[:3]]
        ),
    }
    return {
        "lags": LAGS,
        "alone": alone,
        "at_once": at_once,
        "from_nothing": from_nothing,
        "more": more,
    }

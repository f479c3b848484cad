"""In `ch07_recall` the vanilla network is worse than guessing where the first of 64
numbers is marked: is it the distance, or the state of zeros before it?

The same task, network (43 units), optimiser, number of updates and tuned rate, 0.003;
eight further numbers stand before the 64, none of which is ever marked, so that the
distances to the end are the same and the state before the first one that counts is not
zero. Five seeds. The error at each step of the marked number, as there. About one
minute on one core. Tolerance: how far a seed gets may change much; that the first step
is no worse than guessing stays.
"""

from functools import partial

import numpy as np

from experiments.ch07_recall import T, by_step
from experiments.common import last, rounded
from rnncourse import RNN, Adam, Batch, Network
from rnncourse.functions import squared_error
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import recall
from rnncourse.training import linear, train

B, UPDATES, EACH, RATE, LEAD = 32, 3000, 200, 0.003, 8
SEEDS = (0, 1, 2, 3, 4)
SMOKE = {"UPDATES": 2, "EACH": 2, "SEEDS": (0, 1)}


def before(xs, lead, rng):
    """The same sequences, with `lead` unmarked numbers before them."""
    early = np.zeros((lead, *xs.shape[1:]), xs.dtype)
    early[..., 0] = rng.uniform(size=early.shape[:2])
    return np.concatenate([early, xs])


def learn(lead, seed):
    """The error for each step at which the number may stand, (64,), after training."""
    rng = np.random.default_rng(seed)

    def batches():
        for _ in range(UPDATES):
            xs, targets, *_ = recall(T, B, rng=rng, dtype=np.float32)
            yield Batch(before(xs, lead, rng), targets)

    net = Network.init(RNN.init(2, 43, rng=rng, dtype=np.float32), 1, rng=rng)
    loss = partial(objective, loss=at_the_end(squared_error))
    how = {"clip": 1.0, "rate": linear(RATE, UPDATES)}
    net = last(train(net, batches(), loss, Adam(RATE), **how))
    return by_step(net, EACH, rng, partial(before, lead=lead, rng=rng))


def run():
    """Every seed."""
    errors = rounded([learn(LEAD, seed) for seed in SEEDS])
    return {"rate": RATE, "updates": UPDATES, "lead": LEAD, "errors": errors}

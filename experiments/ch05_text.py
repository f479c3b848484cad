"""An LSTM that reads Shakespeare, for a look inside: 128 units, trained on 34 plays,
tested on four that it never reads.

One seed. The learning rate is the best of four after 300 updates, measured on the text
that is learned from. Adam with a rate that falls to zero on a straight line, clipping
by norm at 1, windows of 64 characters on 64 tracks, the state carried on. About three
minutes on one core. On another machine the last losses agree within 0.02 nats. The
trained parameters are stored, too (float16).
"""

from functools import partial
from itertools import islice

import numpy as np

from experiments.common import rounded, texts
from experiments.fairness import compare
from experiments.harness import watch
from rnncourse import LSTM, Adam, Network, objective
from rnncourse.text import loss_on, passes
from rnncourse.training import linear, train

H, T, B, UPDATES, TUNING_UPDATES, CHARACTERS, STRETCH = (
    128,
    64,
    64,
    2500,
    300,
    None,
    1000,
)
RATES, SEEDS, TUNING_SEEDS, TOLERANCE = (3e-3, 1e-2, 3e-2, 1e-1), (0,), (100,), 0.02
SMOKE = {"H": 8, "UPDATES": 2, "TUNING_UPDATES": 1, "CHARACTERS": 9000, "STRETCH": 5}


def learn(V, _, rate, seed, ids, updates):
    """The losses of all updates and the network after them."""
    rng = np.random.default_rng(seed)
    net = Network.init(LSTM.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    steps = train(
        net,
        islice(passes(ids, T=T, B=B), updates),
        objective,
        Adam(rate),
        clip=1.0,
        rate=linear(rate, updates),
    )
    losses = []
    for progress in watch(steps, f"rate {rate}", updates):
        losses.append(progress.loss)
        net = progress.params
    return losses, net


def run():
    """Tune, run."""
    vocabulary, parts = texts(slice(34), slice(34, None))
    ids, held_out = (part[:CHARACTERS] for part in parts)
    found = compare(
        ["LSTM"],
        partial(learn, len(vocabulary)),
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((ids, TUNING_UPDATES), (ids, UPDATES)),
        score=lambda runs: np.mean(runs[0][0][-30:]),
        most=0,
    )["LSTM"]
    ((_, net),) = found.runs
    net = net.map(lambda leaf: leaf.astype(np.float16))
    read = net.map(lambda leaf: leaf.astype(np.float32))
    setup = {"H": H, "T": T, "B": B, "updates": UPDATES, "parameters": net.size}
    both = {"learned": ids, "held_out": held_out}
    return {
        "tolerance": TOLERANCE,
        "setup": setup | {"rate": found.rate},
        "tried": found.told(4)["tried"],
        "final": {
            n: rounded(loss_on(read, part, T=STRETCH)) for n, part in both.items()
        },
    }, net.leaves()

"""SGD, momentum, Adagrad, RMSProp and Adam side by side: the same network, the same
text, the same number of updates.

Each method uses the best learning rate of a grid of factors of two, chosen with a seed
of its own on text of the first 34 plays that nothing here learns from; the grid grows
until the best rate does not stand at its edge. The test is on the end of the last play.
Five seeds each; the same runs once more without clipping. About five minutes on one
core. On another machine losses agree within 0.03 nats.
"""

import math
from functools import partial
from itertools import islice

import numpy as np

from experiments.common import rounded, texts
from experiments.fairness import compare
from experiments.harness import watch
from rnncourse import RNN, SGD, Adagrad, Adam, Network, RMSProp, objective
from rnncourse.text import loss_on, windows
from rnncourse.training import train

H, T, B, UPDATES, EVERY, CLIP, TOLERANCE = 128, 32, 32, 600, 60, 1.0, 0.03
STRETCH, TUNING_SEEDS, SEEDS, MOST = 500, (100,), (0, 1, 2, 3, 4), math.inf
METHODS = {
    "SGD": (SGD, (0.5, 1.0, 2.0)),
    "momentum": (partial(SGD, momentum=0.9), (0.1, 0.2, 0.4)),
    "Adagrad": (Adagrad, (0.02, 0.04, 0.08)),
    "RMSProp": (RMSProp, (1e-3, 2e-3, 4e-3)),
    "Adam": (Adam, (4e-3, 8e-3, 16e-3)),
}
SMOKE = {"H": 8, "UPDATES": 2, "EVERY": 1, "STRETCH": 5, "SEEDS": (0, 1), "MOST": 3}


def learn(V, limit, method, rate, seed, ids, test):
    """Held-out losses every 60 updates, and the share of updates that were clipped;
    infinity where the run diverged.
    """
    rng = np.random.default_rng(seed)
    net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    losses, clipped = [loss_on(net, test, T=STRETCH)], 0
    batches = islice(windows(ids, T=T, B=B), UPDATES)
    optimiser = METHODS[method][0](rate)
    with np.errstate(all="ignore"):
        try:
            for progress in train(net, batches, objective, optimiser, clip=limit):
                clipped += progress.norm > limit
                if progress.step % EVERY == 0:
                    losses.append(loss_on(progress.params, test, T=STRETCH))
        except (FloatingPointError, ValueError):  # the loss or a weight is not finite
            losses += [np.inf] * (UPDATES // EVERY + 1 - len(losses))
    return rounded(losses), clipped / UPDATES


def run():
    """Compare, then once more without clipping."""
    vocabulary, (ids,) = texts(slice(None))
    V, known, test = len(vocabulary), ids[: T * B * UPDATES + B], ids[-50_001:]
    results = {}
    for name, (_, rates) in watch(METHODS.items(), "methods"):
        found = compare(
            [name],
            partial(learn, V, CLIP),
            rates,
            SEEDS,
            tuning_seeds=TUNING_SEEDS,
            data=((known, ids[4_200_000:4_250_001]), (known, test)),
            score=lambda outcomes: outcomes[0][0][-1],
            factor=2,
            most=MOST,
        )[name]
        free = [
            learn(V, np.inf, name, found.rate, s, known, test)[0][-1] for s in SEEDS
        ]
        results[name] = found.told() | {
            "losses": [losses for losses, _ in found.runs],
            "clipped": rounded(np.mean([share for _, share in found.runs])),
            "unclipped": [loss if np.isfinite(loss) else None for loss in free],
        }
    return {
        "tolerance": TOLERANCE,
        "characters": len(known),
        "updates": list(range(0, UPDATES + 1, EVERY)),
        "results": results,
    }

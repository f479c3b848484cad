"""SGD, momentum, Adagrad, RMSProp and Adam side by side: the same network, the same
text, the same number of updates.

Each method uses the best learning rate of a grid of factors of two, chosen with a seed
of its own on text of the first 34 plays that nothing here learns from; the grid grows
until the best rate does not stand at its edge. The test is on the end of the last play.
Five seeds each; the same runs once more without clipping. About five minutes on one
core. On another machine losses agree within 0.03 nats. Result: ch02_optimisers.json.
"""

import itertools

import numpy as np
from reading import loss_on
from stored import save
from tuning import tune

from rnncourse import (
    RNN,
    SGD,
    Adagrad,
    Adam,
    Network,
    RMSProp,
    Vocabulary,
    clip_by_norm,
    objective,
    train,
)
from rnncourse.text import shakespeare, windows

H, T, B, UPDATES, EVERY, CLIP = 128, 32, 32, 600, 60, 1.0
TUNING_SEED, SEEDS = 100, (0, 1, 2, 3, 4)
METHODS = {
    "SGD": (SGD, (0.5, 1.0, 2.0)),
    "momentum": (lambda rate: SGD(rate, momentum=0.9), (0.1, 0.2, 0.4)),
    "Adagrad": (Adagrad, (0.02, 0.04, 0.08)),
    "RMSProp": (RMSProp, (1e-3, 2e-3, 4e-3)),
    "Adam": (Adam, (4e-3, 8e-3, 16e-3)),
}


def run(method, rate, seed, learn, test, V, limit=CLIP):
    """Held-out losses every 60 updates, and the share of updates that were clipped;
    infinity where the run diverged.
    """
    rng = np.random.default_rng(seed)
    net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    losses, clipped = [loss_on(net, test, T=500)], 0
    batches = itertools.islice(windows(learn, T=T, B=B), UPDATES)
    with np.errstate(all="ignore"):
        try:
            for progress in train(
                net,
                batches,
                objective,
                method(rate),
                clip=lambda g: clip_by_norm(g, limit),
            ):
                clipped += progress.norm > limit
                if progress.step % EVERY == 0:
                    losses.append(loss_on(progress.params, test, T=500))
        except (
            FloatingPointError,
            ValueError,
        ):  # the loss, or a weight, is no finite number any more
            losses += [np.inf] * (UPDATES // EVERY + 1 - len(losses))
    return [round(float(loss), 4) for loss in losses], clipped / UPDATES


def main():
    """Tune, train, store."""
    text = shakespeare()
    vocabulary = Vocabulary.of(text)
    V, ids = len(vocabulary), vocabulary.encode(text)
    learn, validate, test = (
        ids[: T * B * UPDATES + B],
        ids[4_200_000:4_250_001],
        ids[-50_001:],
    )
    results = {}
    for name, (method, rates) in METHODS.items():
        rate, tried = tune(
            lambda r, method=method: run(method, r, TUNING_SEED, learn, validate, V)[0][
                -1
            ],
            rates,
        )
        runs = [run(method, rate, seed, learn, test, V) for seed in SEEDS]
        free = [
            run(method, rate, seed, learn, test, V, limit=np.inf)[0][-1]
            for seed in SEEDS
        ]
        results[name] = {
            "rate": rate,
            "tried": tried,
            "losses": [losses for losses, _ in runs],
            "clipped": round(float(np.mean([share for _, share in runs])), 4),
            "unclipped": [loss if np.isfinite(loss) else None for loss in free],
        }
        print(
            name,
            rate,
            [losses[-1] for losses, _ in runs],
            results[name]["clipped"],
            free,
            flush=True,
        )
    updates = list(range(0, UPDATES + 1, EVERY))
    save(
        __file__,
        seeds=SEEDS,
        tolerance=0.03,
        characters=len(learn),
        updates=updates,
        results=results,
    )


if __name__ == "__main__":
    main()

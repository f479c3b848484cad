"""RNN, GRU and LSTM with about 47,000 parameters as character models of Shakespeare:
losses by updates and by seconds.

Each network reads 34 plays, 64 characters at a time on 32 tracks whose state is carried
on, for 1,000 updates (two million characters, half an epoch), and is tested on the last
four plays, in 100 stretches of 500 characters from a zero state. The gates that keep
(forget, update) start with a bias of 1. Adam with a rate that falls to zero on a
straight line, clipping by norm at 1; each cell with the best of at least four rates, as
a mean over two tuning seeds, learned from 33 plays and tested on the 34th, the grid
made wider as long as the best stands at its edge. Five other seeds. About nine minutes
on one core. Tolerance: losses within 0.02 nats. Results: ch06_language.json, and the
parameters of the GRU of seed 0 in ch06_language.npz (float16).
"""

import itertools
import time
from functools import partial
from pathlib import Path

import numpy as np
from reading import texts
from stored import save
from tuning import tune

from rnncourse import (
    GRU,
    LSTM,
    RNN,
    Adam,
    Network,
    clip_by_norm,
    cross_entropy,
    forward,
    objective,
    train,
)
from rnncourse.text import windows

T, B, UPDATES, EVERY = 64, 32, 1000, 100
SEEDS, TUNING_SEEDS, RATES = (0, 1, 2, 3, 4), (100, 101), (1e-3, 3e-3, 1e-2, 3e-2)
CELLS = {
    "RNN": (RNN.init, 160),
    "GRU": (partial(GRU.init, update_bias=1.0), 88),
    "LSTM": (LSTM.init, 74),
}


def start(name, V, ids, rate, seed):
    """The network's training, update by update, from a random place in the text."""
    rng = np.random.default_rng(seed)
    init, H = CELLS[name]
    net = Network.init(init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    shifted = np.roll(ids, -rng.integers(len(ids)))
    batches = itertools.chain.from_iterable(
        windows(shifted, T=T, B=B) for _ in itertools.count()
    )
    clip = partial(clip_by_norm, limit=1.0)
    return train(
        net,
        batches,
        objective,
        Adam(rate),
        clip=clip,
        rate=lambda k: rate * (1 - k / UPDATES),
    )


def loss_on(net, ids, T=500, B=100):
    """Nats per character on B stretches of T characters, side by side."""
    step = len(ids) // B
    xs, targets = (
        np.stack([ids[b * step + s : b * step + s + T] for b in range(B)], axis=1)
        for s in (0, 1)
    )
    return cross_entropy(net.outputs(forward(net.cell, xs).hs), targets)[0]


def learn(name, V, ids, tests, rate, seed):
    """Test losses every EVERY updates, and the network."""
    curve = []
    for progress in itertools.islice(start(name, V, ids, rate, seed), UPDATES):
        if progress.step % EVERY == 0:
            curve.append(round(float(loss_on(progress.params, tests)), 4))
    return curve, progress.params


def main():
    """Tune, run, store."""
    began, results = time.process_time(), {}
    vocabulary, (first, validate, ids, tests) = texts(
        slice(33), slice(33, 34), slice(34), slice(34, None)
    )
    V = len(vocabulary)
    for name in CELLS:

        def score(rate, name=name):
            runs = [
                learn(name, V, first, validate, rate, seed)[0][-1]
                for seed in TUNING_SEEDS
            ]
            return round(float(np.mean(runs)), 4)

        rate, tried = tune(score, RATES, factor=3, most=6)
        runs = [learn(name, V, ids, tests, rate, seed) for seed in SEEDS]
        results[name] = {
            "units": CELLS[name][1],
            "parameters": runs[0][1].size,
            "tried": tried,
            "rate": rate,
            "curves": [curve for curve, _ in runs],
        }
        print(name, results[name], round(time.process_time() - began), flush=True)
        if name == "GRU":
            net = runs[0][1].map(lambda leaf: leaf.astype(np.float16))
            np.savez(Path(__file__).with_suffix(".npz"), **net.leaves())
    minutes = round((time.process_time() - began) / 60, 1)
    setup = {"T": T, "B": B, "updates": UPDATES, "every": EVERY, "V": V}
    save(__file__, seeds=SEEDS, setup=setup, minutes=minutes, results=results)


if __name__ == "__main__":
    main()

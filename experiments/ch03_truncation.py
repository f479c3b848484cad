"""How far back must the gradient go? Held-out loss of a character model against k2, two
ways of being fair.

At equal updates every network sees the same 64 x 32 characters in each of 500 updates,
and carries its state through all of them; the backward pass alone is cut after every k2
steps. At equal time an update is made after every k2 steps (k1 = k2), and each network
gets the same four seconds of one core. Each k2 in each of the two uses the best
learning rate of a grid in steps of two, which goes on until the best is at neither end;
it is chosen on validation text, by its mean over three seeds that are not used again.
Counting (n-grams, Witten-Bell) on the characters of the first comparison is the
baseline. About twenty minutes on one core (OMP_NUM_THREADS=1). The median over seeds
comes out again within 0.03 at equal updates, and within 0.1 at equal time on a machine
of about the same speed.
"""

import math
import time
from functools import partial
from itertools import islice

import numpy as np

from experiments.common import rounded, texts
from experiments.fairness import compare
from rnncourse import RNN, Adam, Batch, Network, State, forward, objective
from rnncourse.text import NGram, loss_on, windows
from rnncourse.training import train

H, B, T, UPDATES, SECONDS, STRETCH = 128, 32, 64, 500, 4.0, 1000
CUTS = (1, 2, 4, 8, 16, 32, 64)
RATES, MOST = (4e-3, 8e-3, 16e-3), math.inf
TUNING_SEEDS, SEEDS = (100, 101, 102), (0, 1, 2, 3, 4)
TOLERANCE = {"updates": 0.03, "time": 0.1}  # of the median over seeds
SMOKE = {"H": 8, "UPDATES": 2, "SECONDS": 0.0, "STRETCH": 5, "CUTS": (1, 64)}
SMOKE |= {"RATES": (8e-3,), "MOST": 1, "TUNING_SEEDS": (100,), "SEEDS": (0, 1)}


def side_by_side(array, k2):
    """(T, B) as stretches of k2 steps, each a sequence of its own: (k2, T/k2 B)."""
    T, B = array.shape
    return array.reshape(T // k2, k2, B).swapaxes(0, 1).reshape(k2, -1)


def cut(k2):
    """The objective whose gradient goes back k2 steps at most: the state is carried
    over a cut, the gradient is not.
    """

    def truncated(net, batch, state):
        run = forward(net.cell, batch.xs, state)
        h = (net.cell.zero_state(batch.xs.shape[1]) if state is None else state).h
        before = np.concatenate([h, *run.hs[k2 - 1 : -1 : k2]])  # each stretch
        xs, targets = (side_by_side(a, k2) for a in (batch.xs, batch.targets))
        loss, gradient, _ = objective(net, Batch(xs, targets), State(before))
        return loss, gradient, run.state

    return truncated


def learn(kind, k2, rate, seed, text, test):
    """Nats per character on `test`, and how many updates were made."""
    rng = np.random.default_rng(seed)
    V = int(max(text.max(), test.max())) + 1
    net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    if kind == "updates":
        batches, loss = islice(windows(text, T=T, B=B), UPDATES), cut(k2)
    else:
        batches, loss = windows(text, T=k2, B=B), objective
    end = time.process_time() + (np.inf if kind == "updates" else SECONDS)
    for progress in train(net, batches, loss, Adam(rate), clip=1.0):
        net, step = progress.params, progress.step
        if time.process_time() > end:
            break
    return loss_on(net, test, T=STRETCH), step


def run():
    """Compare in both ways, count."""
    vocabulary, (ids,) = texts(slice(None))
    known, validate, test = ids[:-200_002], ids[-200_002:-100_001], ids[-100_001:]
    first = known[: T * B * UPDATES + B]
    results = {}
    for kind, text in (("updates", first), ("time", known)):
        found = compare(
            CUTS,
            partial(learn, kind),
            RATES,
            SEEDS,
            tuning_seeds=TUNING_SEEDS,
            data=((text, validate), (text, test)),
            score=lambda outcomes: np.mean([loss for loss, _ in outcomes]),
            factor=2,
            most=MOST,
        )
        results[kind] = {
            k2: each.told(4)
            | {
                "losses": rounded([loss for loss, _ in each.runs]),
                "updates": int(np.median([steps for _, steps in each.runs])),
            }
            for k2, each in found.items()
        }
    V = len(vocabulary)
    ngrams = {n: rounded(NGram.fit(first, n, V).nats(test)) for n in (1, 2, 3)}
    return {
        "tolerance": TOLERANCE,
        "characters_per_update": {"updates": T * B, "time": f"k2 x {B}"},
        "seconds": SECONDS,
        "results": results,
        "ngrams": ngrams,
    }

"""How far back must the gradient go? Held-out loss of a character model against k2, two
ways of being fair.

At equal updates every network sees the same 64 x 32 characters in each of 500 updates,
and carries its state through all of them; the backward pass alone is cut after every k2
steps. At equal time an update is made after every k2 steps (k1 = k2), and each network
gets the same four seconds of one core. Each k2 in each of the two uses the best
learning rate of a grid in steps of two, which goes on until the best is at neither end;
it is chosen on validation text, by its mean over three seeds that are not used again.
Counting (n-grams, Witten-Bell) on the characters of the first comparison is the
baseline. About twenty minutes on one core (OMP_NUM_THREADS=1). Result:
ch03_truncation.json. The median over seeds comes out again within 0.03 at equal
updates, and within 0.1 at equal time on a machine of about the same speed.
"""

import itertools
import time

import numpy as np
from reading import loss_on
from stored import save
from tuning import tune

from rnncourse import (
    RNN,
    Adam,
    Batch,
    Network,
    Vocabulary,
    clip_by_norm,
    forward,
    objective,
    train,
)
from rnncourse.recurrence import State
from rnncourse.text import shakespeare, windows
from rnncourse.text.ngram import NGram

H, B, T, UPDATES, SECONDS = 128, 32, 64, 500, 4.0
CUTS = (1, 2, 4, 8, 16, 32, 64)
RATES = (4e-3, 8e-3, 16e-3)  # and half or twice, while the best is at an end
TUNING_SEEDS, SEEDS = (100, 101, 102), (0, 1, 2, 3, 4)
TOLERANCE = {"updates": 0.03, "time": 0.1}  # of the median over seeds


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
        starts = np.concatenate(
            [h[None], run.hs[k2 - 1 : -1 : k2]]
        )  # the state before each stretch
        xs, targets = (side_by_side(a, k2) for a in (batch.xs, batch.targets))
        loss, gradient, _ = objective(
            net, Batch(xs, targets), State(np.concatenate(starts))
        )
        return loss, gradient, run.state

    return truncated


def held_out(kind, k2, seed, rate, learn, test):
    """Nats per character on `test`, and how many updates were made."""
    rng = np.random.default_rng(seed)
    V = int(max(learn.max(), test.max())) + 1
    net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    if kind == "updates":
        batches, loss = itertools.islice(windows(learn, T=T, B=B), UPDATES), cut(k2)
    else:
        batches, loss = windows(learn, T=k2, B=B), objective
    end = time.process_time() + (np.inf if kind == "updates" else SECONDS)
    for progress in train(
        net, batches, loss, Adam(rate), clip=lambda g: clip_by_norm(g, 1.0)
    ):
        net, steps = progress.params, progress.step
        if time.process_time() > end:
            break
    return loss_on(net, test), steps


def main():
    """Tune, train, count, store."""
    text = shakespeare()
    vocabulary = Vocabulary.of(text)
    V, ids = len(vocabulary), vocabulary.encode(text)
    learn, validate, test = ids[:-200_002], ids[-200_002:-100_001], ids[-100_001:]
    first = learn[: T * B * UPDATES + B]
    results = {"updates": {}, "time": {}}
    for kind, k2 in itertools.product(results, CUTS):
        text = first if kind == "updates" else learn

        def validated(rate, kind=kind, k2=k2, text=text):
            return np.mean(
                [
                    held_out(kind, k2, seed, rate, text, validate)[0]
                    for seed in TUNING_SEEDS
                ]
            )

        rate, tried = tune(validated, RATES)
        runs = [held_out(kind, k2, seed, rate, text, test) for seed in SEEDS]
        results[kind][k2] = {
            "rate": rate,
            "tried": {rate: round(float(loss), 4) for rate, loss in tried.items()},
            "losses": [round(float(loss), 4) for loss, _ in runs],
            "updates": int(np.median([steps for _, steps in runs])),
        }
        print(kind, k2, results[kind][k2], flush=True)
    ngrams = {n: round(float(NGram.fit(first, n, V).nats(test)), 4) for n in (1, 2, 3)}
    save(
        __file__,
        seeds=SEEDS,
        tolerance=TOLERANCE,
        characters_per_update={"updates": T * B, "time": f"k2 x {B}"},
        seconds=SECONDS,
        results=results,
        ngrams=ngrams,
    )


if __name__ == "__main__":
    main()

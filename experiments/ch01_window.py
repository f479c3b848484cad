"""A state against a window: held-out loss of character models with about 34,000
parameters each.

A recurrent network reads one character at a time and keeps a state. A window network
sees the last k characters at once and keeps nothing: y_t = tanh(sum_j W[x_{t-j}, j] +
b) W_y + b_y. All learn from the same characters, in the same number of updates of the
same size; each kind uses the best learning rate of a grid of factors of two, which
grows until the best does not stand at its edge, chosen on validation text with a seed
that is not used again. Counting (n-grams, Witten-Bell) on the same characters is the
baseline. About six minutes on two cores. Result: ch01_window.json.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from stored import save
from tuning import tune

from rnncourse import (
    RNN,
    Adam,
    Network,
    Record,
    Vocabulary,
    clip_by_norm,
    cross_entropy,
    forward,
    objective,
    train,
)
from rnncourse.arrays import Array
from rnncourse.functions import glorot
from rnncourse.recurrence import input_gradient, rows
from rnncourse.text import shakespeare, windows
from rnncourse.text.ngram import NGram

T, B, UPDATES = 32, 64, 1000
RATES = (2e-3, 4e-3, 8e-3, 16e-3, 32e-3)
TUNING_SEED, SEEDS = 100, (0, 1, 2, 3, 4)
PARAMETERS = 34_000
WINDOWS = (1, 2, 3, 5, 8)


@dataclass(frozen=True, eq=False)
class Window(Record):
    """A network without a state: it sees k characters."""

    W: Array  # (k, V, H)
    b: Array  # (H,)
    W_y: Array  # (H, V)
    b_y: Array  # (V,)

    @classmethod
    def init(cls, k, V, H, *, rng):
        """Weights as a layer of k·V inputs would have them."""
        W = glorot(k * V, H, rng=rng).reshape(k, V, H)
        return cls(
            *(
                w.astype(np.float32)
                for w in (W, np.zeros(H), glorot(H, V, rng=rng), np.zeros(V))
            )
        )


def window_outputs(net, xs):
    """Logits (T, B, V) for xs (k - 1 + T, B): the window ends at each of the last T
    characters.
    """
    k, length = len(net.W), len(xs) - len(net.W) + 1
    seen = [xs[j : j + length] for j in range(k)]
    h = np.tanh(sum(W[x] for W, x in zip(net.W, seen, strict=True)) + net.b)
    return seen, h, h @ net.W_y + net.b_y


def window_objective(net, batch, tail):
    """The loss, its gradient, and the last k - 1 characters, which the next batch's
    first windows need.
    """
    k, V, _ = net.W.shape
    tail = np.zeros((k - 1, batch.xs.shape[1]), int) if tail is None else tail
    xs = np.concatenate([tail, batch.xs])
    seen, h, ys = window_outputs(net, xs)
    loss, dys = cross_entropy(ys, batch.targets)
    da = (dys @ net.W_y.T) * (1 - h * h)
    dW = np.stack([input_gradient(x, da, V) for x in seen])
    gradient = Window(
        dW, rows(da).sum(axis=0), rows(h).T @ rows(dys), rows(dys).sum(axis=0)
    )
    return loss, gradient, xs[len(xs) - k + 1 :]


def make(k, V, rng):
    """The network that sees k characters (k = None: the recurrent one), its objective
    and its held-out loss.
    """
    if k is None:
        H = max(H for H in range(1, 400) if V * H + H * H + H + H * V + V <= PARAMETERS)
        net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
        return (
            net,
            objective,
            lambda net, ids: cross_entropy(
                net.outputs(forward(net.cell, ids[:-1, None]).hs), ids[1:, None]
            )[0],
        )
    H = (PARAMETERS - V) // (k * V + 1 + V)
    return (
        Window.init(k, V, H, rng=rng),
        window_objective,
        lambda net, ids: cross_entropy(
            window_outputs(
                net, np.concatenate([np.zeros(k - 1, int), ids[:-1]])[:, None]
            )[2],
            ids[1:, None],
        )[0],
    )


def held_out(k, V, seed, rate, learn, test):
    """Nats per character on `test` after training on `learn`, and the number of
    parameters.
    """
    net, loss, evaluate = make(k, V, np.random.default_rng(seed))
    batches = itertools.islice(windows(learn, T=T, B=B), UPDATES)
    for progress in train(
        net, batches, loss, Adam(rate), clip=lambda g: clip_by_norm(g, 1.0)
    ):
        net = progress.params
    return evaluate(net, test), net.size


def main():
    """Tune, train, count, store."""
    text = shakespeare()
    vocabulary = Vocabulary.of(text)
    V, ids = len(vocabulary), vocabulary.encode(text)
    learn, validate, test = (
        ids[: T * B * UPDATES + B],
        ids[-200_000:-100_000],
        ids[-100_000:],
    )
    results = {}
    for k in (None, *WINDOWS):
        rate, _ = tune(
            lambda r, k=k: held_out(k, V, TUNING_SEED, r, learn, validate)[0], RATES
        )
        runs = [held_out(k, V, seed, rate, learn, test) for seed in SEEDS]
        losses = [round(float(loss), 4) for loss, _ in runs]
        results["recurrent" if k is None else f"window {k}"] = {
            "rate": rate,
            "parameters": runs[0][1],
            "losses": losses,
        }
        print(k, rate, losses, flush=True)
    ngrams = {
        n: round(float(NGram.fit(learn, n, V).nats(test)), 4) for n in range(1, 7)
    }
    save(
        __file__,
        seeds=SEEDS,
        characters=len(learn),
        updates=UPDATES,
        results=results,
        ngrams=ngrams,
    )


if __name__ == "__main__":
    main()

"""Counting as a baseline: n-grams from 34 plays, with two ways to smooth, on text that
was counted and on four plays that were not.

Witten-Bell interpolation for n up to 8, and modified Kneser-Ney for n up to 10. `first`
is the loss on the first 100,000 characters of the four plays, where the chapter draws
its curves; `plays` that of the best model on each of the four; `unseen` the share of
groups of n characters in the four plays that do not occur in the 34. Kneser-Ney differs
from Witten-Bell in two things: `halves` has the held-out losses with one of them, its
discounts or its counts for shorter contexts. Exact on every machine. About two minutes
on one core, 5 GB.
"""

import numpy as np

from experiments.common import rounded, texts
from experiments.harness import watch
from rnncourse.text import KneserNey, NGram
from rnncourse.text.kneser_ney import continuations, discounted
from rnncourse.text.ngram import count

N, KNESER_NEY_N, HALF_N, CHARACTERS, FIRST = 8, 10, (5, 6, 7, 8), None, 100_001
SMOKE = {"N": 3, "KNESER_NEY_N": 4, "HALF_N": (2, 3), "CHARACTERS": 2000, "FIRST": 1001}


def unseen(ids, held_out, k):
    """The share of groups of k symbols in one text that do not occur in another."""
    powers = (1 + max(ids.max(), held_out.max())) ** np.arange(k, dtype=np.int64)
    numbers = [
        np.lib.stride_tricks.sliding_window_view(part, k) @ powers
        for part in (ids, held_out)
    ]
    return 1 - float(np.isin(numbers[1], numbers[0]).mean())


def losses(model, n, ids, held_out, plays):
    """The losses of a model and of its shorter ones, and of the best on each play."""

    def nats(text, what):
        return {
            k: rounded(model.shorter(k).nats(text))
            for k in watch(range(1, n + 1), what)
        }

    on_other_text = nats(held_out, "held out")
    best = model.shorter(min(on_other_text, key=on_other_text.get))
    return {
        "held_out": on_other_text,
        "first": nats(held_out[:FIRST], "first"),
        "plays": [rounded(best.nats(play)) for play in plays],
        "learned": nats(ids[: len(held_out)], "learned"),
    }


def halves(V, ids, held_out):
    """Held-out losses with Kneser-Ney's discounts from counts as they are, and with
    Witten-Bell's shares of Kneser-Ney's counts.
    """
    grams = list(count(ids, max(HALF_N), V))
    found = {"discounts": {}, "counts": {}}
    for n in watch(HALF_N, "halves"):
        table = grams[n - 1]
        shorter = [
            continuations(g, longer)
            for g, longer in zip(grams[: n - 1], grams[1:n], strict=True)
        ]
        tables = {
            "discounts": [discounted(g, g.times) for g in grams[:n]],
            "counts": [
                g.table(times, np.ones(len(times)))
                for g, times in zip(grams[:n], [*shorter, table.times], strict=True)
            ],
        }
        for name, each in tables.items():
            found[name][n] = rounded(NGram(V, tuple(each)).nats(held_out))
    return found


def run():
    """Count, test."""
    vocabulary, every = texts(
        slice(34), slice(34, None), *(slice(k, k + 1) for k in range(34, 38))
    )
    V, (ids, held_out, *plays) = len(vocabulary), [part[:CHARACTERS] for part in every]
    found = {
        name: losses(kind.fit(ids, n, V), n, ids, held_out, plays)
        for name, kind, n in (
            ("Witten-Bell", NGram, N),
            ("Kneser-Ney", KneserNey, KNESER_NEY_N),
        )
    }
    return {
        "characters": {"learned": len(ids), "held_out": len(held_out)},
        "V": V,
        **found["Witten-Bell"],
        "Kneser-Ney": found["Kneser-Ney"],
        "halves": halves(V, ids, held_out),
        "unseen": {n: rounded(unseen(ids, held_out, n)) for n in range(1, N + 1)},
    }

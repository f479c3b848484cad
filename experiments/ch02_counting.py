"""Counting as a baseline: n-grams up to 8 from 34 plays, on text that was counted and
on four plays that were not.

Witten-Bell interpolation. `first` is the loss on the first 100,000 characters of the
four plays, where the chapter draws its curves; `plays` that of the 6-gram on each of
the four; `unseen` the share of groups of n characters in the four plays that do not
occur in the 34. Exact on every machine. About a minute on one core, 2 GB.
"""

import numpy as np

from experiments.common import rounded, texts
from experiments.harness import watch
from rnncourse.text import NGram

N, OF_PLAYS, CHARACTERS, FIRST = 8, 6, None, 100_001
SMOKE = {"N": 3, "OF_PLAYS": 3, "CHARACTERS": 2000, "FIRST": 1001}


def unseen(ids, held_out, k):
    """The share of groups of k symbols in one text that do not occur in another."""
    powers = (1 + max(ids.max(), held_out.max())) ** np.arange(k, dtype=np.int64)
    numbers = [
        np.lib.stride_tricks.sliding_window_view(part, k) @ powers
        for part in (ids, held_out)
    ]
    return 1 - float(np.isin(numbers[1], numbers[0]).mean())


def run():
    """Count, test."""
    vocabulary, every = texts(
        slice(34), slice(34, None), *(slice(k, k + 1) for k in range(34, 38))
    )
    V, (ids, held_out, *tests) = len(vocabulary), [part[:CHARACTERS] for part in every]
    model = NGram.fit(ids, N, V)
    models = {n: NGram(V, model.counts[:n]) for n in range(1, N + 1)}

    def nats(text, what):
        return {n: rounded(m.nats(text)) for n, m in watch(models.items(), what)}

    return {
        "characters": {"learned": len(ids), "held_out": len(held_out)},
        "V": V,
        "held_out": nats(held_out, "held out"),
        "first": nats(held_out[:FIRST], "first"),
        "plays": [rounded(models[OF_PLAYS].nats(play)) for play in tests],
        "learned": nats(ids[: len(held_out)], "learned"),
        "unseen": {n: rounded(unseen(ids, held_out, n)) for n in range(1, N + 1)},
    }

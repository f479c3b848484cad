"""What several experiments share: plays as numbers, the end of a training, rounding."""

from functools import cache

import numpy as np

from rnncourse import Vocabulary, cross_entropy, forward
from rnncourse.text import plays


@cache
def every():
    """All 38 plays."""
    return list(plays().values())


def texts(*parts):
    """The vocabulary of all 38 plays, and for each slice of them their text as numbers."""
    vocabulary = Vocabulary.of("\n\n\n".join(every()))
    return vocabulary, [
        vocabulary.encode("\n\n\n".join(every()[part])) for part in parts
    ]


def stretches(ids, T=1000, B=100):
    """The first B stretches of T characters, side by side, and for each character the
    next: both (T, B).
    """
    return [np.reshape(ids[start : start + T * B], (B, T)).T for start in (0, 1)]


def loss_on(net, ids, T=1000, B=100):
    """Nats per character on these stretches, each from a zero state."""
    xs, targets = stretches(ids, T, B)
    return cross_entropy(net.outputs(forward(net.cell, xs).hs), targets)[0]


def last(steps):
    """The parameters after the last update of a training."""
    for progress in steps:
        params = progress.params
    return params


def rounded(value, form=".4f"):
    """A number as this format writes it; or all of a list, an array or a dict's values."""
    if isinstance(value, dict):
        return {name: rounded(each, form) for name, each in value.items()}
    if np.ndim(value) or isinstance(value, list | tuple):
        return [rounded(each, form) for each in value]
    return float(format(float(value), form))

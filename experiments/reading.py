"""Shakespeare for the scripts: plays as numbers, and how well a network reads them."""

import numpy as np

from rnncourse import Vocabulary, cross_entropy, forward
from rnncourse.text import plays


def texts(*parts):
    """The vocabulary of all 38 plays, and for each slice of them their text as numbers."""
    every = list(plays().values())
    vocabulary = Vocabulary.of("\n\n\n".join(every))
    return vocabulary, [vocabulary.encode("\n\n\n".join(every[part])) for part in parts]


def stretches(ids, T=1000, B=100):
    """The first B stretches of T characters, side by side, and for each character the
    next: both (T, B).
    """
    return [np.reshape(ids[start : start + T * B], (B, T)).T for start in (0, 1)]


def loss_on(net, ids, T=1000, B=100):
    """Nats per character on these stretches, each from a zero state."""
    xs, targets = stretches(ids, T, B)
    return cross_entropy(net.outputs(forward(net.cell, xs).hs), targets)[0]

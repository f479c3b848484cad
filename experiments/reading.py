"""Shakespeare for the scripts: plays as numbers, and how well a network reads them."""

import numpy as np

from rnncourse import Vocabulary, cross_entropy, forward
from rnncourse.text import plays


def texts(*parts):
    """The vocabulary of all 38 plays, and for each slice of them their text as numbers."""
    every = list(plays().values())
    vocabulary = Vocabulary.of("\n\n\n".join(every))
    return vocabulary, [vocabulary.encode("\n\n\n".join(every[part])) for part in parts]


def loss_on(net, ids, T=1000, B=100):
    """Nats per character on the first B stretches of T characters, side by side, each from a zero state."""
    xs, targets = (np.reshape(ids[start : start + T * B], (B, T)).T for start in (0, 1))
    return cross_entropy(net.outputs(forward(net.cell, xs).hs), targets)[0]

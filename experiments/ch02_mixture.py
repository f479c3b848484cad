"""A table and a network on the same text: what does each know that the other does not?

The network is the stored one of ch02_long_run, the table a Kneser-Ney 7-gram of the
same 34 plays; both read the four other plays. `plays` has the loss of the table, of the
network and of the mixture

    p = weight p_network + (1 - weight) p_table

on each of the four, for a weight that is chosen on the other three; `weights` the loss
on all four by weight. `contexts` sorts the characters by how often the six before them
stand in the 34 plays: their share, and the losses of table, network and the mixture of
equal parts. On another machine losses agree within 0.002 nats. About a minute on one
core, 3 GB.
"""

import numpy as np

from experiments.common import rounded, texts
from experiments.harness import FOLDER, watch
from rnncourse import RNN, Network, forward, softmax
from rnncourse.text import KneserNey

N, CHARACTERS, PIECE, TOLERANCE = 7, None, 5000, 0.002
WEIGHTS = tuple(round(k / 20, 2) for k in range(21))
EDGES = (0, 1, 2, 11, 101)  # a context that was seen 0, 1, 2-10, 11-100, more times
SMOKE = {"N": 3, "CHARACTERS": 3000, "PIECE": 1000, "WEIGHTS": (0, 0.5, 1)}


def stored():
    """The network of the long run."""
    with np.load(FOLDER / "ch02_long_run.npz") as file:
        p = {name: array.astype(np.float32) for name, array in file.items()}
    cell = RNN(p["cell.W_x"], p["cell.W_h"], p["cell.b"])
    return Network(cell, p["W_y"], p["b_y"])


def along(net, ids):
    """p(symbol) of a network for each symbol of a text after the first."""
    state, p = None, []
    for start in range(0, len(ids) - 1, PIECE):
        targets = ids[start + 1 : start + 1 + PIECE]
        run = forward(net.cell, ids[start : start + len(targets), None], state)
        guesses = softmax(net.outputs(run.hs[:, 0]))
        p.append(guesses[np.arange(len(targets)), targets])
        state = run.state
    return np.concatenate(p).astype(float)


def times_seen(ids, text, k):
    """How often the k symbols before each symbol of a text, from the k-th on, stand in
    `ids`.
    """
    powers = (1 + max(ids.max(), text.max())) ** np.arange(k, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view
    known, times = np.unique(windows(ids, k) @ powers, return_counts=True)
    codes = windows(text[:-1], k) @ powers
    rows = np.searchsorted(known, codes).clip(max=len(known) - 1)
    return np.where(known[rows] == codes, times[rows], 0)


def nats(p):
    """The loss of these probabilities."""
    return float(-np.log(p).mean())


def run():
    """Both read, apart and together."""
    vocabulary, every = texts(slice(34), *(slice(k, k + 1) for k in range(34, 38)))
    ids, *plays = [part[:CHARACTERS] for part in every]
    table, net = KneserNey.fit(ids, N, len(vocabulary)), stored()
    p = [
        np.array([table.along(play)[1:], along(net, play)])
        for play in watch(plays, "plays")
    ]
    mixed = np.array(  # (weights, plays)
        [[nats((1 - w) * t + w * n) for t, n in p] for w in WEIGHTS]
    )
    lengths = np.array([each.shape[1] for each in p])
    best = [
        int(np.delete(mixed * lengths, k, axis=1).sum(axis=1).argmin())
        for k in range(4)
    ]
    seen = np.concatenate([times_seen(ids, play, N - 1) for play in plays])
    both = np.concatenate([each[:, N - 2 :] for each in p], axis=1)
    group = np.searchsorted(EDGES, seen, "right")
    parts = {
        edge: both[:, group == k]
        for k, edge in enumerate(EDGES, 1)
        if (group == k).any()
    }
    return {
        "tolerance": TOLERANCE,
        "plays": [
            {
                "table": rounded(nats(p[k][0])),
                "network": rounded(nats(p[k][1])),
                "mixture": rounded(mixed[best[k], k]),
                "weight": WEIGHTS[best[k]],
            }
            for k in range(4)
        ],
        "weights": {
            w: rounded(row @ lengths / lengths.sum())
            for w, row in zip(WEIGHTS, mixed, strict=True)
        },
        "contexts": {
            edge: {
                "share": rounded(part.shape[1] / both.shape[1]),
                "table": rounded(nats(part[0])),
                "network": rounded(nats(part[1])),
                "mixture": rounded(nats(part.mean(axis=0))),
            }
            for edge, part in parts.items()
        },
    }

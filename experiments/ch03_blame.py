"""How many letters back does the blame for a wrong letter reach, over a training?

A vanilla network of 64 units reads plays: 1,200 updates on 32 x 32 characters, Adam,
rate 0.004. After 0, 10, 100 and 1,200 updates: for 400 letters of text not trained on
that the last network gets wrong, one at a time, the length of dL/dh after each of the 48
letters before, as a share of the length at the last. `median`: over the letters, at each
lag, for each seed. `tenth`: how many letters back the share first is below a tenth (48:
never), quartiles over the letters, for each seed. Five seeds, five starts. About one minute
on one core. Tolerance: a median share comes again within a factor of 2.
"""

from itertools import islice

import numpy as np

from experiments.common import rounded, texts
from experiments.harness import watch
from rnncourse import RNN, Adam, Network, cross_entropy, forward, objective
from rnncourse.text import windows
from rnncourse.training import train

H, B, T, RATE, AFTER, LETTERS, BACK = 64, 32, 32, 4e-3, (0, 10, 100, 1200), 400, 48
SEEDS = (0, 1, 2, 3, 4)
SMOKE = {"AFTER": (0, 2), "LETTERS": 5, "SEEDS": (0, 1)}


def stages(ids, V, seed):
    """The network after each of AFTER updates."""
    rng = np.random.default_rng(seed)
    net = Network.init(RNN.init(V, H, rng=rng, dtype=np.float32), V, rng=rng)
    kept, batches = {0: net}, islice(windows(ids, T=T, B=B), AFTER[-1])
    for progress in train(net, batches, objective, Adam(RATE), clip=1.0):
        if progress.step in AFTER:
            kept[progress.step] = progress.params
    return kept


def shares(net, xs, targets):
    """Length of dL/dh_{T-k} over that of dL/dh_T, (BACK, letters), for the loss of the
    last step alone.
    """
    run = forward(net.cell, xs)
    _, dy = cross_entropy(net.outputs(run.hs[-1]), targets)
    dh, norms = dy @ net.W_y.T, []
    for t in range(len(xs) - 1, len(xs) - 1 - BACK, -1):
        norms.append(np.linalg.norm(dh, axis=1))
        dh = (dh * (1 - run.hs[t] ** 2)) @ net.cell.W_h.T
    return np.array(norms) / norms[0]


def run():
    """Train, and look back from letters that went wrong."""
    vocabulary, (ids,) = texts(slice(None))
    V = len(vocabulary)
    found = {k: {"median": [], "tenth": []} for k in AFTER}
    for seed in watch(SEEDS, "seeds"):
        nets = stages(ids[:1_300_000], V, seed)
        rng = np.random.default_rng(seed)
        at = rng.integers(len(ids) - 300_000, len(ids), 4 * LETTERS)
        xs = ids[at + np.arange(-200, 0)[:, None]]  # (200, letters)
        last = nets[AFTER[-1]]
        guess = last.outputs(forward(last.cell, xs).state.h).argmax(axis=1)
        wrong = np.flatnonzero(guess != ids[at])[:LETTERS]
        for k, net in nets.items():
            left = shares(net, xs[:, wrong], ids[at[wrong]])
            found[k]["median"].append(rounded(np.median(left, axis=1), ".3g"))
            low = left < 0.1
            first = np.where(low.any(axis=0), low.argmax(axis=0), BACK)
            found[k]["tenth"].append(rounded(np.percentile(first, (25, 50, 75)), ".3g"))
    return {"letters": LETTERS, "results": found}

"""Sequences that differ early and end alike: who said the vowels, asked 32 steps after
the longest was said? And what decides it: gates, their start, the stairs or the clock?

Nine speakers (JapaneseVowels). The utterance starts at step 0; then comes the same
ending for all, the first recording of the training part over and over, up to step 61,
where the answer is read off. LSTM with forget bias 5; GRU with update bias 0 and 4;
Clockwork (periods 1 to 64): about 2,470 parameters. `dense`: any module reads any, by
the same clock (42 units, 2,697 parameters). Adam, the rate falling to 0 in a straight
line, clipping by norm at 1, batches of 30, 12 passes. For each place the rate is the one
with the least validation loss (6 utterances of each speaker, held out of the 270), mean
of three tuning seeds, of a grid of four that grows while the best one stands at an edge,
up to five. Then five other seeds learn from all 270. The error is the share of the 370
test utterances that is given to a wrong speaker. `one step of silence`: before the
utterance, in training and test alike. `clock from 1`: no silence, but the clock starts
at 1; `from anywhere`: at one of 64 places, another one in each update; then the test
error is the mean over 16 places. The networks of one kind are trained side by side, in
torch; a test compares the losses with the package's. About three minutes on one core.
Tolerance: an error below 0.3 may change by 0.1, a larger one by more; that Clockwork
does without an early silence what it does not with one step of it stays.
"""

from functools import partial

import numpy as np
import torch

from experiments.common import rounded
from experiments.fairness import compare
from experiments.ticking import Ticking
from rnncourse import GRU, LSTM, Clockwork, Network
from rnncourse.tasks import ending_alike
from rnncourse.text import vowels

PERIODS, RATES, MOST = (1, 2, 4, 8, 16, 32, 64), (0.003, 0.01, 0.03, 0.1), 5
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100, 101, 102)
B, PASSES, LONGEST, SPEAKERS = 30, 12, 29, 9
CELLS = {
    "LSTM, 5": partial(LSTM.init, 12, 18, forget_bias=5.0),
    "GRU, 0": partial(GRU.init, 12, 22),
    "GRU, 4": partial(GRU.init, 12, 22, update_bias=4.0),
    "Clockwork": partial(Clockwork.init, 12, 49, periods=PERIODS),
    "dense": partial(Ticking.init, 12, 42, periods=PERIODS, reads="all"),
}
E = 32
PLACES = {  # (steps of silence before, where the clock starts; None: anywhere)
    "at once": ((0, 0), ("LSTM, 5", "GRU, 0", "GRU, 4", "Clockwork", "dense")),
    "one step of silence": ((1, 0), ("GRU, 4", "Clockwork", "dense")),
    "clock from 1": ((0, 1), ("Clockwork",)),
    "clock from anywhere": ((0, None), ("Clockwork",)),
}
SMOKE = {"RATES": (0.01,), "MOST": 1, "PASSES": 1, "SEEDS": (0,), "B": 100}
SMOKE |= {"TUNING_SEEDS": (100,), "PLACES": {k: PLACES[k] for k in list(PLACES)[1:]}}


def data(part, lead):
    """A part of the vowels, with an ending of at least E frames."""
    ending, T = vowels("train").frames[0], lead + LONGEST + E
    return ending_alike(vowels(part), ending, T=T, lead=lead, dtype=np.float32)


def start(name, seed):
    """A network before training."""
    rng = np.random.default_rng(seed)
    return Network.init(CELLS[name](rng=rng, dtype=np.float32), SPEAKERS, rng=rng)


def together(nets):
    """The leaves of S networks, each (S, ...); biases have an axis for the sequences."""
    leaves = [net.leaves() for net in nets]
    stacked = {name: np.stack([each[name] for each in leaves]) for name in leaves[0]}
    return {
        name.removeprefix("cell."): torch.tensor(
            leaf[:, None] if leaf.ndim == 2 else leaf, requires_grad=True
        )
        for name, leaf in stacked.items()
    }


def step(cell, w, state, a_x, t):
    """The new state of S networks, each tensor (S, B, H), and the h in it; a_x = x W_x +
    b, (S, B, G). The equations of the package's `gates`.
    """
    h, *c = state
    if isinstance(cell, Clockwork):
        N = cell.moving(t)
        moved = torch.tanh(a_x[..., :N] + h @ w["W_h"][..., :N])
        return (torch.cat([moved, h[..., N:]], dim=2),)
    a_h = h @ w["W_h"]
    if isinstance(cell, LSTM):
        i, f, g, o = (a_x + a_h).chunk(4, dim=2)
        c = torch.sigmoid(f) * c[0] + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
    (r_x, z_x, n_x), (r_h, z_h, n_h) = a_x.chunk(3, dim=2), a_h.chunk(3, dim=2)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    return (z * h + (1 - z) * torch.tanh(n_x + r * (n_h + w["b_n"])),)


def logits(cell, w, xs, clock):
    """What S networks answer after the last step, (S, B, 9); xs (T, S, B, D)."""
    T, S, rows, D = xs.shape
    a_xs = xs.transpose(0, 1).reshape(S, T * rows, D) @ w["W_x"] + w["b"]
    a_xs = a_xs.reshape(S, T, rows, -1).unbind(dim=1)
    state = (torch.zeros(S, rows, cell.H),) * 2
    state = state[: 2 if isinstance(cell, LSTM) else 1]
    for t, a_x in enumerate(a_xs):
        state = step(cell, w, state, a_x, clock + t)
    return state[0] @ w["W_y"] + w["b_y"]


def losses(answers, speakers):
    """The cross entropy of each network, (S,)."""
    told = answers.log_softmax(dim=2).gather(2, speakers[..., None])
    return -told.mean(dim=(1, 2))


def learn(name, runs, clock, known, tests):
    """The loss and the share of wrong answers on `tests` for each (rate, seed), after
    learning from `known`: Adam and clipping as the package has them, for each network.
    """
    rates, seeds = zip(*runs, strict=True)
    nets = [start(name, [seed, len(known.targets)]) for seed in seeds]
    cell, w, N = nets[0].cell, together(nets), len(known.targets)
    xs, speakers = torch.tensor(known.xs), torch.tensor(known.targets).long()
    rates = torch.tensor(rates)
    m, s = ({n: torch.zeros_like(leaf) for n, leaf in w.items()} for _ in range(2))
    own = {seed: np.random.default_rng([seed, 1]) for seed in seeds}
    clocks, k = np.random.default_rng(2), 0
    updates = PASSES * (N // B)
    for _ in range(PASSES):
        order = {seed: rng.permutation(N) for seed, rng in own.items()}
        order = np.stack([order[seed] for seed in seeds])
        for first in range(0, N - B + 1, B):
            chosen = order[:, first : first + B]
            t = int(clocks.integers(64)) if clock is None else clock
            loss = losses(
                logits(cell, read(cell, w), xs[:, chosen], t), speakers[chosen]
            )
            gradient = torch.autograd.grad(loss.sum(), w.values())
            squares = [g.square().flatten(1).sum(dim=1) for g in gradient]
            shrink = 1 / sum(squares).sqrt().clamp(min=1)
            rate, k = rates * (1 - k / updates), k + 1
            with torch.no_grad():
                for (n, leaf), g in zip(w.items(), gradient, strict=True):
                    g = g * each(shrink, g)
                    m[n] = 0.9 * m[n] + 0.1 * g
                    s[n] = 0.999 * s[n] + 0.001 * g * g
                    root = (s[n] / (1 - 0.999**k)).sqrt() + 1e-8
                    leaf -= each(rate, g) * m[n] / (1 - 0.9**k) / root
    clocks = range(1, 64, 4) if clock is None else [clock]
    found = [tested(cell, read(cell, w), tests, t) for t in clocks]
    return np.mean(found, axis=0).tolist()


def each(factors, leaf):
    """One factor for each network, to multiply its leaf with."""
    return factors.reshape(-1, *[1] * (leaf.ndim - 1))


def read(cell, w):
    """The weights without those that no module reads: they stay as they are, at 0."""
    return w | {"W_h": w["W_h"] * torch.tensor(cell.W_h != 0)}


@torch.no_grad()
def tested(cell, w, tests, clock):
    """The loss and the share of wrong answers of each network, (S, 2)."""
    S = len(w["b"])
    xs = torch.tensor(tests.xs)[:, None].expand(-1, S, -1, -1)
    speakers = torch.tensor(tests.targets).long().expand(S, -1)
    answers = logits(cell, w, xs, clock)
    wrong = (answers.argmax(dim=2) != speakers).float().mean(dim=1)
    return torch.stack([losses(answers, speakers), wrong], dim=1).numpy()


def by_name(clock, runs, known, tests):
    """Outcomes for each (name, rate, seed); those of one name are trained at once."""
    found = {}
    for name in dict.fromkeys(name for name, *_ in runs):
        these = [run for run in runs if run[0] == name]
        outcomes = learn(name, [run[1:] for run in these], clock, known, tests)
        found |= zip(these, outcomes, strict=True)
    return [found[run] for run in runs]


def some(batch, chosen):
    """The sequences with these numbers."""
    return batch._replace(xs=batch.xs[:, chosen], targets=batch.targets[chosen])


def measure(names, lead, clock):
    """Some cells, tuned, then run with every seed."""
    known, tests = data("train", lead), data("test", lead)
    held = np.arange(270) % 30 >= 24  # 30 utterances of each speaker follow each other
    found = compare(
        names,
        partial(by_name, clock),
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((some(known, ~held), some(known, held)), (known, tests)),
        score=lambda runs: np.mean([loss for loss, _ in runs]),
        most=MOST,
        at_once=True,
    )
    return {
        name: each.told(4) | {"errors": rounded([wrong for _, wrong in each.runs])}
        for name, each in found.items()
    }


def run():
    """Every place."""
    results = {title: measure(names, *how) for title, (how, names) in PLACES.items()}
    sizes = {name: start(name, 0).size for name in CELLS}
    return {"passes": PASSES, "batch": B, "parameters": sizes, "results": results}

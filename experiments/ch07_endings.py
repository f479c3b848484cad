"""Sequences that differ early and end alike: who said the vowels, asked E steps after
the longest was said.

Nine speakers (JapaneseVowels). The utterance starts at step 0; then comes the same
ending for all, the first recording of the training part over and over, up to step 29 +
E, where the answer is read off. RNN, LSTM (forget bias 5), GRU and Clockwork (periods 1
to 64) with about 2,470 parameters. Adam, the rate falling to 0 in a straight line,
clipping by norm at 1, batches of 30, 40 passes. For each cell and E the rate is the one
of six with the least validation loss (6 utterances of each speaker, held out of the
270), mean of two tuning seeds; if it stands at an edge of the grid, a seventh or eighth
is tried. Then five other seeds learn from all 270. The error is the share of the 370
test utterances that is given to a wrong speaker. Then the same for E = 64, with 1 to 16
steps of silence before the utterance in training and test alike: LSTM and Clockwork.
About nine minutes on one core. Tolerance: an error below 0.3
may change by 0.1, a larger one by more; that Clockwork does without an early silence
what it does not with one step of it stays.
"""

from functools import partial

import numpy as np

from experiments.common import last, rounded
from experiments.fairness import compare
from rnncourse import GRU, LSTM, RNN, Adam, Batch, Clockwork, Network, forward
from rnncourse.functions import cross_entropy
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import ending_alike
from rnncourse.text import vowels
from rnncourse.training import linear, train

ENDINGS, LEADS, PERIODS = (0, 16, 32, 64), (1, 4, 8, 16), (1, 2, 4, 8, 16, 32, 64)
SEEDS, TUNING_SEEDS, MOST = (0, 1, 2, 3, 4), (100, 101), 8
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
B, PASSES, LONGEST, SPEAKERS = 30, 40, 29, 9
CELLS = {
    "RNN": partial(RNN.init, 12, 40),
    "LSTM": partial(LSTM.init, 12, 18, forget_bias=5.0),
    "GRU": partial(GRU.init, 12, 22),
    "Clockwork": partial(Clockwork.init, 12, 49, periods=PERIODS),
}
SMOKE = {"ENDINGS": (0, 64), "LEADS": (1,), "RATES": (0.01,), "MOST": 1, "B": 100}
SMOKE |= {"PASSES": 1, "SEEDS": (0, 1), "TUNING_SEEDS": (100,)}


def data(part, E, lead):
    """A part of the vowels, with an ending of at least E frames."""
    ending, T = vowels("train").frames[0], lead + LONGEST + E
    return ending_alike(vowels(part), ending, T=T, lead=lead, dtype=np.float32)


def some(batch, chosen):
    """The sequences with these numbers."""
    return Batch(batch.xs[:, chosen], batch.targets[chosen])


def start(name, seed):
    """A network before training, and its random numbers."""
    rng = np.random.default_rng(seed)
    return Network.init(CELLS[name](rng=rng, dtype=np.float32), SPEAKERS, rng=rng), rng


def learn(name, rate, seed, known, tests):
    """The loss and the share of wrong answers on `tests` after learning from `known`."""
    net, rng = start(name, [seed, len(known.xs)])
    N = len(known.targets)
    updates = PASSES * (N // B)
    orders = (rng.permutation(N) for _ in range(PASSES))
    chosen = (order[i : i + B] for order in orders for i in range(0, N - B + 1, B))
    steps = train(
        net,
        (some(known, each) for each in chosen),
        partial(objective, loss=at_the_end(cross_entropy)),
        Adam(rate),
        clip=1.0,
        rate=linear(rate, updates),
    )
    net = last(steps)
    logits = net.outputs(forward(net.cell, tests.xs).hs[-1])
    wrong = float(np.mean(logits.argmax(axis=1) != tests.targets))
    return cross_entropy(logits, tests.targets)[0], wrong


def measure(names, E, lead):
    """Some cells, tuned, then run with every seed."""
    known, tests = data("train", E, lead), data("test", E, lead)
    held = np.arange(270) % 30 >= 24  # 30 utterances of each speaker follow each other
    found = compare(
        names,
        learn,
        RATES,
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((some(known, ~held), some(known, held)), (known, tests)),
        score=lambda runs: np.mean([loss for loss, _ in runs]),
        most=MOST,
    )
    return {
        name: each.told(4) | {"errors": rounded([wrong for _, wrong in each.runs])}
        for name, each in found.items()
    }


def run():
    """By length of the ending, then by steps of silence before the first word."""
    by_ending = {E: measure(CELLS, E, 0) for E in ENDINGS}
    endings = {name: {E: by_ending[E][name] for E in ENDINGS} for name in CELLS}
    some_cells, leads = ("LSTM", "Clockwork"), {0: by_ending[64]}
    leads |= {lead: measure(some_cells, 64, lead) for lead in LEADS}
    return {
        "rates": RATES,
        "passes": PASSES,
        "batch": B,
        "parameters": {name: start(name, 0)[0].size for name in CELLS},
        "endings": endings,
        "leads": {n: {lead: leads[lead][n] for lead in leads} for n in some_cells},
    }

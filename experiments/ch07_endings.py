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
About nine minutes on one core. Result: ch07_endings.json. Tolerance: an error below 0.3
may change by 0.1, a larger one by more; that Clockwork does without an early silence
what it does not with one step of it stays.
"""

import time
from functools import partial

import numpy as np
from stored import save
from tuning import tune

from rnncourse import (
    GRU,
    LSTM,
    RNN,
    Adam,
    Batch,
    Clockwork,
    Network,
    at_the_end,
    clip_by_norm,
    cross_entropy,
    forward,
    objective,
    train,
)
from rnncourse.tasks import ending_alike
from rnncourse.text import vowels

ENDINGS, SEEDS, TUNING_SEEDS, RATES = (
    (0, 16, 32, 64),
    (0, 1, 2, 3, 4),
    (100, 101),
    (0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
)
B, PASSES, LONGEST, SPEAKERS = 30, 40, 29, 9
LEADS = (1, 4, 8, 16)
PERIODS = (1, 2, 4, 8, 16, 32, 64)
CELLS = {
    "RNN": partial(RNN.init, 12, 40),
    "LSTM": partial(LSTM.init, 12, 18, forget_bias=5.0),
    "GRU": partial(GRU.init, 12, 22),
    "Clockwork": partial(Clockwork.init, 12, 49, periods=PERIODS),
}


def data(part, E, lead=0):
    """A part of the vowels, with an ending of at least E frames."""
    return ending_alike(
        vowels(part),
        vowels("train").frames[0],
        T=lead + LONGEST + E,
        lead=lead,
        dtype=np.float32,
    )


def some(batch, chosen):
    """The sequences with these numbers."""
    return Batch(batch.xs[:, chosen], batch.targets[chosen])


def learn(name, known, tests, rate, seed):
    """The loss and the share of wrong answers on `tests` after learning from `known`."""
    rng = np.random.default_rng([seed, len(known.xs)])
    net = Network.init(CELLS[name](rng=rng, dtype=np.float32), SPEAKERS, rng=rng)
    N = len(known.targets)
    orders = (rng.permutation(N) for _ in range(PASSES))
    batches = (
        some(known, order[i : i + B])
        for order in orders
        for i in range(0, N - B + 1, B)
    )
    updates = PASSES * (N // B)
    loss, clip = (
        partial(objective, loss=at_the_end(cross_entropy)),
        partial(clip_by_norm, limit=1.0),
    )
    *_, last = train(
        net,
        batches,
        loss,
        Adam(rate),
        clip=clip,
        rate=lambda k: rate * (1 - k / updates),
    )
    logits = last.params.outputs(forward(last.params.cell, tests.xs).hs[-1])
    return cross_entropy(logits, tests.targets)[0], float(
        np.mean(logits.argmax(axis=1) != tests.targets)
    )


def measure(name, E, lead):
    """Tuned, then run with every seed."""
    known, tests = data("train", E, lead), data("test", E, lead)
    held = np.flatnonzero(
        np.arange(270) % 30 >= 24
    )  # 30 utterances of each speaker follow each other
    valid, rest = some(known, held), some(known, np.setdiff1d(np.arange(270), held))

    def loss(rate):
        return float(
            np.mean([learn(name, rest, valid, rate, seed)[0] for seed in TUNING_SEEDS])
        )

    rate, tried = tune(loss, RATES, factor=3, most=8)
    errors = [learn(name, known, tests, rate, seed)[1] for seed in SEEDS]
    tried = {rate: round(value, 4) for rate, value in tried.items()}
    return {
        "rate": rate,
        "tried": tried,
        "errors": [round(error, 4) for error in errors],
    }


def main():
    """Measure by length of the ending, then by steps of silence before the first word;
    store.
    """
    began = time.process_time()
    endings = {name: {E: measure(name, E, 0) for E in ENDINGS} for name in CELLS}
    print(endings, round(time.process_time() - began), flush=True)
    leads = {
        name: {0: endings[name][64]} | {n: measure(name, 64, n) for n in LEADS}
        for name in ("LSTM", "Clockwork")
    }
    print(leads, round(time.process_time() - began), flush=True)
    rng = np.random.default_rng(0)
    sizes = {
        name: Network.init(init(rng=rng), SPEAKERS, rng=rng).size
        for name, init in CELLS.items()
    }
    minutes = round((time.process_time() - began) / 60, 1)
    about = {
        "seeds": SEEDS,
        "tuning_seeds": TUNING_SEEDS,
        "rates": RATES,
        "passes": PASSES,
        "batch": B,
    }
    save(
        __file__,
        **about,
        parameters=sizes,
        minutes=minutes,
        endings=endings,
        leads=leads,
    )


if __name__ == "__main__":
    main()

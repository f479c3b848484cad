"""One number of 64 is marked, at any step, and asked for at the end: which steps can a
Clockwork network remember?

`recall` with T = 64. RNN, LSTM (forget bias 5), GRU and Clockwork (periods 1 to 64)
with about 2,010 parameters; Adam, the rate falling to 0 in a straight line, clipping by
norm at 1, 3,000 updates of 32 new sequences. For each cell the rate is the one of three
with the least error, mean of two tuning seeds; while the best one stands at an edge of
the grid, a further rate is tried there, up to six. Then five other seeds. The error at
each step of the marked number is the mean squared error over 64 · 200 test sequences,
200 for each step, as a share of 1/12, which always answering 1/2 has. About ten minutes
on one core. Result: ch07_recall.json. Tolerance: how far a seed gets may change much,
since learning begins at another update; that the error of Clockwork is a comb stays.
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
    Clockwork,
    Network,
    at_the_end,
    clip_by_norm,
    forward,
    objective,
    squared_error,
    train,
)
from rnncourse.tasks import recall

T, B, UPDATES, EACH = 64, 32, 3000, 200
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100, 101)
RATES = (0.003, 0.01, 0.03)
CELLS = {
    "RNN": partial(RNN.init, 2, 43),
    "LSTM": partial(LSTM.init, 2, 21, forget_bias=5.0),
    "GRU": partial(GRU.init, 2, 24),
    "Clockwork": partial(Clockwork.init, 2, 56, periods=(1, 2, 4, 8, 16, 32, 64)),
}


def learn(name, rate, seed):
    """The error for each step at which the number may stand, (64,), after training."""
    rng = np.random.default_rng(seed)
    net = Network.init(CELLS[name](rng=rng, dtype=np.float32), 1, rng=rng)
    batches = (recall(T, B, rng=rng, dtype=np.float32) for _ in range(UPDATES))
    loss, clip = (
        partial(objective, loss=at_the_end(squared_error)),
        partial(clip_by_norm, limit=1.0),
    )
    *_, last = train(
        net,
        batches,
        loss,
        Adam(rate),
        clip=clip,
        rate=lambda k: rate * (1 - k / UPDATES),
    )
    values = rng.uniform(size=(T, T * EACH))
    marked, column = np.repeat(np.arange(T), EACH), np.arange(T * EACH)
    markers = np.zeros_like(values)
    markers[marked, column] = 1
    xs = np.stack([values, markers], axis=2).astype(np.float32)
    ys = last.params.outputs(forward(last.params.cell, xs).hs[-1])[:, 0]
    return 12 * np.mean((ys - values[marked, column]).reshape(T, EACH) ** 2, axis=1)


def main():
    """Tune, run, store."""
    began = time.process_time()
    results = {}
    for name in CELLS:

        def error(rate, name=name):
            return float(
                np.mean([learn(name, rate, seed).mean() for seed in TUNING_SEEDS])
            )

        rate, tried = tune(error, RATES, factor=3, most=6)
        errors = [learn(name, rate, seed) for seed in SEEDS]
        rng = np.random.default_rng(0)
        results[name] = {
            "parameters": Network.init(CELLS[name](rng=rng), 1, rng=rng).size,
            "rate": rate,
            "tried": {r: round(value, 4) for r, value in tried.items()},
            "errors": [error.round(4).tolist() for error in errors],
        }
        means = np.mean(errors, axis=1)
        print(
            name,
            rate,
            tried,
            means.round(3),
            round(time.process_time() - began),
            flush=True,
        )
    minutes = round((time.process_time() - began) / 60, 1)
    about = {
        "seeds": SEEDS,
        "tuning_seeds": TUNING_SEEDS,
        "rates": RATES,
        "updates": UPDATES,
        "batch": B,
    }
    save(__file__, **about, minutes=minutes, results=results)


if __name__ == "__main__":
    main()

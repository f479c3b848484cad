"""What the forget gate's first bias buys: learning curves on adding with T = 100, for nine ways to start.

An LSTM with 16 units and the forget bias -1, 0, 1, 3 or 5; and chrono initialisation (Tallec and Ollivier 2018): the bias is
ln U(1, T - 1), another for each unit, and the input gate's is its negative. Then its two halves alone: the forget gate's bias
with an input gate's of 0, and the input gate's with a forget gate's of 1. Last, 5 and -5 for all units. Adam with a rate that
falls to zero on a straight line, clipping by norm at 1, 1,500 updates of 32 new sequences. Each has the best of its learning
rates, as a mean over two seeds that are not used again; where the best is at an end of the grid, the grid goes on. Seven
seeds. `wrong` is the share of 2,560 new sequences whose absolute error is 0.04 or more on the target of 1997, which is half
of ours. About seventeen minutes on one core. Tolerance: the order of the medians, and each within a factor of two. Result:
ch05_forget_bias.json.
"""

import time
from dataclasses import replace
from functools import partial

import numpy as np
from stored import save
from tuning import tune

from rnncourse import LSTM, Adam, Network, at_the_end, clip_by_norm, forward, objective, squared_error, train
from rnncourse.tasks import adding

T, B, H, UPDATES, EVERY, TESTS = 100, 32, 16, 1500, 25, 2560
SEEDS, TUNING_SEEDS, GRID = (0, 1, 2, 3, 4, 5, 6), (100, 101), (3e-3, 1e-2, 3e-2)
STARTS = {"-1": -1.0, "0": 0.0, "1": 1.0, "3": 3.0, "5": 5.0, "chrono": "chrono"}
STARTS |= {"chrono forget": "chrono forget", "chrono input": "chrono input", "5 and -5": "5 and -5"}


def begin(start, rng):
    """A network with this start."""
    if isinstance(start, float):
        return Network.init(LSTM.init(2, H, rng=rng, forget_bias=start, dtype=np.float32), 1, rng=rng)
    cell = LSTM.init(2, H, rng=rng, dtype=np.float32)
    b = cell.b.reshape(4, H).copy()  # i, f, g, o
    keep = 5.0 if start == "5 and -5" else np.log(rng.uniform(1, T - 1, H))
    if start != "chrono input":
        b[1] = keep
    if start != "chrono forget":
        b[0] = -keep
    return Network.init(replace(cell, b=b.ravel()), 1, rng=rng)


def learn(start, rate, seed):
    """The training loss, mean over each 25 updates, and the error and the share of wrong answers at the end."""
    rng = np.random.default_rng(seed)
    net = begin(start, rng)
    steps = train(
        net,
        (adding(T, B, rng=rng, dtype=np.float32) for _ in range(UPDATES)),
        partial(objective, loss=at_the_end(squared_error)),
        Adam(rate),
        clip=lambda gradient: clip_by_norm(gradient, 1.0),
        rate=lambda k: rate * (1 - k / UPDATES),
    )
    losses = []
    for progress in steps:
        losses.append(progress.loss)
        net = progress.params
    tests = adding(T, TESTS, rng=np.random.default_rng(1000), dtype=np.float32)
    error = net.outputs(forward(net.cell, tests.xs).hs[-1]) - tests.targets
    curve = np.reshape(losses, (-1, EVERY)).mean(axis=1)
    return curve, float((error**2).mean()), float((np.abs(error) / 2 >= 0.04).mean())


def main():
    """Tune, run, store."""
    started, results = time.process_time(), {}
    for name, start in STARTS.items():

        def error(rate, start=start):
            return float(np.mean([learn(start, rate, seed)[1] for seed in TUNING_SEEDS]))

        rate, tried = tune(error, GRID, factor=3, most=6)
        runs = [learn(start, rate, seed) for seed in SEEDS]
        results[name] = {
            "rate": float(f"{rate:.3g}"),
            "tried": {f"{rate:.3g}": round(value, 5) for rate, value in tried.items()},
            "errors": [round(error, 6) for _, error, _ in runs],
            "wrong": [round(wrong, 4) for _, _, wrong in runs],
            "curves": [[round(float(loss), 4) for loss in curve] for curve, _, _ in runs],
        }
        print(name, {k: v for k, v in results[name].items() if k != "curves"}, round(time.process_time() - started))
    minutes = round((time.process_time() - started) / 60, 1)
    save(__file__, seeds=SEEDS, T=T, units=H, updates=UPDATES, every=EVERY, minutes=minutes, results=results)


if __name__ == "__main__":
    main()

"""Sunspots, next year's number from all years before: Clockwork where input is heard at
every step.

The network reads one year at a time, 1700 to 2007, and gives the next one. It learns
from the years up to 1920 and is tested on 1921 to 2008, its state carried through. RNN,
LSTM (forget bias 1), GRU and Clockwork (periods 1 to 16) with about 90 parameters;
Adam, the rate falling to 0 in a straight line, clipping by norm at 1. For each cell the
rate and the number of updates are the ones of five times four with the least error on
1840 to 1920 after learning from 1701 to 1839, mean of the logarithm over three tuning
seeds; then eight other seeds learn from 1701 to 1920. Beside them, what needs no
network: last year's number again, and autoregression on 2 (Yule 1927) or 9 years, by
least squares. Error: mean squared error / variance of the tested years. About two
minutes on one core. Result: ch07_next_year.json. Tolerance: an error may change by
0.03.
"""

import time
from functools import partial

import numpy as np
from many import learn, outputs, side_by_side, together
from stored import save

from rnncourse import GRU, LSTM, RNN, Clockwork, Network
from rnncourse.text import sunspots

CELLS = {
    "RNN": partial(RNN.init, 1, 8),
    "LSTM": partial(LSTM.init, 1, 4),
    "GRU": partial(GRU.init, 1, 4),
    "Clockwork": partial(Clockwork.init, 1, 10, periods=(1, 2, 4, 8, 16)),
}
RATES, UPDATES = (0.001, 0.003, 0.01, 0.03, 0.1), (30, 100, 300, 1000)
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4, 5, 6, 7), (100, 101, 102)
YEARS = np.arange(1700, 2009)
EARLY, LATE, TEST = (
    (YEARS[1:] < 1880),
    (YEARS[1:] >= 1880) & (YEARS[1:] <= 1920),
    (YEARS[1:] > 1920),
)

SPOTS = sunspots()
SERIES = (SPOTS - SPOTS[YEARS <= 1920].mean()) / SPOTS[YEARS <= 1920].std()


def error(predicted, years):
    """Mean squared error / variance, over some of the years from 1701 on."""
    return (
        np.mean((predicted[years] - SERIES[1:][years, None]) ** 2, axis=0)
        / SERIES[1:][years].var()
    )


def predictions(name, seeds, rates, updates, years):
    """What networks write for 1701 to 2008, (308, S), after learning from some of the
    years.
    """
    nets = together([start(name, seed) for seed in seeds])
    S = len(seeds)
    xs = side_by_side(np.repeat(SERIES[:-1, None, None], S, axis=1))
    targets = np.repeat(SERIES[1:, None], S, axis=1)
    weights = np.repeat(years[:, None] / years.sum(), S, axis=1)
    nets, _ = learn(
        nets, xs, targets, weights, np.array(rates), updates=updates, every=updates
    )
    return outputs(nets, xs)[0]


def start(name, seed):
    """A network before training."""
    rng = np.random.default_rng(seed)
    return Network.init(CELLS[name](rng=rng), 1, rng=rng)


def measure(name):
    """Tuned, then run with every seed."""
    runs = [(seed, rate) for rate in RATES for seed in TUNING_SEEDS]
    tried = {}
    for updates in UPDATES:
        errors = error(
            predictions(name, *zip(*runs, strict=True), updates, EARLY), LATE
        )
        for rate, each in zip(
            RATES, np.log(errors).reshape(len(RATES), -1), strict=True
        ):
            tried[rate, updates] = float(np.exp(each.mean()))
    rate, updates = min(tried, key=tried.get)
    tests = error(
        predictions(name, SEEDS, [rate] * len(SEEDS), updates, EARLY | LATE), TEST
    )
    return {
        "parameters": start(name, 0).size,
        "rate": rate,
        "updates": updates,
        "tried": [[*choice, round(value, 4)] for choice, value in tried.items()],
        "errors": tests.round(4).tolist(),
    }


def autoregression(p):
    """The next year as a linear function of p years and 1, by least squares on the
    years up to 1920.
    """
    past = np.stack(
        [
            np.ones(len(SERIES) - p),
            *(SERIES[p - 1 - i : len(SERIES) - 1 - i] for i in range(p)),
        ],
        axis=1,
    )
    known = ~TEST[p - 1 :]
    weights, *_ = np.linalg.lstsq(past[known], SERIES[p:][known])
    return float(
        error(np.concatenate([np.zeros(p - 1), past @ weights])[:, None], TEST)[0]
    )


def main():
    """Measure, store."""
    began = time.process_time()
    plain = {"last year again": float(error(SERIES[:-1, None], TEST)[0])}
    plain |= {f"autoregression on {p}": autoregression(p) for p in (2, 9)}
    print(plain, flush=True)
    results = {}
    for name in CELLS:
        results[name] = measure(name)
        print(name, results[name], round(time.process_time() - began), flush=True)
    minutes = round((time.process_time() - began) / 60, 1)
    about = {"seeds": SEEDS, "tuning_seeds": TUNING_SEEDS, "minutes": minutes}
    save(
        __file__,
        **about,
        baselines={name: round(value, 4) for name, value in plain.items()},
        results=results,
    )


if __name__ == "__main__":
    main()

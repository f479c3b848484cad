"""Sunspots, next year's number from all years before: Clockwork where input is heard at
every step.

The network reads one year at a time, 1700 to 2007, and gives the next one. It learns
from the years up to 1920 and is tested on 1921 to 2008, its state carried through. RNN,
LSTM (forget bias 1), GRU and Clockwork (periods 1 to 16) with about 90 parameters;
Adam, the rate falling to 0 in a straight line, clipping by norm at 1. For each cell the
rate and the number of updates are the ones of five times four with the least error on
1880 to 1920 after learning from 1701 to 1879, mean of the logarithm over three tuning
seeds; then eight other seeds learn from 1701 to 1920. Beside them, what needs no
network: last year's number again, and autoregression on 2 (Yule 1927) or 9 years, by
least squares. Error: mean squared error / variance of the tested years. About two
minutes on one core. Tolerance: an error may change by
0.03.
"""

from functools import partial
from itertools import product

import numpy as np

from experiments.common import rounded
from experiments.fairness import compare
from experiments.harness import watch
from experiments.many import learn, outputs, side_by_side, together
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
EARLY, TEST = YEARS[1:] < 1880, YEARS[1:] > 1920
LATE = ~EARLY & ~TEST
SMOKE = {"RATES": (0.01, 0.03), "UPDATES": (2, 3)}

SPOTS = sunspots()
SERIES = (SPOTS - SPOTS[YEARS <= 1920].mean()) / SPOTS[YEARS <= 1920].std()


def error(predicted, years):
    """Mean squared error / variance, over some of the years from 1701 on."""
    tested = SERIES[1:][years]
    return np.mean((predicted[years] - tested[:, None]) ** 2, axis=0) / tested.var()


def start(name, seed):
    """A network before training."""
    rng = np.random.default_rng(seed)
    return Network.init(CELLS[name](rng=rng), 1, rng=rng)


def trained(runs, learned, start):
    """Networks that learn from some of the years: for each number of updates the runs
    that have it, each a (name, (updates, rate), seed), all at once; what they write; and
    the networks.
    """
    for updates in {updates for _, (updates, _), _ in runs}:
        these = [run for run in runs if run[1][0] == updates]
        S = len(these)
        nets = together([start(name, seed) for name, _, seed in these])
        xs = side_by_side(np.repeat(SERIES[:-1, None, None], S, axis=1))
        targets = np.repeat(SERIES[1:, None], S, axis=1)
        weights = np.repeat(learned[:, None] / learned.sum(), S, axis=1)
        rates = np.array([rate for _, (_, rate), _ in these])
        how = {"updates": updates, "every": updates}
        nets, _ = learn(nets, xs, targets, weights, rates, **how)
        yield these, outputs(nets, xs)[0], nets


def errors(runs, learned, tested):
    """The error on the years of `tested` for each run, after learning from others."""
    found = {}
    for these, ys, _ in trained(runs, learned, start):
        found |= zip(these, error(ys, tested), strict=True)
    return [found[run] for run in runs]


def measure(name):
    """Tuned, then run with every seed."""
    found = compare(
        [name],
        errors,
        tuple(product(UPDATES, RATES)),
        SEEDS,
        tuning_seeds=TUNING_SEEDS,
        data=((EARLY, LATE), (EARLY | LATE, TEST)),
        most=0,
        at_once=True,
    )[name]
    updates, rate = found.rate
    return {
        "parameters": start(name, 0).size,
        "rate": rate,
        "updates": updates,
        "ties": found.ties,
        "tried": [[r, u, rounded(score)] for (u, r), score in found.scores.items()],
        "errors": rounded(found.runs),
    }


def autoregression(p):
    """The next year as a linear function of p years and 1, by least squares on the
    years up to 1920.
    """
    N = len(SERIES) - p
    past = [SERIES[p - 1 - i : len(SERIES) - 1 - i] for i in range(p)]
    past, known = np.stack([np.ones(N), *past], axis=1), ~TEST[p - 1 :]
    weights, *_ = np.linalg.lstsq(past[known], SERIES[p:][known])
    predicted = np.concatenate([np.zeros(p - 1), past @ weights])
    return float(error(predicted[:, None], TEST)[0])


def run():
    """Measure, without and with networks."""
    plain = {"last year again": float(error(SERIES[:-1, None], TEST)[0])}
    plain |= {f"autoregression on {p}": autoregression(p) for p in (2, 9)}
    results = {name: measure(name) for name in watch(CELLS, "cells")}
    return {"baselines": rounded(plain), "results": results}

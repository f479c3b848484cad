"""The time of one update of each cell in the comparisons of chapter 6: language model,
adding, temporal order.

The cells of a comparison take turns, one update each, 40 rounds in one process, and the
medians are stored. Needs a machine that does nothing else. About half a minute on one
core. Tolerance: ratios within 30 %.
"""

import time

import numpy as np

from experiments import ch06_language, ch06_memory
from experiments.common import rounded, texts
from experiments.harness import watch

ROUNDS = 40
SMOKE = {"ROUNDS": 2}


def seconds(running):
    """Median seconds of one update for each training, by name: they take turns, one
    update each.
    """
    times = {name: [] for name in running}
    for _ in watch(range(ROUNDS), "rounds"):
        for name, steps in running.items():
            began = time.perf_counter()
            next(steps)
            times[name].append(time.perf_counter() - began)
    return {name: rounded(np.median(each), ".3g") for name, each in times.items()}


def run():
    """Time the cells of each comparison."""
    vocabulary, (ids,) = texts(slice(34))
    start, V = ch06_language.start, len(vocabulary)
    results = {
        "language": seconds(
            {name: start(name, V, ids, 1e-3, 0) for name in ch06_language.CELLS}
        )
    }
    start, cells = ch06_memory.start, ch06_memory.CELLS
    for task in ch06_memory.TASKS:
        results[task] = seconds({name: start(task, name, 1e-3, 0)[0] for name in cells})
    return {"rounds": ROUNDS, "results": results}

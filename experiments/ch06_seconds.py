"""The time of one update of each cell in the comparisons of chapter 6: language model,
adding, temporal order.

The cells of a comparison take turns, one update each, 40 rounds in one process, and the
medians are stored. Needs a machine that does nothing else. About half a minute on one
core. Tolerance: ratios within 30 %. Result: ch06_seconds.json.
"""

import time

import ch06_language
import ch06_memory
import numpy as np
from reading import texts
from stored import save


def seconds(running, rounds=40):
    """Median seconds of one update for each training, by name: they take turns, one
    update each.
    """
    times = {name: [] for name in running}
    for _ in range(rounds):
        for name, steps in running.items():
            began = time.perf_counter()
            next(steps)
            times[name].append(time.perf_counter() - began)
    return {name: float(f"{np.median(each):.3g}") for name, each in times.items()}


def main():
    """Time, store."""
    vocabulary, (ids,) = texts(slice(34))
    of_text = {
        name: ch06_language.start(name, len(vocabulary), ids, 1e-3, 0)
        for name in ch06_language.CELLS
    }
    results = {"language": seconds(of_text)}
    for task in ch06_memory.TASKS:
        results[task] = seconds(
            {
                name: ch06_memory.start(task, name, 1e-3, 0)[0]
                for name in ch06_memory.CELLS
            }
        )
        print(task, results[task], flush=True)
    save(__file__, rounds=40, results=results)


if __name__ == "__main__":
    main()

"""What is each part of an LSTM good for? Seven of them and a vanilla network, with
about equally many parameters, on two tasks.

Adding with T = 50 (about 1,200 parameters; squared error on 1,000 new sequences, whose
mean answer has 1/6), and Shakespeare, one character at a time, the state carried from
window to window (about 23,000 parameters; nats per character on 100 stretches of 1,000
characters of four plays that are not learned from, each from a zero state). Adam with a
rate that falls to zero on a straight line, clipping by norm at 1. Each cell has the
best of at least four learning rates, as a mean of the logarithm over seeds that are not
used again (five for adding, two for the text), on sequences and a play that are not
used again either; where the best is at an end of the grid, the grid goes on. About half
an hour on one core. Tolerance: medians within a factor of two for adding and 0.02 nats
for the text. Result: ch05_ablation.json.
"""

import time
from functools import partial
from itertools import islice

import numpy as np
from reading import stretches, texts
from stored import save
from tuning import geometric_mean, tune

from rnncourse import (
    LSTM,
    RNN,
    Adam,
    Network,
    at_the_end,
    clip_by_norm,
    cross_entropy,
    forward,
    objective,
    squared_error,
    train,
)
from rnncourse.cells import NFG, NIG, NOAF, NOG, CoupledLSTM, PeepholeLSTM
from rnncourse.tasks import adding
from rnncourse.text import windows

CELLS = {
    "LSTM": LSTM,
    "peepholes": PeepholeLSTM,
    "coupled gates": CoupledLSTM,
    "no input gate": NIG,
    "no forget gate": NFG,
    "no output gate": NOG,
    "no output tanh": NOAF,
    "RNN": RNN,
}
GRID = (3e-3, 1e-2, 3e-2, 1e-1)


def units(kind, D, V, parameters):
    """The number of units with which a network comes nearest to a number of parameters."""
    rng = np.random.default_rng(0)
    return min(
        range(4, 200),
        key=lambda H: abs(
            Network.init(kind.init(D, H, rng=rng), V, rng=rng).size - parameters
        ),
    )


class Adding:
    """The sum of two marked numbers of 50."""

    D, V, parameters, updates, seeds = 2, 1, 1233, 1500, (0, 1, 2, 3, 4, 5, 6)
    loss, tuning_seeds = (
        staticmethod(at_the_end(squared_error)),
        (100, 101, 102, 103, 104),
    )

    def __init__(self, seed):
        self.tests = adding(50, 1000, rng=np.random.default_rng(seed), dtype=np.float32)

    def batches(self, rng):
        """New sequences for every update."""
        return (adding(50, 32, rng=rng, dtype=np.float32) for _ in range(self.updates))

    def measure(self, net):
        """The squared error, and the mean size of the memory at the end."""
        run = forward(net.cell, self.tests.xs)
        error = squared_error(net.outputs(run.hs[-1]), self.tests.targets)[0]
        return error, float(np.abs(getattr(run.state, "c", run.state.h)).mean())


class Text:
    """The next character of a play."""

    updates, seeds, loss, tuning_seeds = (
        1000,
        (0, 1, 2, 3, 4),
        staticmethod(cross_entropy),
        (100, 101),
    )

    def __init__(self, learned, held_out):
        vocabulary, (self.ids, self.tests) = texts(learned, held_out)
        self.D = self.V = len(vocabulary)
        self.parameters = Network.init(
            LSTM.init(self.D, 44, rng=np.random.default_rng(0)),
            self.V,
            rng=np.random.default_rng(0),
        ).size

    def batches(self, rng):
        """Windows of 50 characters on 32 tracks, from a random place on."""
        ids = np.roll(self.ids, -int(rng.integers(len(self.ids))))
        return islice(windows(ids, T=50, B=32), self.updates)

    def measure(self, net):
        """Nats per character, and the mean size of the memory at the end of the
        stretches.
        """
        xs, targets = stretches(self.tests)
        run = forward(net.cell, xs)
        return cross_entropy(net.outputs(run.hs), targets)[0], float(
            np.abs(getattr(run.state, "c", run.state.h)).mean()
        )


def tasks():
    """For each task the one to tune on and the one to test on."""
    yield "adding", Adding(1001), Adding(1000)
    yield "text", Text(slice(33), slice(33, 34)), Text(slice(34), slice(34, None))


def learn(task, kind, H, rate, seed):
    """What `measure` says after training; infinity where training broke off."""
    rng = np.random.default_rng(seed)
    net = Network.init(kind.init(task.D, H, rng=rng, dtype=np.float32), task.V, rng=rng)
    steps = train(
        net,
        task.batches(rng),
        partial(objective, loss=task.loss),
        Adam(rate),
        clip=lambda gradient: clip_by_norm(gradient, 1.0),
        rate=lambda k: rate * (1 - k / task.updates),
    )
    try:
        for progress in steps:
            net = progress.params
    except FloatingPointError:
        return np.inf, np.inf
    return task.measure(net)


def main():
    """Tune, run, store."""
    started, results = time.process_time(), {}
    for name, trial, task in tasks():
        results[name] = {}
        for cell, kind in CELLS.items():
            H = units(kind, task.D, task.V, task.parameters)

            def error(rate, trial=trial, kind=kind, H=H):
                return float(
                    geometric_mean(
                        [
                            learn(trial, kind, H, rate, seed)[0]
                            for seed in trial.tuning_seeds
                        ]
                    )
                )

            rate, tried = tune(error, GRID, factor=3, most=6)
            runs = [learn(task, kind, H, rate, seed) for seed in task.seeds]
            rng = np.random.default_rng(0)
            results[name][cell] = {
                "units": H,
                "parameters": (
                    Network.init(kind.init(task.D, H, rng=rng), task.V, rng=rng).size
                ),
                "rate": float(f"{rate:.3g}"),
                "tried": {
                    f"{rate:.3g}": round(value, 5) for rate, value in tried.items()
                },
                "errors": [round(float(error), 6) for error, _ in runs],
                "memory": [round(size, 3) for _, size in runs],
            }
            print(
                name,
                cell,
                results[name][cell],
                round(time.process_time() - started),
                flush=True,
            )
    minutes = round((time.process_time() - started) / 60, 1)
    save(
        __file__,
        seeds={"adding": Adding.seeds, "text": Text.seeds},
        updates={"adding": Adding.updates, "text": Text.updates},
        minutes=minutes,
        results=results,
    )


if __name__ == "__main__":
    main()

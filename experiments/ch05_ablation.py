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
for the text.
"""

from functools import partial
from itertools import islice

import numpy as np

from experiments.common import last, rounded, texts
from experiments.fairness import compare, geometric_mean
from rnncourse import LSTM, RNN, Adam, Network, forward
from rnncourse.cells import NFG, NIG, NOAF, NOG, CoupledLSTM, PeepholeLSTM
from rnncourse.functions import cross_entropy, squared_error
from rnncourse.network import at_the_end, objective
from rnncourse.tasks import adding
from rnncourse.text import stretches, windows
from rnncourse.training import linear, train

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
RATES, MOST, CHARACTERS, STRETCH = (3e-3, 1e-2, 3e-2, 1e-1), 6, None, 1000
UNITS = range(4, 200)
UPDATES = {"adding": 1500, "text": 1000}
SEEDS = {"adding": (0, 1, 2, 3, 4, 5, 6), "text": (0, 1, 2, 3, 4)}
TUNING_SEEDS = {"adding": (100, 101, 102, 103, 104), "text": (100, 101)}
SMOKE = {"RATES": (1e-2,), "MOST": 1, "CHARACTERS": 9000, "STRETCH": 5, "UNITS": (4, 5)}
SMOKE |= {"UPDATES": {"adding": 2, "text": 2}, "SEEDS": {"adding": (0,), "text": (0,)}}
SMOKE |= {"TUNING_SEEDS": {"adding": (100,), "text": (100,)}}


def start(kind, H, task, rng):
    """A network before training."""
    cell = kind.init(task.D, H, rng=rng, dtype=np.float32)
    return Network.init(cell, task.V, rng=rng)


def size(kind, H, task):
    """Its number of parameters."""
    return start(kind, H, task, np.random.default_rng(0)).size


def memory(state):
    """The mean size of what it keeps."""
    return float(np.abs(getattr(state, "c", state.h)).mean())


class Adding:
    """The sum of two marked numbers of 50."""

    D, V, parameters, loss = 2, 1, 1233, staticmethod(at_the_end(squared_error))

    def __init__(self, seed):
        self.tests = adding(50, 1000, rng=np.random.default_rng(seed), dtype=np.float32)

    def batches(self, rng):
        """New sequences for every update."""
        while True:
            yield adding(50, 32, rng=rng, dtype=np.float32)

    def measure(self, net):
        """The squared error, and the size of the memory at the end."""
        run = forward(net.cell, self.tests.xs)
        error = squared_error(net.outputs(run.hs[-1]), self.tests.targets)[0]
        return error, memory(run.state)


class Text:
    """The next character of a play."""

    loss = staticmethod(cross_entropy)

    def __init__(self, learned, held_out):
        vocabulary, parts = texts(learned, held_out)
        self.ids, self.tests = (part[:CHARACTERS] for part in parts)
        self.D = self.V = len(vocabulary)
        self.parameters = size(LSTM, 44, self)

    def batches(self, rng):
        """Windows of 50 characters on 32 tracks, from a random place on."""
        return windows(np.roll(self.ids, -int(rng.integers(len(self.ids)))), T=50, B=32)

    def measure(self, net):
        """Nats per character, and the size of the memory at the end of the stretches."""
        xs, targets = stretches(self.tests, T=STRETCH, B=100)
        run = forward(net.cell, xs)
        return cross_entropy(net.outputs(run.hs), targets)[0], memory(run.state)


def units(kind, task):
    """The number of units with which a network comes nearest to a task's parameters."""
    return min(UNITS, key=lambda H: abs(size(kind, H, task) - task.parameters))


def learn(updates, H, cell, rate, seed, task):
    """What `measure` says after training; infinity where training broke off."""
    rng = np.random.default_rng(seed)
    net = start(CELLS[cell], H[cell], task, rng)
    steps = train(
        net,
        islice(task.batches(rng), updates),
        partial(objective, loss=task.loss),
        Adam(rate),
        clip=1.0,
        rate=linear(rate, updates),
    )
    try:
        return task.measure(last(steps))
    except FloatingPointError:
        return np.inf, np.inf


def run():
    """Compare on both tasks."""
    results = {}
    for name, trial, test in (
        ("adding", Adding(1001), Adding(1000)),
        ("text", Text(slice(33), slice(33, 34)), Text(slice(34), slice(34, None))),
    ):
        H = {cell: units(kind, test) for cell, kind in CELLS.items()}
        found = compare(
            CELLS,
            partial(learn, UPDATES[name], H),
            RATES,
            SEEDS[name],
            tuning_seeds=TUNING_SEEDS[name],
            data=((trial,), (test,)),
            score=lambda runs: geometric_mean([error for error, _ in runs]),
            most=MOST,
        )
        results[name] = {
            cell: each.told(5)
            | {
                "units": H[cell],
                "parameters": size(CELLS[cell], H[cell], test),
                "errors": rounded([error for error, _ in each.runs], ".6f"),
                "memory": rounded([kept for _, kept in each.runs], ".3f"),
            }
            for cell, each in found.items()
        }
    return {"updates": UPDATES, "results": results}

"""Which methods learn a dependency of which length: temporal order, eight methods, four
lengths, five seeds.

A vanilla network of 50 units is trained by gradient descent with momentum 0.9, plain;
with clipping by norm at 1; with clipping and the regulariser Ω of Pascanu et al.
(2013), whose sum over steps is divided by T; and with clipping and Adam in place of
momentum. An LSTM and a GRU of about as many parameters (23 and 27 units) are trained
with clipping, by momentum and by Adam. All W_h begin orthogonal. Batches of 20 new
sequences, at most 1,000 updates (20,000 sequences); a run has succeeded, and ends, when
at least 99 % of 1,000 test sequences are right.

Each method is tuned at each length by itself, with three seeds that are not used again:
from four learning rates, on a grid that grows while the best stands at its edge (to six),
and Ω also from two weights. A run either learns or not; so the best has the least mean
of the logarithm of the final test loss, where a loss below 0.05 counts as 0.05, and
among equals the fewest updates. The norms are those of the gradients before clipping.
About a quarter of an hour on one core. Tolerance: a run's success may depend on the machine,
since rounding grows with training; the number of seeds of five that succeed should come
out within one.
"""

import numpy as np

from experiments import abreast
from experiments.fairness import tune
from rnncourse import GRU, LSTM, RNN, SGD, Adam, Network, forward
from rnncourse.functions import cross_entropy
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, temporal_order

LENGTHS = (20, 30, 40, 50)
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100, 101, 102)
B, UPDATES, EVERY, TESTS = 20, 1000, 125, 1000
RATES, WEIGHTS, MOST = (0.003, 0.01, 0.03, 0.1), (2, 8), 6
LEAST, LOST = 0.05, 10.0  # what a smaller loss counts as; and one that is not finite
momentum = SGD(1.0, momentum=0.9)
METHODS = {  # cell, units, optimiser, clip, weights of Ω
    "RNN": (RNN, 50, momentum, None, (0,)),
    "RNN, clipped": (RNN, 50, momentum, 1.0, (0,)),
    "RNN, clipped, Ω": (RNN, 50, momentum, 1.0, WEIGHTS),
    "RNN, Adam": (RNN, 50, Adam(1.0), 1.0, (0,)),
    "LSTM": (LSTM, 23, momentum, 1.0, (0,)),
    "LSTM, Adam": (LSTM, 23, Adam(1.0), 1.0, (0,)),
    "GRU": (GRU, 27, momentum, 1.0, (0,)),
    "GRU, Adam": (GRU, 27, Adam(1.0), 1.0, (0,)),
}
UNCLIPPED = (30, 0.01)  # T and rate at which the plain network's norms are told, too
SMOKE = {"LENGTHS": (20, 30), "SEEDS": (0, 1), "UPDATES": 2, "EVERY": 1, "TESTS": 50}
SMOKE |= {"RATES": (0.01,), "TUNING_SEEDS": (100,), "MOST": 1}
HOT = np.eye(ORDER_SYMBOLS, dtype=np.float32)


def learn(T, method, weight, runs):
    """For each (rate, seed) what it came to: the share of test sequences that is right,
    the number of updates, at success or at the end, the test loss, and the median and
    the largest norm of the gradient.
    """
    kind, H, optimiser, limit, _ = METHODS[method]
    rngs = [np.random.default_rng([seed, T]) for _, seed in runs]
    nets = []
    for rng in rngs:
        cell = kind.init(ORDER_SYMBOLS, H, rng=rng, dtype=np.float32)
        nets.append(Network.init(cell, ORDER_CLASSES, rng=rng))
    tests = [temporal_order(T, TESTS, rng=rng) for rng in rngs]
    ends = np.tile([0.0, UPDATES, LOST], (len(runs), 1))

    def one_hot(*, rng):
        batch = temporal_order(T, B, rng=rng)
        return batch._replace(xs=HOT[batch.xs])

    def look(at, nets, k):
        for i, s in enumerate(at):
            right, loss = tested(abreast.alone(nets, i), tests[s])
            ends[s] = right, k, loss
        return ends[at, 0] >= 0.99

    _, left, norms = abreast.learn(
        abreast.together(nets),
        abreast.drawing(one_hot, rngs),
        abreast.cross_entropy,
        optimiser,
        np.array([rate for rate, _ in runs]),
        updates=UPDATES,
        limit=limit,
        omega=np.full(len(runs), weight),
        look=look,
        every=EVERY,
    )
    for s in np.setdiff1d(np.arange(len(runs)), left):
        if ends[s, 0] < 0.99:  # it left because it was not finite
            ends[s] = 0, len(norms[s]), LOST
    return [
        [round(float(right), 3), int(k), float(f"{loss:.3g}"), *spread(own)]
        for (right, k, loss), own in zip(ends, norms, strict=True)
    ]


def tested(net, batch):
    """The share of sequences whose class is right, and their cross entropy."""
    ys = net.outputs(forward(net.cell, batch.xs).hs[-1])
    loss, _ = cross_entropy(ys, batch.targets)
    return (ys.argmax(axis=1) == batch.targets).mean(), loss


def spread(norms):
    """Median and largest."""
    return [float(f"{of(norms):.3g}") for of in (np.median, np.max)]


def score(ends):
    """The mean of ln of the final loss, with its floor; then the updates."""
    _, steps, losses, *_ = zip(*ends, strict=True)
    return np.log(np.maximum(losses, LEAST)).mean(), sum(steps)


def measure(method, T):
    """The best weight and rate, ties, all that was tried, and the runs with the best."""
    found = {}
    for weight in METHODS[method][-1]:

        def at_once(runs, weight=weight):
            return learn(T, method, weight, [run[1:] for run in runs])

        rule = {"score": score, "most": MOST, "at_once": True}
        found[weight] = tune([method], at_once, RATES, TUNING_SEEDS, **rule)[method]
    weight = min(found, key=lambda w: score(found[w].outcomes[found[w].rate]))
    rate, ties = found[weight].rate, found[weight].ties
    runs = learn(T, method, weight, [(rate, seed) for seed in SEEDS])
    tried = [
        [rate, w, *end]
        for w in found
        for rate in found[w].scores
        for end in found[w].outcomes[rate]
    ]
    return {"rate": rate, "weight": weight, "ties": ties, "runs": runs, "tried": tried}


def run():
    """Each method at each length; and the plain one once more, at clipping's rate."""
    results = {m: {T: measure(m, T) for T in LENGTHS} for m in METHODS}
    T, rate = UNCLIPPED
    too_fast = learn(T, next(iter(METHODS)), 0, [(rate, seed) for seed in SEEDS])
    return {
        "lengths": LENGTHS,
        "updates": UPDATES,
        "batch": B,
        "columns": ["right", "updates", "loss", "norm", "largest"],
        "unclipped": {"T": T, "rate": rate, "runs": too_fast},
        "results": results,
    }

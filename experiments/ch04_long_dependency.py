"""Which methods learn a dependency of which length: temporal order, six methods, four
lengths, five seeds.

A vanilla network of 50 units is trained by gradient descent with momentum 0.9, plain;
with clipping by norm at 1; with clipping and the regulariser Ω of Pascanu et al.
(2013), whose sum over steps is divided by T. An LSTM and a GRU of about as many
parameters (23 and 27 units) are trained with clipping, and the GRU once more with Adam
in place of momentum. All W_h begin orthogonal. Batches of 20 new sequences, at most
1,500 updates (30,000 sequences); a run has succeeded, and ends, when at least 99 % of
1,000 test sequences are right. All methods choose from the same six learning rates, Ω
also from four weights: the choice that did best at T = 40 (where none learns there, at
T = 30 or 20), in one run with a seed that is not used again; among equals, the one with
the fewest updates. About ten minutes on one core. Tolerance: a run's success may depend
on the machine, since rounding grows with training; the number of seeds of five that
succeed should come out within one.
"""

from functools import partial

import numpy as np

from experiments.fairness import outcomes, tune
from rnncourse import GRU, LSTM, RNN, SGD, Adam, Network, forward
from rnncourse.functions import cross_entropy
from rnncourse.jacobians import norm_kept
from rnncourse.network import at_the_end
from rnncourse.tasks import ORDER_CLASSES, ORDER_SYMBOLS, temporal_order
from rnncourse.training import train

LENGTHS, TUNING_LENGTHS = (20, 30, 40, 50), (40, 30, 20)
SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100,)
B, UPDATES, EVERY, TESTS = 20, 1500, 125, 1000
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
momentum = partial(SGD, momentum=0.9)
METHODS = {  # cell, units, optimiser, clip, weights of Ω
    "SGD": (RNN, 50, momentum, np.inf, (0,)),
    "+ clipping": (RNN, 50, momentum, 1.0, (0,)),
    "+ clipping + Ω": (RNN, 50, momentum, 1.0, (0.5, 2, 8, 32)),
    "LSTM": (LSTM, 23, momentum, 1.0, (0,)),
    "GRU": (GRU, 27, momentum, 1.0, (0,)),
    "GRU, Adam": (GRU, 27, Adam, 1.0, (0,)),
}
SMOKE = {"LENGTHS": (20, 30), "SEEDS": (0, 1), "UPDATES": 2, "EVERY": 1, "TESTS": 50}
SMOKE |= {"RATES": (0.01,), "TUNING_LENGTHS": (30, 20)}


def objective(net, batch, state=None, *, weight=0.0):
    """Cross entropy of the last output plus weight Ω / T, its gradient, and the state."""
    run = forward(net.cell, batch.xs)
    loss, dys = at_the_end(cross_entropy)(net.outputs(run.hs), batch.targets)
    gradient = net.gradient(dys, run)
    if weight:
        omega = norm_kept(net.cell, dys @ net.W_y.T, run)
        gradient.cell.W_h[...] += weight / len(dys) * omega.dW_h
    return loss, gradient, run.state


def accuracy(net, batch):
    """The share of sequences whose class is right."""
    ys = net.outputs(forward(net.cell, batch.xs).hs[-1])
    return float((ys.argmax(axis=1) == batch.targets).mean())


def learn(T, method, choice, seed):
    """Accuracy on test sequences and the number of updates, at success or at the end."""
    kind, H, optimiser, limit, _ = METHODS[method]
    rate, weight = choice
    rng = np.random.default_rng([seed, T])
    cell = kind.init(ORDER_SYMBOLS, H, rng=rng, dtype=np.float32)
    net = Network.init(cell, ORDER_CLASSES, rng=rng)
    tests = temporal_order(T, TESTS, rng=rng)
    batches = (temporal_order(T, B, rng=rng) for _ in range(UPDATES))
    loss = partial(objective, weight=weight)
    right, step = 0.0, 0
    try:
        for progress in train(net, batches, loss, optimiser(rate), clip=limit):
            net, step = progress.params, progress.step
            if step % EVERY == 0 and (right := accuracy(net, tests)) >= 0.99:
                break
    except FloatingPointError:
        right = 0.0
    return round(right, 3), step


def score(runs):
    """Of the one run: the more that is right (up to 99 %), the less; then updates."""
    ((right, step),) = runs
    return -min(right, 0.99), step


def measure(method):
    """Tuned at T = 40; if none learns there, at 30, then at 20. Then run with every
    seed at every length.
    """
    grid, tried = (
        [(rate, weight) for rate in RATES for weight in METHODS[method][-1]],
        {},
    )
    for T in TUNING_LENGTHS:
        rule = {"score": score, "most": 0}
        found = tune([method], partial(learn, T), grid, TUNING_SEEDS, **rule)[method]
        tried[T] = [[*choice, *run] for choice, (run,) in found.outcomes.items()]
        if found.outcomes[found.rate][0][0] > 0.5:
            break
    runs = [(method, found.rate, seed) for seed in SEEDS]
    done = {T: outcomes(partial(learn, T), runs, (), False, method) for T in LENGTHS}
    rate, weight = found.rate
    return {
        "rate": rate,
        "weight": weight,
        "ties": found.ties,
        "tried": tried,
        "accuracy": {T: [right for right, _ in each] for T, each in done.items()},
        "updates": {T: [step for _, step in each] for T, each in done.items()},
    }


def run():
    """Measure each method."""
    results = {method: measure(method) for method in METHODS}
    return {"lengths": LENGTHS, "updates": UPDATES, "batch": B, "results": results}

"""The networks, a problem for each of them, and the judges of a backward pass.

A problem has everything at random and different from zero: weights, biases, inputs, the
state it starts from, and the upstream gradients of every output and of the last state.
All its sizes differ, so that no axis is taken for another.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jaxtyping
import numpy as np

from rnncourse import GRU, LSTM, RNN, Clockwork, backward, forward, twins
from rnncourse.arrays import Array, Batch, Record
from rnncourse.cells import CoupledLSTM, PeepholeLSTM, ResetBeforeGRU
from rnncourse.cells.ablated import NFG, NIG, NOAF, NOG
from rnncourse.composition import bidirectional, stack
from rnncourse.functions import cross_entropy, squared_error
from rnncourse.gradcheck import differences, relative_error
from rnncourse.network import Network, at_the_end, objective

T, B, D, H = 5, 3, 4, 6

CELLS = {  # a new cell is a new line
    "RNN": RNN.init,
    "LSTM": LSTM.init,
    "GRU": GRU.init,
    "ResetBeforeGRU": ResetBeforeGRU.init,
    "Clockwork 1 2 4": partial(Clockwork.init, periods=(1, 2, 4)),
    "Clockwork 2 4": partial(Clockwork.init, periods=(2, 4)),
    "Peephole": PeepholeLSTM.init,
    "Coupled": CoupledLSTM.init,
    "No input gate": NIG.init,
    "No forget gate": NFG.init,
    "No output gate": NOG.init,
    "No output activation": NOAF.init,
}


def two(init, D, H, *, rng):
    """Two layers of one kind."""
    return stack(init(D, H, rng=rng), init(H, H, rng=rng))


def both(init, D, H, *, rng):
    """Two directions of one kind."""
    return bidirectional(init(D, H, rng=rng), init(D, H, rng=rng))


def two_of_both(init, D, H, *, rng):
    """Two layers, each in both directions."""
    return stack(both(init, D, H, rng=rng), both(init, 2 * H, H, rng=rng))


def mixed(D, H, *, rng):
    """Layers of several kinds and sizes, a stack among them; unequal directions."""
    clockwork = Clockwork.init(H, 4, periods=(1, 2), rng=rng)
    directions = bidirectional(LSTM.init(H, 2, rng=rng), clockwork)
    return stack(stack(RNN.init(D, 5, rng=rng), GRU.init(5, H, rng=rng)), directions)


COMPOSITIONS = {
    f"{how.__name__} {kind}": partial(how, CELLS[kind])
    for how in (two, both, two_of_both)
    for kind in ("RNN", "LSTM", "GRU", "Clockwork 2 4")
} | {"mixed": mixed}

NETWORKS = CELLS | COMPOSITIONS

LOSSES = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "at_the_end": at_the_end(cross_entropy),
}


@dataclass(frozen=True, eq=False)
class Variables(Record):
    """All that a loss depends on; also the loss's gradient by all of it."""

    net: Any
    xs: Any  # None for symbols, which have no gradient
    state: Any


class Problem(NamedTuple):
    """A network, what it is given, and the gradients that come from above."""

    net: Any
    xs: Array
    dhs: Array
    state: Any
    dstate: Any
    lengths: Array | None = None

    def loss(self, at: Variables) -> float:
        """Sum over t of dhs_t · h_t, and dstate · the last state."""
        xs = self.xs if at.xs is None else at.xs
        run = forward(at.net, xs, at.state, lengths=self.lengths)
        ours, theirs = (r.leaves().values() for r in (self.dstate, run.state))
        return float(np.vdot(self.dhs, run.hs) + sum(map(np.vdot, ours, theirs)))

    def run(self):
        """The forward pass."""
        return forward(self.net, self.xs, self.state, lengths=self.lengths)

    def gradients(self):
        """The backward pass."""
        return backward(self.net, self.dhs, self.run(), self.dstate)

    def torchs(self):
        """What torch says: outputs and gradients."""
        return twins.gradients(*self[:5], lengths=self.lengths)

    def ours(self) -> Variables:
        """What our backward pass says."""
        return variables(self.gradients())

    def numeric(self) -> Variables:
        """What central differences say; they run the forward pass only."""
        xs = None if self.xs.ndim == 2 else self.xs
        return differences(self.loss, Variables(self.net, xs, self.state))


def variables(gradients) -> Variables:
    """The first three of `Gradients`, all but the flow, to be compared."""
    return Variables(gradients.cell, gradients.xs, gradients.state)


def problem(name, *, symbols=False, ragged=False, steps=T, batch=B) -> Problem:
    """A network's problem; 9 steps from a clock at 3 move the slowest modules twice."""
    rng = np.random.default_rng(1)
    steps = 9 if "Clockwork" in name or name == "mixed" else steps
    # the many numbers of a composition take time
    hidden = 2 if name in COMPOSITIONS and name != "mixed" else H

    def noise(leaf):
        return rng.normal(0, 0.5, leaf.shape)

    net = NETWORKS[name](D, hidden, rng=rng).map(noise)
    state = forward(net, rng.standard_normal((3, batch, D))).state.map(noise)
    xs = rng.standard_normal((steps, batch, D))
    if symbols:
        xs = rng.integers(0, D, (steps, batch))
    dhs = rng.standard_normal((steps, batch, net.H))
    lengths = np.array([steps, 1, steps - 2]) if ragged else None
    return Problem(net, xs, dhs, state, state.map(noise), lengths)


@contextmanager
def unannotated():
    """Inside, shapes are not checked: forward passes take a tenth of the time."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


@cache
def numeric(name: str, **given: bool) -> Variables:
    """The central differences of a problem, made once for all suites."""
    with unannotated():
        return problem(name, **given).numeric()


def error(name: str, **given: bool) -> float:
    """The judge: how far the backward pass is from the central differences."""
    return relative_error(problem(name, **given).ours(), numeric(name, **given))


def near(ours, theirs, within: float) -> bool:
    """Whether no two numbers of two arrays are further apart."""
    return np.allclose(ours, theirs, rtol=0, atol=within)


def alone(p: Problem, column: int) -> Problem:
    """The problem of one sequence of a batch, at its own length."""
    steps = len(p.xs) if p.lengths is None else p.lengths[column]
    b = slice(column, column + 1)
    return p._replace(
        xs=p.xs[:steps, b],
        dhs=p.dhs[:steps, b],
        state=p.state.map(lambda leaf: leaf[b]),
        dstate=p.dstate.map(lambda leaf: leaf[b]),
        lengths=None,
    )


def ragged_error(name: str, **given: bool) -> float:
    """How far several lengths are from each alone, and what follows an end from 0."""
    p = problem(name, ragged=True, **given)
    run, worst = p.run(), 0.0
    for column, steps in enumerate(p.lengths):
        one = alone(p, column).run()
        hs = np.zeros_like(run.hs[:, column])
        hs[:steps] = one.hs[:, 0]
        ours = run.state.map(lambda leaf, c=column: leaf[c : c + 1])
        last = relative_error(ours, one.state)
        worst = max(worst, last, np.abs(run.hs[:, column] - hs).max())
    return worst


def readout_problem(loss: str) -> tuple[Network, Batch, Any, Any]:
    """A network with a read-out of V = 7, a batch with targets, a state, the loss."""
    rng = np.random.default_rng(2)
    p = problem("GRU")
    net = Network.init(p.net, 7, rng=rng).map(lambda w: rng.normal(0, 0.5, w.shape))
    symbols = rng.integers(0, 7, (T, B))
    targets = {
        "cross_entropy": symbols,
        "squared_error": rng.standard_normal((T, B, 7)),
        "at_the_end": symbols[-1],
    }
    return net, Batch(p.xs, targets[loss]), p.state, LOSSES[loss]


@cache
def readout_numeric(loss: str) -> Network:
    """The central differences of the loss that `objective` returns, made once."""
    net, *given, function = readout_problem(loss)
    with unannotated():
        return differences(lambda net: objective(net, *given, loss=function)[0], net)


def readout_error(loss: str) -> float:
    """The judge of `objective`: its gradient beside the central differences."""
    *given, function = readout_problem(loss)
    _, ours, _ = objective(*given, loss=function)
    return relative_error(ours, readout_numeric(loss))

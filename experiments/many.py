"""Many networks of one shape trained at once: each row of the batch is another network,
with weights of its own.

A step of one small network is over before numpy has looked up what to do; a step of
thirty takes hardly longer. The cells' own `gates` are pointwise, so they serve: only
the products with weights are another one for each row. A network among many has the
loss and the gradient that the package gives it alone (tested).
"""

from dataclasses import dataclass, replace

import numpy as np

from rnncourse import GRU, LSTM, RNN, Adam, Clockwork, Network, backward, forward
from rnncourse.arrays import Array, Record
from rnncourse.cells.clockwork import modules


class Many:
    """Mixed in before a cell: W_h (S, H, G) has one part for each of S networks, W_x (S
    (1 + D), G) one under the other.

    The biases are the first row of each part of W_x, for an input that is always 1;
    `side_by_side` has it. b itself is 0.
    """

    def __post_init__(self):
        """The shapes are not those of one cell."""

    @property
    def H(self):
        """Hidden size."""
        return self.W_h.shape[1]

    def recurrent(self, state):
        """h_s W_h,s for each network s."""
        return (state.h[:, None] @ self.W_h)[:, 0]

    def recurrent_backward(self, da_h):
        """Its derivative."""
        return (da_h[:, None] @ self.W_h.transpose(0, 2, 1))[:, 0]

    def gradients(self, run, da_xs, da_hs):
        """The sum over time, for each network alone."""
        D = run.xs.shape[-1]
        return replace(
            self,
            W_x=run.xs.reshape(-1, D).T @ da_xs.reshape(-1, da_xs.shape[-1]),
            W_h=self.over_time(run.hs_prev, da_hs),
            b=np.zeros_like(self.b),
        )

    def over_time(self, hs_prev, da_hs):
        """The sum over t of h_{t-1}^T da_t, (S, H, G)."""
        return hs_prev.transpose(1, 2, 0) @ da_hs.transpose(1, 0, 2)


@dataclass(frozen=True, eq=False)
class ManyRNN(Many, RNN):
    """Vanilla networks."""


@dataclass(frozen=True, eq=False)
class ManyLSTM(Many, LSTM):
    """LSTMs."""


@dataclass(frozen=True, eq=False)
class ManyGRU(Many, GRU):
    """GRUs; b_n has the shape (S, H)."""

    def gradients(self, run, da_xs, da_hs):
        """With the candidate's own bias."""
        return replace(
            super().gradients(run, da_xs, da_hs),
            b_n=da_hs[..., 2 * self.H :].sum(axis=0),
        )


@dataclass(frozen=True, eq=False)
class ManyClockwork(Many, Clockwork):
    """Clockworks of the same periods; W_h is zero where nothing is read."""

    def recurrent(self, state):
        """Only for the units that move."""
        return (state.h[:, None] @ self.W_h[:, :, : self.moving(state.t)])[:, 0]

    def recurrent_backward(self, da_h):
        """Its derivative."""
        return (da_h[:, None] @ self.W_h[:, :, : da_h.shape[1]].transpose(0, 2, 1))[
            :, 0
        ]

    def over_time(self, hs_prev, da_hs):
        """Only the blocks that are read."""
        dW_h = super().over_time(hs_prev, da_hs)
        for reads, module in modules(self.H, len(self.periods)):
            dW_h[:, : reads.start, module] = 0
        return dW_h


KINDS = {RNN: ManyRNN, LSTM: ManyLSTM, GRU: ManyGRU, Clockwork: ManyClockwork}


@dataclass(frozen=True, eq=False)
class Networks(Record):
    """S networks with a read-out of one number each: y_t,s = h_t,s W_y,s + b_y,s, with
    W_y (S, H) and b_y (S,).
    """

    cell: Many
    W_y: Array
    b_y: Array


def together(nets):
    """Networks of one shape, with V = 1, as one record. Their inputs must stand
    `side_by_side`.
    """
    first = nets[0].cell
    parts = {
        name: np.stack([net.cell.leaves()[name] for net in nets])
        for name in first.leaves()
    }
    parts["W_x"] = np.concatenate(
        [part for net in nets for part in (net.cell.b[None], net.cell.W_x)]
    )
    parts["b"] = np.zeros_like(first.b)
    cell = KINDS[type(first)](
        **parts, **({"periods": first.periods} if isinstance(first, Clockwork) else {})
    )
    return Networks(
        cell,
        np.stack([net.W_y[:, 0] for net in nets]),
        np.concatenate([net.b_y for net in nets]),
    )


def alone(nets, s):
    """Network s of the S, as the package's `Network`."""
    kind = next(kind for kind, many in KINDS.items() if isinstance(nets.cell, many))
    b, W_x = np.split(
        nets.cell.W_x.reshape(len(nets.b_y), -1, len(nets.cell.b))[s], [1]
    )
    parts = {
        name: leaf[s] for name, leaf in nets.cell.leaves().items() if name != "b"
    } | {"W_x": W_x, "b": b[0]}
    cell = kind(
        **parts, **({"periods": nets.cell.periods} if kind is Clockwork else {})
    )
    return Network(cell, nets.W_y[s][:, None], nets.b_y[s : s + 1])


def side_by_side(xs):
    """Inputs (T, S, D), one sequence for each network, as (T, S, S (1 + D)): 1 and x in
    columns of its own, else zeros.
    """
    T, S, D = xs.shape
    wide = np.zeros((T, S, S, 1 + D), xs.dtype)
    wide[:, np.arange(S), np.arange(S), 0] = 1
    wide[:, np.arange(S), np.arange(S), 1:] = xs
    return wide.reshape(T, S, S * (1 + D))


def outputs(nets, xs):
    """What each network writes, (T, S), and the run."""
    run = forward(nets.cell, xs)
    return np.einsum("tsh,sh->ts", run.hs, nets.W_y) + nets.b_y, run


def losses(nets, xs, targets, weights):
    """Each network's sum over time of weights (y - target)², (S,), and the gradient of
    them all; all arrays (T, S).
    """
    ys, run = outputs(nets, xs)
    dys = 2 * weights * (ys - targets)
    cell = backward(nets.cell, dys[..., None] * nets.W_y, run).cell
    return (weights * (ys - targets) ** 2).sum(axis=0), Networks(
        cell, np.einsum("tsh,ts->sh", run.hs, dys), dys.sum(axis=0)
    )


def learn(
    nets,
    xs,
    targets,
    weights,
    rates,
    *,
    updates,
    every,
    limit=1.0,
    look=lambda nets: None,
):
    """Adam for S networks, each with its own rate (S,), which falls to 0 in a straight
    line, its gradient clipped by its norm.

    Gives the networks after the last update, and for every `every`-th update, the first
    included, the losses before it and what `look` says.
    """
    adam, seen = Adam(1.0), []
    memory = adam.start(nets)
    for k in range(updates + 1):
        loss, gradient = losses(nets, xs, targets, weights)
        if k % every == 0:
            seen.append((loss, look(nets)))
        if k < updates:
            own = [g for name, g in gradient.leaves().items() if name != "cell.b"]
            length = np.sqrt(
                sum((g.reshape(len(rates), -1) ** 2).sum(axis=1) for g in own)
            )
            gradient = scaled(gradient, limit / np.maximum(length, limit))
            stepped, memory = adam.step(nets, gradient, memory)
            change = stepped.map(np.subtract, nets)
            nets = nets.map(np.add, scaled(change, rates * (1 - k / updates)))
    return nets, seen


def scaled(nets, by):
    """Each network's numbers times its own of S factors. A leaf has 1 row, or 1 + D,
    for each network; cell.b is always 0.
    """

    def times(leaf):
        each = np.repeat(by, -(-len(leaf) // len(by)))[: len(leaf)]
        return leaf * each.reshape(-1, *[1] * (leaf.ndim - 1))

    return nets.map(times)

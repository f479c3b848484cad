"""Many networks of one shape trained at once, each on a batch of its own, with a loss at
the last step.

A step of one small network is over before numpy has looked up what to do. Here S networks
of B sequences each are one state of S·B rows. The package's `gates` are pointwise, so
they serve; only the products with weights are another one for each network. A network
abreast of others has the gradient that the package gives it alone (tested).
(`experiments.many` is for one sequence each and a loss at every step.)
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncourse import Network
from rnncourse.arrays import Array, Record


class Pointwise:
    """A cell of which only `gates` and `gates_backward` are used."""

    def __init__(self, cell):
        self.cell = cell.map(np.zeros_like)


@dataclass(frozen=True, eq=False)
class Nets(Record):
    """S networks; each array has one part for each of them."""

    W_x: Array  # (S, D, G)
    W_h: Array  # (S, H, G)
    b: Array  # (S, 1, G)
    b_n: Array  # (S, 1, H) of a GRU, else (S, 1, 0)
    W_y: Array  # (S, H, V)
    b_y: Array  # (S, 1, V)
    gates: Any

    def __len__(self):
        """S."""
        return len(self.W_h)


def together(nets):
    """Networks of one shape as one record."""
    cells = [net.cell for net in nets]
    b_n = [getattr(cell, "b_n", np.zeros(0, cell.b.dtype)) for cell in cells]
    return Nets(
        np.stack([cell.W_x for cell in cells]),
        np.stack([cell.W_h for cell in cells]),
        np.stack([cell.b[None] for cell in cells]),
        np.stack([each[None] for each in b_n]),
        np.stack([net.W_y for net in nets]),
        np.stack([net.b_y[None] for net in nets]),
        Pointwise(cells[0]),
    )


def alone(nets, s):
    """Network s of the S, as the package's `Network`."""
    leaves = {"W_x": nets.W_x[s], "W_h": nets.W_h[s], "b": nets.b[s, 0]}
    if nets.b_n.size:
        leaves["b_n"] = nets.b_n[s, 0]
    cell = replace(nets.gates.cell, **leaves)
    return Network(cell, nets.W_y[s], nets.b_y[s, 0])


class Pass:
    """A forward pass over xs (S, T, B, D), and the backward pass that follows it."""

    def __init__(self, nets, xs):
        self.nets, self.xs = nets, xs
        S, T, B, D = xs.shape
        H, G = nets.W_h.shape[1:]
        cell = nets.gates.cell
        a_xs = (xs.reshape(S, T * B, D) @ nets.W_x + nets.b).reshape(S, T, B, G)
        a_xs = a_xs.transpose(1, 0, 2, 3).reshape(T, S * B, G)
        state, self.tapes = cell.zero_state(S * B), []
        self.hs_prev = np.empty((S, T, B, H), nets.W_h.dtype)
        for t in range(T):
            self.hs_prev[:, t] = h = state.h.reshape(S, B, H)
            N = cell.moving(state.t) if hasattr(cell, "moving") else G
            a_h = h @ nets.W_h[:, :, :N]
            a_h[..., G - nets.b_n.shape[2] :] += nets.b_n
            state, tape = cell.gates(state, a_xs[t], a_h.reshape(S * B, N))
            self.tapes.append(tape)
        self.state = state
        self.h = state.h.reshape(S, B, H)
        self.ys = self.h @ nets.W_y + nets.b_y  # after the last step: (S, B, V)

    def gradient(self, dys, omega=None):
        """That of a loss with dL/dys = dys, (S, B, V); plus `omega` (S,) times Ω / T of
        each, as `rnncourse.jacobians.norm_kept` has it.
        """
        nets, cell = self.nets, self.nets.gates.cell
        S, T, B, H = self.hs_prev.shape
        G = nets.W_h.shape[2]
        dh = (dys @ nets.W_y.transpose(0, 2, 1)).reshape(S * B, H)
        dstate = replace(self.state.map(np.zeros_like), h=dh)
        da_xs = np.zeros((S, T, B, G), dh.dtype)
        da_hs = np.zeros_like(da_xs)
        wholes, backs = [], []
        back = nets.W_h.transpose(0, 2, 1)
        for t in reversed(range(T)):
            wholes.append(dstate.h)
            dstate, da_x, da_h = cell.gates_backward(dstate, self.tapes[t])
            N = da_h.shape[1]
            da_xs[:, t, :, :N] = da_x.reshape(S, B, N)
            da_hs[:, t, :, :N] = da_h = da_h.reshape(S, B, N)
            through = (da_h @ back[:, :N]).reshape(S * B, H)
            backs.append(through)
            dstate = replace(dstate, h=dstate.h + through)
        before = self.hs_prev.reshape(S, T * B, H).transpose(0, 2, 1)
        flat_x, flat_h = (da.reshape(S, T * B, G) for da in (da_xs, da_hs))
        dW_h = before @ flat_h
        if hasattr(cell, "moving"):
            dW_h *= nets.W_h != 0
        if omega is not None and omega.any():
            dW_h += omega[:, None, None] / T * kept(wholes, backs, flat_h, S, B)
        n = nets.b_n.shape[2]
        return replace(
            nets,
            W_x=self.xs.reshape(S, T * B, -1).transpose(0, 2, 1) @ flat_x,
            W_h=dW_h,
            b=flat_x.sum(axis=1, keepdims=True),
            b_n=flat_h[:, :, G - n :].sum(axis=1, keepdims=True),
            W_y=self.h.transpose(0, 2, 1) @ dys,
            b_y=dys.sum(axis=1, keepdims=True),
        )


def kept(wholes, backs, da, S, B):
    """The immediate derivative of Ω by each W_h."""

    def in_time(rows):
        return np.stack(rows[::-1]).reshape(len(rows), S, B, -1).swapaxes(0, 1)

    dh, e = (in_time(rows).astype(np.float64) for rows in (wholes, backs))
    d, n = (np.linalg.norm(rows, axis=3, keepdims=True) for rows in (dh, e))
    alive = (d > 0) & (n > 0)
    d, n = np.where(alive, d, 1), np.where(alive, n, 1)
    count = np.maximum(alive.sum(axis=2, keepdims=True), 1)
    unit = e * alive * 2 * (n / d - 1) / (n * d * count)
    grown = unit.reshape(S, -1, dh.shape[3]).transpose(0, 2, 1)
    return (grown @ da).astype(da.dtype)


def lengths(gradient):
    """The norm of each network's gradient, (S,)."""
    squares = [
        np.square(leaf.astype(np.float64)).sum(axis=(1, 2))
        for leaf in gradient.leaves().values()
    ]
    return np.sqrt(sum(squares))


def scaled(nets, by):
    """Each network's numbers times its own of S factors."""
    return nets.map(lambda leaf: (leaf * by[:, None, None]).astype(leaf.dtype))


def chosen(nets, keep):
    """Some of the networks, of their gradients, or of an optimiser's memory."""
    if isinstance(nets, tuple):
        return tuple(chosen(part, keep) for part in nets)
    return nets.map(lambda leaf: leaf[keep]) if isinstance(nets, Nets) else nets


def drawing(task, rngs):
    """`draw` for `learn`: a batch for each network from its own random numbers."""

    def draw(numbers):
        batches = [task(rng=rngs[s]) for s in numbers]
        xs = np.stack([batch.xs for batch in batches])
        return xs, np.stack([batch.targets for batch in batches])

    return draw


def learn(
    nets, draw, loss, optimiser, rates, *, updates, limit=None, omega=None, look, every
):
    """Up to `updates` for each network at its own rate; `optimiser` has the rate 1.

    `draw(numbers)` gives xs and targets for these networks; `loss(ys, targets)` the loss
    of each and its derivative by ys; `look(numbers, nets, updates)` is asked
    after every `every` updates, with those that still learn, and says which are done.
    Gives the norm of each network's gradient before clipping, a list for each; one that
    is not finite ends its training, and is its list's last.
    """
    at = np.arange(len(nets))
    memory, norms = optimiser.start(nets), [[] for _ in at]
    for k in range(1, updates + 1):
        xs, targets = draw(at)
        with np.errstate(all="ignore"):
            run = Pass(nets, xs)
            _, dys = loss(run.ys, targets)
            gradient = run.gradient(dys, None if omega is None else omega[at])
            length = lengths(gradient)
            if limit is not None:
                gradient = scaled(gradient, limit / np.maximum(length, limit))
            stepped, memory = optimiser.step(nets, gradient, memory)
            change = scaled(stepped.map(np.subtract, nets), rates[at])
            nets = nets.map(np.add, change)
        for s, own in zip(at, length, strict=True):
            norms[s].append(float(own))
        going = np.isfinite(length) & np.isfinite(lengths(nets))
        if k % every == 0 and going.any():
            done = look(at[going], chosen(nets, going), k)
            going[going] = ~np.asarray(done)
        if not going.all():
            at = at[going]
            nets, memory = chosen(nets, going), chosen(memory, going)
        if not len(at):
            break
    return nets, at, norms


def cross_entropy(ys, targets):
    """Mean over the batch of -ln p(target), (S,), and its derivative by ys (S, B, V)."""
    p = np.exp(ys - ys.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    hot = np.eye(ys.shape[2], dtype=ys.dtype)[targets]
    return -np.log((p * hot).sum(axis=2)).mean(axis=1), (p - hot) / ys.shape[1]


def squared_error(ys, targets):
    """Mean over the batch of (y - target)², (S,), and its derivative by ys (S, B, 1)."""
    return np.square(ys - targets).mean(axis=(1, 2)), 2 * (ys - targets) / ys.shape[1]

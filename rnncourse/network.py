"""A recurrent layer with a linear read-out: the network of every experiment."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from rnncourse.arrays import (
    Array,
    Batch,
    Float,
    Record,
    require_one_dtype,
    require_shape,
)
from rnncourse.composition import Bidirectional, Stack, require_networks
from rnncourse.functions import cross_entropy, glorot
from rnncourse.recurrence import Cell, backward, forward, rows

Loss = Callable[[Array, Array], tuple[float, Array]]


@dataclass(frozen=True, eq=False)
class Network(Record):
    """y_t = h_t W_y + b_y, where h_t comes from a cell, a stack or a bidirectional."""

    cell: Cell | Stack | Bidirectional
    W_y: Float[Array, "H V"]
    b_y: Float[Array, " V"]

    def __post_init__(self) -> None:
        require_networks("Network", self.cell)
        require_shape("W_y", self.W_y, (self.cell.H, "V"), "Network")
        require_shape("b_y", self.b_y, (self.W_y.shape[1],), "Network")
        require_one_dtype(self)

    @classmethod
    def init(cls, cell: Any, V: int, *, rng: np.random.Generator) -> Self:
        """Glorot weights for the read-out, b_y = 0, in the cell's dtype."""
        dtype = next(iter(cell.leaves().values())).dtype
        return cls(cell, glorot(cell.H, V, rng=rng).astype(dtype), np.zeros(V, dtype))

    def outputs(self, hs: Float[Array, "*shape H"]) -> Float[Array, "*shape V"]:
        """y = h W_y + b_y for any number of states at once."""
        return hs @ self.W_y + self.b_y


def objective(
    net: Network, batch: Batch, state: Any = None, *, loss: Loss = cross_entropy
) -> tuple[float, Network, Any]:
    """The loss of a network on a batch, its gradient (a Network), and the state after
    the batch.

    `loss(ys, targets)` returns a number and its gradient by ys. Where the targets of
    the loss have no time axis, as in many to one, wrap it in `at_the_end`.
    """
    run = forward(net.cell, batch.xs, state)
    value, dys = loss(net.outputs(run.hs), batch.targets)
    dhs = dys @ net.W_y.T
    gradient = Network(
        backward(net.cell, dhs, run).cell,
        rows(run.hs).T @ rows(dys),
        rows(dys).sum(axis=0),
    )
    return value, gradient, run.state


def at_the_end(loss: Loss) -> Loss:
    """The same loss of the last output only: targets (B,) or (B, V), and zero gradient
    at every earlier step.
    """
    return partial(_at_the_end, loss)


def _at_the_end(
    loss: Loss, ys: Float[Array, "T B V"], targets: Array
) -> tuple[float, Float[Array, "T B V"]]:
    value, dy = loss(ys[-1], targets)
    dys = np.zeros_like(ys)
    dys[-1] = dy
    return value, dys

"""A recurrent layer with a linear read-out: the network of every experiment."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from rnncourse.arrays import Array, Batch, Bool, Float, Record, rows, sum_of_rows, there
from rnncourse.checks import (
    require_one_dtype,
    require_plain,
    require_shape,
    require_sizes,
    shown,
)
from rnncourse.composition import reads_ahead
from rnncourse.functions import cross_entropy, glorot
from rnncourse.recurrence import Run, backward, forward, require_recurrent

Loss = Callable[..., tuple[float, Array]]


@dataclass(frozen=True, eq=False)
class Network(Record):
    """y_t = h_t W_y + b_y, where h_t comes from a cell, a stack or a bidirectional."""

    cell: Any
    W_y: Float[Array, "H V"]
    b_y: Float[Array, " V"]

    def __post_init__(self) -> None:
        require_recurrent("Network", self.cell)
        require_shape("W_y", self.W_y, (self.cell.H, "V"), "Network")
        require_shape("b_y", self.b_y, (self.W_y.shape[1],), "Network")
        require_one_dtype(self)

    @classmethod
    def init(cls, cell: Any, V: int, *, rng: np.random.Generator) -> Self:
        """Glorot weights for the read-out, b_y = 0, in the cell's dtype."""
        require_recurrent("Network.init", cell)
        require_sizes("Network.init", V=V)
        dtype = next(iter(cell.leaves().values())).dtype
        return cls(cell, glorot(cell.H, V, rng=rng).astype(dtype), np.zeros(V, dtype))

    def outputs(self, hs: Float[Array, "*shape H"]) -> Float[Array, "*shape V"]:
        """y = h W_y + b_y for any number of states at once."""
        _require_last("hs", hs, self.W_y.shape[0])
        return hs @ self.W_y + self.b_y

    def gradient(
        self, dys: Float[Array, "T B V"], run: Run, dstate: Any = None
    ) -> Self:
        """dL/d every parameter, from dL/dy_t and the run of the cell.

        dW_y = sum over t of h_t^T dy_t,  db_y = sum over t of dy_t,  dh_t = dy_t W_y^T
        """
        _require_last("dys", dys, self.W_y.shape[1])
        return type(self)(
            backward(self.cell, dys @ self.W_y.T, run, dstate).cell,
            rows(run.hs).T @ rows(dys),
            sum_of_rows(dys),
        )


def objective(
    net: Network, batch: Batch, state: Any = None, *, loss: Loss = cross_entropy
) -> tuple[float, Network, Any]:
    """The loss of a network on a batch, its gradient (a Network), and the state after the
    batch.

    `loss(ys, targets)` returns a number and its gradient by ys; where the batch has
    lengths it gets the mask of what is there as its third argument. Where the targets
    have no time axis, as in many to one, wrap the loss in `at_the_end`.

    Raises ValueError where a network that reads ahead is asked for the next symbol, which
    it has seen, or for a carried state, which it can not use.
    """
    if not isinstance(net, Network):
        raise TypeError(f"net is {shown(net)}; objective expects a Network")
    if not isinstance(batch, Batch):
        raise TypeError(f"batch is a {type(batch).__name__}; objective expects a Batch")
    if reads_ahead(net.cell):
        _refuse_to_look_ahead(batch, state)
    run = forward(net.cell, batch.xs, state, lengths=batch.lengths)
    mask = () if run.lengths is None else (there(run.lengths, len(run.hs)),)
    value, dys = loss(net.outputs(run.hs), batch.targets, *mask)
    return value, net.gradient(dys, run), run.state


def _refuse_to_look_ahead(batch: Batch, state: Any) -> None:
    if state is not None or not batch.fresh:
        raise ValueError(
            "a bidirectional network has read each window from its end; its state can not"
            " go on to the next window: give it whole sequences, in fresh batches"
        )
    xs, targets = require_plain("xs", batch.xs), require_plain("targets", batch.targets)
    integers = xs.dtype.kind in "iu" and targets.dtype.kind in "iu"
    if integers and len(xs) > 1 and np.array_equal(xs[1:], targets[:-1]):
        raise ValueError(
            "the targets are the next inputs, which a bidirectional network has seen: its"
            " loss would say nothing; a language model expects a cell or a stack of cells"
        )


def _require_last(name: str, array: object, size: int) -> None:
    given = require_plain(name, array)
    if given.dtype.kind != "f" or given.ndim == 0 or given.shape[-1] != size:
        raise ValueError(
            f"{name} has dtype {given.dtype} and shape {given.shape}; Network expects floats"
            f" of shape (..., {size})"
        )


def at_the_end(loss: Loss) -> Loss:
    """The same loss of the last output only: targets (B,) or (B, V), and zero gradient at
    every earlier step. With a mask it is each sequence's own last step.
    """
    return partial(_at_the_end, loss)


def _at_the_end(
    loss: Loss,
    ys: Float[Array, "T B V"],
    targets: Array,
    mask: Bool[Array, "T B"] | None = None,
) -> tuple[float, Float[Array, "T B V"]]:
    require_shape("ys", ys, ("T", "B", "V"), "at_the_end")
    last = -1 if mask is None else mask.sum(axis=0) - 1
    ends = last, np.arange(ys.shape[1])
    value, dy = loss(ys[ends], targets)
    dys = np.zeros_like(ys)
    dys[ends] = dy
    return value, dys

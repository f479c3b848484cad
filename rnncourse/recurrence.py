"""Unrolling a cell over time, and backpropagation through it: once, for every cell.

A cell is a linear map of x and of h, then something pointwise, its gates. The linear
map, the loop over time and the sum over time are here. A file under `cells/` holds the
gates and their derivative.
"""

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any, NamedTuple, Self

import numpy as np

from rnncourse.arrays import (
    Array,
    Float,
    Int,
    Record,
    floats,
    reals,
    require_one_dtype,
    require_shape,
)


@dataclass(frozen=True, eq=False)
class State(Record):
    """What a cell hands from one step to the next; `h` is also its output."""

    h: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class Cell(Record):
    """A recurrent cell: the parameters are the cell, and a gradient is another cell of
    the same class.

    A subclass defines `gates` and `gates_backward`, `init`, and how many gate columns G
    it has for H units. The other methods are the linear map and its derivative; a cell
    whose map is sparse or comes in two parts, or that has more parameters, extends
    them.
    """

    W_x: Float[Array, "D G"]
    W_h: Float[Array, "H G"]
    b: Float[Array, " G"]

    columns = 1  # G / H

    def __post_init__(self) -> None:
        name = type(self).__name__
        require_shape("W_h", self.W_h, ("H", "G"), name)
        H = self.W_h.shape[0]
        G = self.columns * H
        require_shape("W_h", self.W_h, (H, G), name)
        require_shape("W_x", self.W_x, ("D", G), name)
        require_shape("b", self.b, (G,), name)
        require_one_dtype(self)

    @property
    def D(self) -> int:
        """Input size."""
        return self.W_x.shape[0]

    @property
    def H(self) -> int:
        """Hidden size."""
        return self.W_h.shape[0]

    def zero_state(self, B: int) -> Any:
        """The state before the first step: zeros, for B sequences."""
        return State(np.zeros((B, self.H), self.W_h.dtype))

    # One step

    def step(self, state: Any, x: Float[Array, "B D"]) -> tuple[Any, Any]:
        """One step for B sequences: the new state, and the tape that `gates_backward`
        reads.
        """
        require_shape("x", x, ("B", self.D), f"{type(self).__name__}.step")
        x = floats("x", x, self.W_x.dtype)
        state = check_state(self, state, len(x))
        return self.gates(state, x @ self.W_x + self.b, self.recurrent(state))

    def gates(
        self, state: Any, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[Any, Any]:
        """The pointwise part of a step, from a_x = x W_x + b and a_h = h W_h: the new
        state and a tape.
        """
        raise NotImplementedError

    def gates_backward(
        self, dstate: Any, tape: Any
    ) -> tuple[Any, Float[Array, "B G"], Float[Array, "B G"]]:
        """Its derivative: the part of dL/dstate_prev that does not pass through h W_h,
        then dL/da_x and dL/da_h.
        """
        raise NotImplementedError

    # The linear map over the state, and the gradients of all parameters

    def recurrent(self, state: Any) -> Float[Array, "B G"]:
        """a_h = h W_h."""
        return state.h @ self.W_h

    def recurrent_backward(self, da_h: Float[Array, "B G"]) -> Float[Array, "B H"]:
        """dL/dh = da_h W_h^T."""
        return da_h @ self.W_h.T

    def recurrent_gradient(
        self, run: "Run", da_hs: Float[Array, "T B G"]
    ) -> Float[Array, "H G"]:
        """dL/dW_h = the sum over t of h_{t-1}^T da_t, as one product over the T·B
        stacked rows.
        """
        return rows(run.hs_prev).T @ rows(da_hs)

    def gradients(
        self, run: "Run", da_xs: Float[Array, "T B G"], da_hs: Float[Array, "T B G"]
    ) -> Self:
        """The gradient of every parameter: each weight is shared over time, so each
        gradient is a sum over time.
        """
        return replace(
            self,
            W_x=input_gradient(run.xs, da_xs, self.D),
            W_h=self.recurrent_gradient(run, da_hs),
            b=rows(da_xs).sum(axis=0),
        )


class Run(NamedTuple):
    """What a forward pass leaves behind: all that a backward pass, a figure or the next
    window needs.
    """

    xs: Float[Array, "T B D"] | Int[Array, "T B"]
    hs: Float[Array, "T B H"]  # h_t
    hs_prev: Float[Array, "T B H"]  # h_{t-1}
    state: Any  # after the last step
    tapes: list


class Gradients(NamedTuple):
    """What a backward pass gives: dL/d each parameter, dL/dx_t, dL/d the first state,
    and the norms on the way.
    """

    cell: Any  # one number for each parameter, in an object of the cell's class
    xs: (
        Float[Array, "T B D"] | None
    )  # None where the inputs are symbols: they have no derivative
    state: Any
    # norm over batch and units of dL/dh_t; under "c" dL/dc_t, paths through h_t aside
    flow: dict[str, Float[Array, " T"]]


@singledispatch
def forward(
    cell: Cell, xs: Float[Array, "T B D"] | Int[Array, "T B"], state: Any = None
) -> Run:
    """Run a cell over T steps of B sequences, from `state` or from zeros.

    The inputs are vectors, (T, B, D), or symbols, integers of shape (T, B), which mean
    their one-hot vectors: the product with W_x then is a row of W_x. The input part of
    every step is one product, since it does not depend on h. Works for a cell, a
    `stack` and a `bidirectional`. Raises TypeError or ValueError for inputs or a state
    that do not fit, for no steps, and for NaN or infinity.
    """
    raise TypeError(
        f"forward got a {type(cell).__name__}; it expects a cell, a stack or a"
        " bidirectional"
    )


@singledispatch
def backward(
    cell: Cell, dhs: Float[Array, "T B H"], run: Run, dstate: Any = None
) -> Gradients:
    """Backpropagation through time: the gradients of any loss whose derivative by h_t
    at step t alone is dhs[t].

    dL/dh_t = dhs[t] + what comes back from t+1. `dstate` is the loss's gradient by the
    last state, from whatever reads it later; zeros where it is None. Raises ValueError
    where dhs has another shape than run.hs, and what `forward` raises for a state where
    dstate is none of this cell. (Werbos 1990)
    """
    raise TypeError(
        f"backward got a {type(cell).__name__}; it expects a cell, a stack or a"
        " bidirectional"
    )


@forward.register(Cell)
def _forward(cell, xs, state=None):
    xs = check_inputs(cell, xs)
    T, B = xs.shape[:2]
    state = cell.zero_state(B) if state is None else check_state(cell, state, B)
    a_xs = cell.W_x[xs] if xs.ndim == 2 else times(xs, cell.W_x)  # (T, B, G)
    a_xs += cell.b
    hs = np.empty((T + 1, B, cell.H), cell.W_h.dtype)
    hs[0] = state.h
    tapes = []
    for t in range(T):
        state, tape = cell.gates(state, a_xs[t], cell.recurrent(state))
        hs[t + 1] = state.h
        tapes.append(tape)
    return Run(xs, hs[1:], hs[:-1], state, tapes)


@backward.register(Cell)
def _backward(cell, dhs, run, dstate=None):
    require_shape("dhs", dhs, run.hs.shape, "backward")
    dhs = reals("dhs", dhs, run.hs.dtype)
    dstate = (
        run.state.map(np.zeros_like)
        if dstate is None
        else check_state(cell, dstate, dhs.shape[1], "dstate")
    )
    squares = {name: np.empty(len(dhs), dhs.dtype) for name in dstate.leaves()}
    da_xs = da_hs = np.zeros(run.hs.shape[:2] + cell.b.shape, cell.b.dtype)  # (T, B, G)
    through = 0  # what comes back from t + 1 through h W_h
    for t in reversed(range(len(dhs))):
        dstate = replace(
            dstate, h=dhs[t] + (dstate.h + through)
        )  # from the loss at t, and from t + 1
        for name, square in squares.items():
            part = getattr(dstate, name)
            square[t] = np.vdot(part, part)
        dstate, da_x, da_h = cell.gates_backward(dstate, run.tapes[t])
        through = cell.recurrent_backward(da_h)
        da_xs[t, :, : da_x.shape[1]] = da_x
        if da_h is not da_x:
            da_hs = np.zeros_like(da_xs) if da_hs is da_xs else da_hs
            da_hs[t, :, : da_h.shape[1]] = da_h
    dstate = replace(dstate, h=dstate.h + through)
    flow = {name: np.sqrt(square) for name, square in squares.items()}
    dxs = None if run.xs.ndim == 2 else times(da_xs, cell.W_x.T)
    return Gradients(cell.gradients(run, da_xs, da_hs), dxs, dstate, flow)


def rows(array: Float[Array, "T B N"]) -> Float[Array, "TB N"]:
    """The T·B rows of a sequence, one under the other."""
    return array.reshape(-1, array.shape[-1])


def times(
    array: Float[Array, "T B M"], W: Float[Array, "M N"]
) -> Float[Array, "T B N"]:
    """Each row times W, as one product of all T·B rows."""
    return (rows(array) @ W).reshape(*array.shape[:-1], W.shape[1])


def input_gradient(
    xs: Float[Array, "T B D"] | Int[Array, "T B"], da_xs: Float[Array, "T B G"], D: int
) -> Float[Array, "D G"]:
    """dL/dW_x = the sum over t of x_t^T da_t; for symbols, the sum of the rows of da
    that stand at each symbol.
    """
    if xs.ndim == 3:
        return rows(xs).T @ rows(da_xs)
    dW_x = np.zeros((D, da_xs.shape[-1]), da_xs.dtype)
    order = np.argsort(xs, axis=None, kind="stable")
    symbols, starts = np.unique(xs.ravel()[order], return_index=True)
    dW_x[symbols] = np.add.reduceat(rows(da_xs)[order], starts, axis=0)
    return dW_x


def check_inputs(cell: Cell, xs: Any) -> Array:
    """The inputs as `forward` wants them, or an error that says what was expected and
    what came.
    """
    owner = f"{type(cell).__name__} with D = {cell.D}"
    if isinstance(xs, np.ndarray) and xs.dtype.kind in "iu":
        require_shape("xs of symbols", xs, ("T", "B"), owner)
        if xs.min() < 0 or xs.max() >= cell.D:
            wrong = xs.min() if xs.min() < 0 else xs.max()
            raise ValueError(
                f"xs contain symbol {wrong}; {owner} expects 0 to {cell.D - 1}"
            )
        return xs
    require_shape("xs", xs, ("T", "B", cell.D), owner)
    return floats("xs", xs, cell.W_x.dtype)


def check_state(cell: Cell, state: Any, B: int, name: str = "state") -> Any:
    """The state in the cell's dtype, where it is of its kind with B rows; else an
    error: what was expected, what came.
    """
    expected = cell.zero_state(B)
    require_kind(name, state, type(expected), type(cell).__name__)
    for part, leaf in expected.leaves().items():
        require_shape(
            f"{name}.{part}", getattr(state, part), leaf.shape, type(cell).__name__
        )
    return state.map(lambda leaf: floats(name, leaf, cell.W_h.dtype))


def require_kind(name: str, value: object, kind: type, owner: str) -> None:
    """Raise TypeError unless a value is of this very class."""
    if type(value) is not kind:
        raise TypeError(
            f"{name} is a {type(value).__name__}; {owner} expects a {kind.__name__}"
        )

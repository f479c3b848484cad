"""Unrolling a cell over time, and backpropagation through it: once, for every cell.

A cell is a linear map of x and of h, then something pointwise, its gates. The linear
map, the loop over time and the sum over time are here. A file under `cells/` holds the
gates and their derivative.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np

from rnncourse.arrays import (
    Array,
    Float,
    Int,
    Record,
    chosen,
    freeze,
    frozen,
    input_gradient,
    length,
    rows,
    sum_of_rows,
    there,
    times,
)
from rnncourse.checks import (
    check_inputs,
    check_state,
    floats,
    reals,
    require_one_dtype,
    require_shape,
    require_sizes,
)


@dataclass(frozen=True, eq=False)
class State(Record):
    """What a cell hands from one step to the next; `h` is also its output."""

    h: Float[Array, "B H"]


class Recurrent(Record):
    """What `forward` and `backward` run: a cell, a stack, a bidirectional.

    Each has the sizes D of its inputs and H of its outputs, `zero_state(B)`, and the
    methods behind the two functions: `forward(xs, state, lengths)` gives a Run,
    `backward(dhs, run, dstate)` gives Gradients.
    """


class Run(NamedTuple):
    """What a forward pass leaves behind: all that a backward pass, a figure or the next
    window needs. Its arrays are its own, and read-only.
    """

    cell: Any  # whose run it is
    xs: Float[Array, "T B D"] | Int[Array, "T B"]
    hs: Float[Array, "T B H"]  # h_t; zeros where a sequence has ended
    hs_prev: Float[Array, "T B H"]  # h_{t-1}
    state: Any  # after the last step, of each sequence after its own
    tapes: list
    lengths: Int[Array, " B"] | None  # None: all have T steps


class Gradients(NamedTuple):
    """What a backward pass gives: dL/d each parameter, dL/dx_t, dL/d the first state,
    and the norms on the way.
    """

    cell: Any  # one number for each parameter, in an object of the cell's class
    xs: Float[Array, "T B D"] | None  # None for symbols: they have no derivative
    state: Any
    # norm over batch and units of dL/dh_t; under "c" dL/dc_t, paths through h_t aside
    flow: dict[str, Float[Array, " T"]]


def forward(
    cell: Any,
    xs: Float[Array, "T B D"] | Int[Array, "T B"],
    state: Any = None,
    *,
    lengths: Int[Array, " B"] | None = None,
) -> Run:
    """Run a cell, a `stack` or a `bidirectional` over T steps of B sequences.

    The inputs are vectors, (T, B, D), or symbols, integers of shape (T, B), which mean
    their one-hot vectors: the product with W_x then is a row of W_x. The first state is
    `state`, or zeros.

    Sequences of several lengths stand side by side, padded to T; `lengths` has the steps
    of each. What stands beyond a sequence's length is never read: its state stays, and
    its outputs are zeros. (One clock for all: that of a Clockwork stands at T.)

    Raises TypeError or ValueError for inputs, a state or lengths that do not fit, for no
    steps, and for NaN or infinity.
    """
    require_recurrent("forward", cell)
    return cell.forward(xs, state, lengths)


def backward(
    cell: Any, dhs: Float[Array, "T B H"], run: Run, dstate: Any = None
) -> Gradients:
    """Backpropagation through time: the gradients of any loss whose derivative by h_t at
    step t alone is dhs[t].

    dL/dh_t = dhs[t] + what comes back from t+1. `dstate` is the loss's gradient by the
    last state, from whatever reads it later; zeros where it is None. Raises ValueError
    where `run` is another cell's or dhs has another shape than run.hs, and what
    `forward` raises for a state where dstate is none of this cell. (Werbos 1990)
    """
    require_recurrent("backward", cell)
    if not isinstance(run, Run):
        raise TypeError(
            f"run is a {type(run).__name__}; backward expects what forward gave"
        )
    if run.cell is not cell:
        raise ValueError(
            f"run is that of another {type(run.cell).__name__}; backward expects the run of"
            f" this very {type(cell).__name__}"
        )
    require_shape("dhs", dhs, run.hs.shape, "backward")
    return cell.backward(reals("dhs", dhs, run.hs.dtype), run, dstate)


@dataclass(frozen=True, eq=False)
class Cell(Recurrent):
    """A recurrent cell: the parameters are the cell, and a gradient is another cell of
    the same class.

    A subclass defines `gates` and `gates_backward`, `init`, and how many gate columns G
    it has for H units. The other methods are the linear map and its derivative; a cell
    whose map is sparse or comes in two parts, or that has more parameters, extends them.
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
        require_sizes("zero_state", B=B)
        return State(np.zeros((B, self.H), self.W_h.dtype))

    # One step

    def step(self, state: Any, x: Float[Array, "B D"]) -> tuple[Any, Any]:
        """One step for B sequences: the new state, and the tape of `gates_backward`."""
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

        Where the two are equal at every step, as in all cells whose gates read a_x + a_h
        only, it gives one and the same array twice, and `backward` keeps it once.
        """
        raise NotImplementedError

    # All steps

    def forward(
        self, xs: Array, state: Any = None, lengths: Array | None = None
    ) -> Run:
        """The loop over time. The input part of every step is one product before it,
        since it does not depend on h.
        """
        xs, lengths = check_inputs(self, xs, lengths)
        T, B = xs.shape[:2]
        state = self.zero_state(B) if state is None else check_state(self, state, B)
        a_xs = self.W_x[xs] if xs.ndim == 2 else times(xs, self.W_x)  # (T, B, G)
        a_xs += self.b
        hs = np.empty((T + 1, B, self.H), self.W_h.dtype)
        hs[0] = state.h
        tapes = []
        for t in range(T):
            before = state
            state, tape = self.gates(state, a_xs[t], self.recurrent(state))
            if lengths is not None:
                state = chosen(t < lengths, state, before)
            hs[t + 1] = state.h
            tapes.append(tape)
        hs, hs_prev = frozen(hs)[1:], frozen(hs)[:-1]
        if lengths is not None:
            hs = frozen(np.where(there(lengths, T)[..., None], hs, 0))
        freeze(state.leaves().values())
        freeze(tapes)
        return Run(self, xs, hs, hs_prev, state, tapes, lengths)

    def backward(self, dhs: Array, run: Run, dstate: Any = None) -> Gradients:
        """The loop back in time, then each weight's gradient in one product."""
        T, B = dhs.shape[:2]
        if dstate is None:
            dstate = run.state.map(np.zeros_like)
        else:
            dstate = check_state(self, dstate, B, "dstate")
        alive = None if run.lengths is None else there(run.lengths, T)  # (T, B)
        if alive is not None:
            dhs = np.where(alive[..., None], dhs, 0)
        flow = {name: np.empty(T) for name in dstate.leaves()}
        da_xs = da_hs = np.zeros((T, B, len(self.b)), self.b.dtype)  # (T, B, G)
        through = 0  # what comes back from t + 1 through h W_h
        for t in reversed(range(T)):
            # from the loss at t, and from t + 1
            dstate = after = replace(dstate, h=dhs[t] + (dstate.h + through))
            if alive is not None:  # nothing comes back through a step not taken
                dstate = chosen(alive[t], after, after.map(np.zeros_like))
            for name, norms in flow.items():
                norms[t] = length(getattr(dstate, name))
            dstate, da_x, da_h = self.gates_backward(dstate, run.tapes[t])
            through = self.recurrent_backward(da_h)
            if alive is not None:
                dstate = chosen(alive[t], dstate, after)
            da_xs[t, :, : da_x.shape[1]] = da_x
            if da_h is not da_x:
                da_hs = np.zeros_like(da_xs) if da_hs is da_xs else da_hs
                da_hs[t, :, : da_h.shape[1]] = da_h
        dstate = replace(dstate, h=dstate.h + through)
        dxs = None if run.xs.ndim == 2 else times(da_xs, self.W_x.T)
        return Gradients(self.gradients(run, da_xs, da_hs), dxs, dstate, flow)

    # The linear map over the state, and the gradients of all parameters

    def recurrent(self, state: Any) -> Float[Array, "B G"]:
        """a_h = h W_h."""
        return state.h @ self.W_h

    def recurrent_backward(self, da_h: Float[Array, "B G"]) -> Float[Array, "B H"]:
        """dL/dh = da_h W_h^T."""
        return da_h @ self.W_h.T

    def recurrent_gradient(
        self, run: Run, da_hs: Float[Array, "T B G"]
    ) -> Float[Array, "H G"]:
        """dL/dW_h = the sum over t of h_{t-1}^T da_t, as one product over the T·B
        stacked rows.
        """
        return rows(run.hs_prev).T @ rows(da_hs)

    def gradients(
        self, run: Run, da_xs: Float[Array, "T B G"], da_hs: Float[Array, "T B G"]
    ) -> Self:
        """The gradient of every parameter: each weight is shared over time, so each
        gradient is a sum over time.
        """
        return replace(
            self,
            W_x=input_gradient(run.xs, da_xs, self.D),
            W_h=self.recurrent_gradient(run, da_hs),
            b=sum_of_rows(da_xs),
        )


def require_recurrent(owner: str, *networks: object) -> None:
    """Raise TypeError unless each is something that `forward` runs."""
    for network in networks:
        if not isinstance(network, Recurrent):
            raise TypeError(
                f"{owner} got a {type(network).__name__}; it expects a cell, a stack or a"
                " bidirectional"
            )

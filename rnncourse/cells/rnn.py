"""The vanilla recurrent network."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.functions import glorot, orthogonal, tanh, tanh_derivative
from rnncourse.recurrence import Cell, State


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    h: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class RNN(Cell):
    """h_t = tanh(x_t W_x + h_{t-1} W_h + b): the new state overwrites the old one
    (Elman 1990).

    Columns: G = H. Not the network of Jordan (1986), which feeds back its output
    instead of its hidden state.
    """

    @classmethod
    def init(
        cls, D: int, H: int, *, rng: np.random.Generator, dtype: type = np.float64
    ) -> Self:
        """Glorot weights for the input, an orthogonal W_h, b = 0."""
        return cls(
            W_x=glorot(D, H, rng=rng).astype(dtype),
            W_h=orthogonal(H, rng=rng).astype(dtype),
            b=np.zeros(H, dtype),
        )

    def gates(
        self, state: State, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[State, Tape]:
        h = tanh(a_x + a_h)
        return State(h), Tape(h)

    def gates_backward(
        self, dstate: State, tape: Tape
    ) -> tuple[State, Float[Array, "B G"], Float[Array, "B G"]]:
        (h,) = tape
        da = dstate.h * tanh_derivative(h)
        return State(np.zeros(h.shape, h.dtype)), da, da

"""Long short-term memory."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, columns
from rnncourse.checks import require_sizes
from rnncourse.functions import (
    glorot,
    orthogonal,
    sigmoid,
    sigmoid_derivative,
    tanh,
    tanh_derivative,
)
from rnncourse.recurrence import Cell, State


@dataclass(frozen=True, eq=False)
class LSTMState(State):
    """The output h, and the memory c that carries it."""

    c: Float[Array, "B H"]


class MemoryCell(Cell):
    """What an LSTM and its relatives share: they hand on h and c."""

    def zero_state(self, B):
        require_sizes("zero_state", B=B)
        zeros = np.zeros((B, self.H), self.W_h.dtype)
        return LSTMState(zeros, zeros.copy())


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    i: Float[Array, "B H"]
    f: Float[Array, "B H"]
    g: Float[Array, "B H"]
    o: Float[Array, "B H"]
    c_prev: Float[Array, "B H"]
    tanh_c: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class LSTM(MemoryCell):
    """c_t = f ⊙ c_{t-1} + i ⊙ g and h_t = o ⊙ tanh(c_t), with gates i, f, o = sigmoid
    and g = tanh of x W_x + h W_h + b.

    Columns: G = 4H, in the order i, f, g, o of torch (cs231n and char-rnn have i, f, o,
    g; Keras i, f, c, o). One bias. With a forget gate and without peepholes, as in
    Gers, Schmidhuber and Cummins (2000) and today's libraries; not the cell of
    Hochreiter and Schmidhuber (1997), which has no forget gate.
    """

    columns = 4

    @classmethod
    def init(
        cls,
        D: int,
        H: int,
        *,
        rng: np.random.Generator,
        forget_bias: float = 1.0,
        dtype: type = np.float64,
    ) -> Self:
        """For each gate Glorot weights for the input and an orthogonal block of W_h; b
        = 0 but for the forget gate.
        """
        require_sizes(cls.__name__, D=D, H=H)
        b = np.zeros((4, H), dtype)
        b[1] = forget_bias
        return cls(
            W_x=np.hstack([glorot(D, H, rng=rng) for _ in range(4)]).astype(dtype),
            W_h=np.hstack([orthogonal(H, rng=rng) for _ in range(4)]).astype(dtype),
            b=b.ravel(),
        )

    def gates(
        self, state: LSTMState, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[LSTMState, Tape]:
        a = np.add(
            columns(a_x, 4), columns(a_h, 4), order="C"
        )  # (4, B, H), each gate in one piece
        i, f = sigmoid(a[:2])
        g = tanh(a[2])
        o = sigmoid(a[3])
        c = f * state.c + i * g
        tanh_c = tanh(c)
        h = o * tanh_c
        return LSTMState(h, c), Tape(i, f, g, o, state.c, tanh_c)

    def gates_backward(
        self, dstate: LSTMState, tape: Tape
    ) -> tuple[LSTMState, Float[Array, "B G"], Float[Array, "B G"]]:
        i, f, g, o, c_prev, tanh_c = tape
        dc = dstate.c + dstate.h * o * tanh_derivative(tanh_c)
        da_i = dc * g * sigmoid_derivative(i)
        da_f = dc * c_prev * sigmoid_derivative(f)
        da_g = dc * i * tanh_derivative(g)
        da_o = dstate.h * tanh_c * sigmoid_derivative(o)
        da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        return LSTMState(np.zeros(dc.shape, dc.dtype), dc * f), da, da

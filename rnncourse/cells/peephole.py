"""The LSTM whose gates look at the memory."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, columns, sum_of_rows
from rnncourse.cells.lstm import LSTM, LSTMState, MemoryCell
from rnncourse.checks import require_shape
from rnncourse.functions import sigmoid, sigmoid_derivative, tanh, tanh_derivative


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    i: Float[Array, "B H"]
    f: Float[Array, "B H"]
    g: Float[Array, "B H"]
    o: Float[Array, "B H"]
    c_prev: Float[Array, "B H"]
    c: Float[Array, "B H"]
    tanh_c: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class PeepholeLSTM(MemoryCell):
    """An LSTM with i = sigmoid(a_i + p_i ⊙ c_{t-1}), f = sigmoid(a_f + p_f ⊙ c_{t-1})
    and o = sigmoid(a_o + p_o ⊙ c_t).

    Columns: G = 4H, in the order i, f, g, o. The peepholes `p` have the rows p_i, p_f,
    p_o; a unit's gates see the memory of this unit alone, so their matrices are
    diagonal and one number for each unit is enough. With p = 0 it is the LSTM. (Gers
    and Schmidhuber 2000; Greff et al. 2017, whose name for the LSTM with peepholes is
    "vanilla")
    """

    p: Float[Array, "3 H"]

    columns = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        require_shape("p", self.p, (3, self.H), "PeepholeLSTM")

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
        """The LSTM's first weights, and p = 0."""
        lstm = LSTM.init(D, H, rng=rng, forget_bias=forget_bias, dtype=dtype)
        return cls(lstm.W_x, lstm.W_h, lstm.b, np.zeros((3, H), dtype))

    def gates(
        self, state: LSTMState, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[LSTMState, Tape]:
        a_i, a_f, a_g, a_o = columns(a_x + a_h, 4)
        p_i, p_f, p_o = self.p
        i = sigmoid(a_i + p_i * state.c)
        f = sigmoid(a_f + p_f * state.c)
        g = tanh(a_g)
        c = f * state.c + i * g
        o = sigmoid(a_o + p_o * c)
        tanh_c = tanh(c)
        return LSTMState(o * tanh_c, c), Tape(i, f, g, o, state.c, c, tanh_c)

    def gates_backward(
        self, dstate: LSTMState, tape: Tape
    ) -> tuple[LSTMState, Float[Array, "B G"], Float[Array, "B G"]]:
        i, f, g, o, c_prev, _, tanh_c = tape
        p_i, p_f, p_o = self.p
        da_o = dstate.h * tanh_c * sigmoid_derivative(o)
        dc = dstate.c + dstate.h * o * tanh_derivative(tanh_c) + da_o * p_o
        da_i = dc * g * sigmoid_derivative(i)
        da_f = dc * c_prev * sigmoid_derivative(f)
        da_g = dc * i * tanh_derivative(g)
        dc_prev = dc * f + da_i * p_i + da_f * p_f
        da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        return LSTMState(np.zeros(dc.shape, dc.dtype), dc_prev), da, da

    def gradients(self, run, da_xs, da_hs):
        c_prevs, cs = (
            np.stack([getattr(tape, name) for tape in run.tapes])
            for name in ("c_prev", "c")
        )
        da_is, da_fs, _, da_os = np.split(da_xs, 4, axis=2)  # (T, B, H) each
        seen = (da_is * c_prevs, da_fs * c_prevs, da_os * cs)
        dp = np.stack([sum_of_rows(part) for part in seen])
        return replace(super().gradients(run, da_xs, da_hs), p=dp)

"""The LSTM that writes exactly as much as it forgets."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, columns
from rnncourse.cells.lstm import LSTM, LSTMState, MemoryCell
from rnncourse.functions import sigmoid, sigmoid_derivative, tanh, tanh_derivative


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    f: Float[Array, "B H"]
    g: Float[Array, "B H"]
    o: Float[Array, "B H"]
    c_prev: Float[Array, "B H"]
    tanh_c: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class CoupledLSTM(MemoryCell):
    """c_t = f ⊙ c_{t-1} + (1 - f) ⊙ g and h_t = o ⊙ tanh(c_t): the input gate is 1 - f.

    Columns: G = 3H, in the order f, g, o. c is a mean of its past and the candidate, so
    it stays between -1 and 1 once it is there. (Greff et al. 2017, who call it CIFG.)
    Not the GRU, which has no output gate and resets what it reads.
    """

    columns = 3

    @classmethod
    def init(cls, D: int, H: int, *, rng: np.random.Generator, **more: Any) -> Self:
        """The LSTM's first weights without the columns of the input gate, the first H."""
        lstm = LSTM.init(D, H, rng=rng, **more)
        return cls(*(leaf[..., H:].copy() for leaf in lstm.leaves().values()))

    def gates(
        self, state: LSTMState, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[LSTMState, Tape]:
        a_f, a_g, a_o = columns(a_x + a_h, 3)
        f, g, o = sigmoid(a_f), tanh(a_g), sigmoid(a_o)
        c = f * state.c + (1 - f) * g
        tanh_c = tanh(c)
        return LSTMState(o * tanh_c, c), Tape(f, g, o, state.c, tanh_c)

    def gates_backward(
        self, dstate: LSTMState, tape: Tape
    ) -> tuple[LSTMState, Float[Array, "B G"], Float[Array, "B G"]]:
        f, g, o, c_prev, tanh_c = tape
        dc = dstate.c + dstate.h * o * tanh_derivative(tanh_c)
        da_f = dc * (c_prev - g) * sigmoid_derivative(f)
        da_g = dc * (1 - f) * tanh_derivative(g)
        da_o = dstate.h * tanh_c * sigmoid_derivative(o)
        da = np.concatenate([da_f, da_g, da_o], axis=1)
        return LSTMState(np.zeros(dc.shape, dc.dtype), dc * f), da, da

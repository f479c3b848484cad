"""The LSTM that writes exactly as much as it forgets."""

from dataclasses import dataclass

import numpy as np

from rnncourse.arrays import columns
from rnncourse.cells.ablated import InputTape, WithoutAPart
from rnncourse.cells.lstm import LSTMState
from rnncourse.functions import sigmoid, sigmoid_derivative, tanh, tanh_derivative


@dataclass(frozen=True, eq=False)
class CoupledLSTM(WithoutAPart):
    """c_t = f ⊙ c_{t-1} + (1 - f) ⊙ g and h_t = o ⊙ tanh(c_t): the input gate is 1 - f.

    Columns: G = 3H, in the order f, g, o. c is a mean of its past and the candidate, so
    it stays between -1 and 1 once it is there. (Greff et al. 2017, who call it CIFG.)
    Not the GRU, which has no output gate and resets what it reads.
    """

    columns, left_out = 3, "i"

    def gates(self, state, a_x, a_h):
        a_f, a_g, a_o = columns(a_x + a_h, 3)
        f, g, o = sigmoid(a_f), tanh(a_g), sigmoid(a_o)
        c = f * state.c + (1 - f) * g
        tanh_c = tanh(c)
        return LSTMState(o * tanh_c, c), InputTape(f, g, o, state.c, tanh_c)

    def gates_backward(self, dstate, tape):
        f, g, o, c_prev, tanh_c = tape
        dc = dstate.c + dstate.h * o * tanh_derivative(tanh_c)
        da_f = dc * (c_prev - g) * sigmoid_derivative(f)
        da_g = dc * (1 - f) * tanh_derivative(g)
        da_o = dstate.h * tanh_c * sigmoid_derivative(o)
        da = np.concatenate([da_f, da_g, da_o], axis=1)
        return LSTMState(np.zeros_like(dc), dc * f), da, da

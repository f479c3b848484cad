"""The LSTM with one part taken out: a gate that is always open, or the tanh between
memory and output.

What a part is good for shows when it is missing (Jozefowicz et al. 2015; Greff et al.
2017).
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, columns
from rnncourse.cells.lstm import LSTM, LSTMState, MemoryCell
from rnncourse.functions import sigmoid, sigmoid_derivative, tanh, tanh_derivative


def without(gate: str, lstm: LSTM) -> tuple[Array, Array, Array]:
    """W_x, W_h and b of an LSTM without the columns of one gate, i, f or o; all of them
    where `gate` is empty.
    """
    start = "ifgo".index(gate) * lstm.H
    left_out = slice(start, start + len(gate) * lstm.H)
    W_x, W_h, b = (
        np.delete(w, left_out, axis=-1) for w in (lstm.W_x, lstm.W_h, lstm.b)
    )
    return W_x, W_h, b


class WithoutAPart(MemoryCell):
    """What these cells share: the first weights of an LSTM."""

    left_out = ""

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
        """The LSTM's first weights, but for those of the gate that is left out."""
        return cls(
            *without(
                cls.left_out,
                LSTM.init(D, H, rng=rng, forget_bias=forget_bias, dtype=dtype),
            )
        )


class InputTape(NamedTuple):
    """What the derivative of a step without an input gate of its own reads."""

    f: Float[Array, "B H"]
    g: Float[Array, "B H"]
    o: Float[Array, "B H"]
    c_prev: Float[Array, "B H"]
    tanh_c: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class NoInputGate(WithoutAPart):
    """c_t = f ⊙ c_{t-1} + g and h_t = o ⊙ tanh(c_t): every candidate is written in
    full. Columns: f, g, o.
    """

    columns, left_out = 3, "i"

    def gates(self, state, a_x, a_h):
        a_f, a_g, a_o = columns(a_x + a_h, 3)
        f, g, o = sigmoid(a_f), tanh(a_g), sigmoid(a_o)
        c = f * state.c + g
        tanh_c = tanh(c)
        return LSTMState(o * tanh_c, c), InputTape(f, g, o, state.c, tanh_c)

    def gates_backward(self, dstate, tape):
        f, g, o, c_prev, tanh_c = tape
        dc = dstate.c + dstate.h * o * tanh_derivative(tanh_c)
        da_f = dc * c_prev * sigmoid_derivative(f)
        da_g = dc * tanh_derivative(g)
        da_o = dstate.h * tanh_c * sigmoid_derivative(o)
        da = np.concatenate([da_f, da_g, da_o], axis=1)
        return LSTMState(np.zeros_like(dc), dc * f), da, da


class ForgetTape(NamedTuple):
    """What the derivative of a step without a forget gate reads."""

    i: Float[Array, "B H"]
    g: Float[Array, "B H"]
    o: Float[Array, "B H"]
    tanh_c: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class NoForgetGate(WithoutAPart):
    """c_t = c_{t-1} + i ⊙ g and h_t = o ⊙ tanh(c_t): what was written stays. Columns:
    i, g, o.

    The memory of Hochreiter and Schmidhuber (1997), with today's tanh where they scaled
    sigmoids, and the whole gradient where they cut it off at the gates.
    """

    columns, left_out = 3, "f"

    @classmethod
    def init(
        cls, D: int, H: int, *, rng: np.random.Generator, dtype: type = np.float64
    ) -> Self:
        """The LSTM's first weights without the forget gate's; b = 0."""
        return cls(*without("f", LSTM.init(D, H, rng=rng, dtype=dtype)))

    def gates(self, state, a_x, a_h):
        a_i, a_g, a_o = columns(a_x + a_h, 3)
        i, g, o = sigmoid(a_i), tanh(a_g), sigmoid(a_o)
        c = state.c + i * g
        tanh_c = tanh(c)
        return LSTMState(o * tanh_c, c), ForgetTape(i, g, o, tanh_c)

    def gates_backward(self, dstate, tape):
        i, g, o, tanh_c = tape
        dc = dstate.c + dstate.h * o * tanh_derivative(tanh_c)
        da_i = dc * g * sigmoid_derivative(i)
        da_g = dc * i * tanh_derivative(g)
        da_o = dstate.h * tanh_c * sigmoid_derivative(o)
        da = np.concatenate([da_i, da_g, da_o], axis=1)
        return LSTMState(np.zeros_like(dc), dc), da, da


class OutputTape(NamedTuple):
    """What the derivative of a step without an output gate reads."""

    i: Float[Array, "B H"]
    f: Float[Array, "B H"]
    g: Float[Array, "B H"]
    c_prev: Float[Array, "B H"]
    h: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class NoOutputGate(WithoutAPart):
    """c_t = f ⊙ c_{t-1} + i ⊙ g and h_t = tanh(c_t): the memory is always shown.
    Columns: i, f, g.
    """

    columns, left_out = 3, "o"

    def gates(self, state, a_x, a_h):
        a_i, a_f, a_g = columns(a_x + a_h, 3)
        i, f, g = sigmoid(a_i), sigmoid(a_f), tanh(a_g)
        c = f * state.c + i * g
        h = tanh(c)
        return LSTMState(h, c), OutputTape(i, f, g, state.c, h)

    def gates_backward(self, dstate, tape):
        i, f, g, c_prev, h = tape
        dc = dstate.c + dstate.h * tanh_derivative(h)
        da_i = dc * g * sigmoid_derivative(i)
        da_f = dc * c_prev * sigmoid_derivative(f)
        da_g = dc * i * tanh_derivative(g)
        da = np.concatenate([da_i, da_f, da_g], axis=1)
        return LSTMState(np.zeros_like(dc), dc * f), da, da


class ActivationTape(NamedTuple):
    """What the derivative of a step without an output activation reads."""

    i: Float[Array, "B H"]
    f: Float[Array, "B H"]
    g: Float[Array, "B H"]
    o: Float[Array, "B H"]
    c_prev: Float[Array, "B H"]
    c: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class NoOutputActivation(WithoutAPart):
    """c_t = f ⊙ c_{t-1} + i ⊙ g and h_t = o ⊙ c_t: nothing bounds the output. Columns:
    i, f, g, o.
    """

    columns = 4

    def gates(self, state, a_x, a_h):
        a_i, a_f, a_g, a_o = columns(a_x + a_h, 4)
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)
        c = f * state.c + i * g
        return LSTMState(o * c, c), ActivationTape(i, f, g, o, state.c, c)

    def gates_backward(self, dstate, tape):
        i, f, g, o, c_prev, c = tape
        dc = dstate.c + dstate.h * o
        da_i = dc * g * sigmoid_derivative(i)
        da_f = dc * c_prev * sigmoid_derivative(f)
        da_g = dc * i * tanh_derivative(g)
        da_o = dstate.h * c * sigmoid_derivative(o)
        da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        return LSTMState(np.zeros_like(dc), dc * f), da, da

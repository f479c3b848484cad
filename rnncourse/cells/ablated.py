"""The LSTM with one part taken out: a gate that is held open, or the tanh between memory
and output.

What a part is good for shows when it is missing (Jozefowicz et al. 2015). The names are
those of Greff et al. (2017).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, columns
from rnncourse.cells.lstm import LSTM, LSTMState, MemoryCell
from rnncourse.cells.lstm import Tape as LSTMTape
from rnncourse.functions import sigmoid, sigmoid_derivative, tanh, tanh_derivative


@dataclass(frozen=True, eq=False)
class HeldOpen(LSTM):
    """An LSTM of which one gate is 1, whatever it reads.

    That gate's pre-activation is infinite: its sigmoid is exactly 1, and the derivative
    exactly 0. So its columns of W_x, W_h and b, the place `held` among i, f, g, o, have no
    gradient and are no parameters; they are 0 at the start and stay so.
    """

    held = 0

    @classmethod
    def init(cls, D: int, H: int, *, rng: np.random.Generator, **more: Any) -> Self:
        """The LSTM's first weights, but for those of the gate that is held."""
        cell = super().init(D, H, rng=rng, **more)
        for leaf in (cell.W_x, cell.W_h, cell.b):
            leaf[..., cls.held * H : (cls.held + 1) * H] = 0
        return cell

    @property
    def size(self) -> int:
        """How many parameters there are: those of three gates."""
        return super().size * 3 // 4

    def gates(
        self, state: LSTMState, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[LSTMState, LSTMTape]:
        a_x = a_x.copy()
        columns(a_x, 4)[self.held] = np.inf
        return super().gates(state, a_x, a_h)


@dataclass(frozen=True, eq=False)
class NIG(HeldOpen):
    """No input gate: c_t = f ⊙ c_{t-1} + g. Every candidate is written in full."""

    held = 0


@dataclass(frozen=True, eq=False)
class NFG(HeldOpen):
    """No forget gate: c_t = c_{t-1} + i ⊙ g. What was written stays.

    The memory of Hochreiter and Schmidhuber (1997), with today's tanh where they scaled
    sigmoids, and the whole gradient where they cut it off at the gates.
    """

    held = 1


@dataclass(frozen=True, eq=False)
class NOG(HeldOpen):
    """No output gate: h_t = tanh(c_t). The memory is always shown."""

    held = 3


class Tape(NamedTuple):
    """What the derivative of a step without an output activation reads."""

    i: Float[Array, "B H"]
    f: Float[Array, "B H"]
    g: Float[Array, "B H"]
    o: Float[Array, "B H"]
    c_prev: Float[Array, "B H"]
    c: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class NOAF(MemoryCell):
    """No output activation: h_t = o ⊙ c_t. Nothing bounds the output."""

    columns = 4

    @classmethod
    def init(cls, D: int, H: int, *, rng: np.random.Generator, **more: Any) -> Self:
        """The LSTM's first weights."""
        lstm = LSTM.init(D, H, rng=rng, **more)
        return cls(lstm.W_x, lstm.W_h, lstm.b)

    def gates(
        self, state: LSTMState, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[LSTMState, Tape]:
        a_i, a_f, a_g, a_o = columns(a_x + a_h, 4)
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)
        c = f * state.c + i * g
        return LSTMState(o * c, c), Tape(i, f, g, o, state.c, c)

    def gates_backward(
        self, dstate: LSTMState, tape: Tape
    ) -> tuple[LSTMState, Float[Array, "B G"], Float[Array, "B G"]]:
        i, f, g, o, c_prev, c = tape
        dc = dstate.c + dstate.h * o
        da_i = dc * g * sigmoid_derivative(i)
        da_f = dc * c_prev * sigmoid_derivative(f)
        da_g = dc * i * tanh_derivative(g)
        da_o = dstate.h * c * sigmoid_derivative(o)
        da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        return LSTMState(np.zeros(dc.shape, dc.dtype), dc * f), da, da

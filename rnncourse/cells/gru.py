"""The gated recurrent unit."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, columns, sum_of_rows
from rnncourse.checks import require_shape, require_sizes
from rnncourse.functions import (
    glorot,
    orthogonal,
    sigmoid,
    sigmoid_derivative,
    tanh,
    tanh_derivative,
)
from rnncourse.recurrence import Cell, State


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    h_prev: Float[Array, "B H"]
    r: Float[Array, "B H"]
    z: Float[Array, "B H"]
    n: Float[Array, "B H"]
    a_hn: Float[Array, "B H"]


@dataclass(frozen=True, eq=False)
class GRU(Cell):
    """h_t = z ⊙ h_{t-1} + (1 - z) ⊙ n, with r, z = sigmoid(...) and n = tanh(x W_xn +
    b_x + r ⊙ (h W_hn + b_n)).

    Columns: G = 3H, in the order r, z, n of torch. The reset gate acts after the
    product, and the candidate has a bias of its own inside it, `b_n`: the form of cuDNN
    and torch, whose weights fit here. Cho et al. (2014) reset before the product, (r ⊙
    h) W_hn, which is another function: `ResetBeforeGRU`. z near 1 keeps the old state,
    as there; in Chung et al. (2014) z and 1 - z change places.
    """

    b_n: Float[Array, " H"]

    columns = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        require_shape("b_n", self.b_n, (self.H,), "GRU")

    @classmethod
    def init(
        cls,
        D: int,
        H: int,
        *,
        rng: np.random.Generator,
        update_bias: float = 0.0,
        dtype: type = np.float64,
    ) -> Self:
        """For each gate Glorot weights for the input and an orthogonal block of W_h; b
        = 0 but for the update gate.
        """
        require_sizes(cls.__name__, D=D, H=H)
        b = np.zeros((3, H), dtype)
        b[1] = update_bias
        return cls(
            W_x=np.hstack([glorot(D, H, rng=rng) for _ in range(3)]).astype(dtype),
            W_h=np.hstack([orthogonal(H, rng=rng) for _ in range(3)]).astype(dtype),
            b=b.ravel(),
            b_n=np.zeros(H, dtype),
        )

    def gates(
        self, state: State, a_x: Float[Array, "B G"], a_h: Float[Array, "B G"]
    ) -> tuple[State, Tape]:
        a_xr, a_xz, a_xn = columns(a_x, 3)
        a_hr, a_hz, a_hn = columns(a_h, 3)
        r = sigmoid(a_xr + a_hr)
        z = sigmoid(a_xz + a_hz)
        a_hn = a_hn + self.b_n
        n = tanh(a_xn + r * a_hn)
        h = z * state.h + (1 - z) * n
        return State(h), Tape(state.h, r, z, n, a_hn)

    def gates_backward(
        self, dstate: State, tape: Tape
    ) -> tuple[State, Float[Array, "B G"], Float[Array, "B G"]]:
        h_prev, r, z, n, a_hn = tape
        dh = dstate.h
        da_z = dh * (h_prev - n) * sigmoid_derivative(z)
        da_n = dh * (1 - z) * tanh_derivative(n)
        da_r = da_n * a_hn * sigmoid_derivative(r)
        da_x = np.concatenate([da_r, da_z, da_n], axis=1)
        da_h = np.concatenate([da_r, da_z, da_n * r], axis=1)
        return State(dh * z), da_x, da_h

    def gradients(self, run, da_xs, da_hs):
        db_n = sum_of_rows(da_hs[..., 2 * self.H :])
        return replace(super().gradients(run, da_xs, da_hs), b_n=db_n)

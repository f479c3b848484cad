"""The gated recurrent unit as published: the reset gate acts before the product."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, columns, rows
from rnncourse.cells.gru import GRU
from rnncourse.functions import sigmoid, sigmoid_derivative, tanh, tanh_derivative
from rnncourse.recurrence import Cell, Run, State


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    h_prev: Float[Array, "B H"]
    r: Float[Array, "B H"]
    z: Float[Array, "B H"]
    n: Float[Array, "B H"]
    rh: Float[Array, "B H"]  # r ⊙ h_{t-1}, what the candidate reads


@dataclass(frozen=True, eq=False)
class ResetBeforeGRU(Cell):
    """h_t = z ⊙ h_{t-1} + (1 - z) ⊙ n, with r, z = sigmoid(...) and n = tanh(x W_xn +
    (r ⊙ h) W_hn + b).

    Columns: G = 3H, in the order r, z, n, one bias. The candidate's product must wait
    for r, so a step has two products, one after the other: `recurrent` is that of r and
    z, and `gates` holds the second. (Cho et al. 2014, as published and in arXiv
    1406.1078v3; its v1 resets after. `reset_after=False` in Keras.)
    Not torch's GRU, which resets after the product: no weights make the two equal in
    general. They are equal where W_hn is diagonal and torch's b_n is 0.
    """

    columns = 3

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
        """The first weights of a GRU without b_n."""
        gru = GRU.init(D, H, rng=rng, update_bias=update_bias, dtype=dtype)
        return cls(gru.W_x, gru.W_h, gru.b)

    @property
    def W_hrz(self) -> Float[Array, "H 2*H"]:
        """The columns of W_h that multiply h."""
        return self.W_h[:, : 2 * self.H]

    @property
    def W_hn(self) -> Float[Array, "H H"]:
        """The columns of W_h that multiply r ⊙ h."""
        return self.W_h[:, 2 * self.H :]

    # a_h has the R = 2H columns of r and z alone; da_h has all G, those of n for the
    # product with r ⊙ h

    def gates(
        self, state: State, a_x: Float[Array, "B G"], a_h: Float[Array, "B R"]
    ) -> tuple[State, Tape]:
        a_xr, a_xz, a_xn = columns(a_x, 3)
        a_hr, a_hz = columns(a_h, 2)
        r = sigmoid(a_xr + a_hr)
        z = sigmoid(a_xz + a_hz)
        rh = r * state.h
        n = tanh(a_xn + rh @ self.W_hn)
        h = z * state.h + (1 - z) * n
        return State(h), Tape(state.h, r, z, n, rh)

    def gates_backward(
        self, dstate: State, tape: Tape
    ) -> tuple[State, Float[Array, "B G"], Float[Array, "B G"]]:
        h_prev, r, z, n, _ = tape
        dh = dstate.h
        da_z = dh * (h_prev - n) * sigmoid_derivative(z)
        da_n = dh * (1 - z) * tanh_derivative(n)
        drh = da_n @ self.W_hn.T
        da_r = drh * h_prev * sigmoid_derivative(r)
        da = np.concatenate([da_r, da_z, da_n], axis=1)
        return State(dh * z + drh * r), da, da

    # h W_h in its first R = 2H columns only: the candidate's product is not with h

    def recurrent(self, state: State) -> Float[Array, "B R"]:
        return state.h @ self.W_hrz

    def recurrent_backward(self, da_h: Float[Array, "B G"]) -> Float[Array, "B H"]:
        return da_h[:, : 2 * self.H] @ self.W_hrz.T

    def recurrent_gradient(
        self, run: Run, da_hs: Float[Array, "T B G"]
    ) -> Float[Array, "H G"]:
        da_rz, da_n = np.split(rows(da_hs), [2 * self.H], axis=1)
        rhs = np.concatenate([tape.rh for tape in run.tapes])  # (TB, H)
        return np.hstack([rows(run.hs_prev).T @ da_rz, rhs.T @ da_n])

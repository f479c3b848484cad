"""The Clockwork network: modules that tick at their own periods."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self

import numpy as np

from rnncourse.arrays import Array, Float, rows
from rnncourse.checks import require_sizes, shown
from rnncourse.functions import glorot, tanh, tanh_derivative
from rnncourse.recurrence import Cell, Run, State


@dataclass(frozen=True, eq=False)
class ClockworkState(State):
    """The output h, and the clock: how many steps were taken."""

    t: int


class Tape(NamedTuple):
    """What the derivative of a step reads."""

    h: Float[Array, "B N"]  # of the units that moved


@dataclass(frozen=True, eq=False)
class Clockwork(Cell):
    """h_t = tanh(x_t W_x + h_{t-1} W_h + b) in the modules whose period divides t; the
    others copy h_{t-1}.

    The H units are len(periods) modules of equal size, fast to slow. A module reads
    itself and slower ones: the blocks of W_h on the rows of faster modules are no
    parameters, are never read, and have zero gradient. The clock starts at t = 0, where
    every module moves. (Koutník, Greff, Gomez and Schmidhuber 2014)
    """

    periods: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_periods(self.periods, self.H)

    @classmethod
    def init(
        cls,
        D: int,
        H: int,
        *,
        periods: tuple[int, ...],
        rng: np.random.Generator,
        dtype: type = np.float64,
    ) -> Self:
        """Glorot weights, each module's by the number of units that it reads; b = 0."""
        check_periods(periods, H)
        H = int(H)
        W_h = np.zeros((H, H))
        for reads, module in modules(H, len(periods)):
            W_h[reads, module] = glorot(
                H - module.start, module.stop - module.start, rng=rng
            )
        return cls(
            glorot(D, H, rng=rng).astype(dtype),
            W_h.astype(dtype),
            np.zeros(H, dtype),
            periods,
        )

    @property
    def size(self) -> int:
        """How many parameters there are: entries of W_h that no module reads do not
        count.
        """
        read = sum(
            self.W_h[reads, module].size
            for reads, module in modules(self.H, len(self.periods))
        )
        return self.W_x.size + read + self.b.size

    def moving(self, t: int) -> int:
        """How many units, from the first, move at step t."""
        return (
            self.H
            // len(self.periods)
            * sum(t % period == 0 for period in self.periods)
        )

    def zero_state(self, B):
        require_sizes("zero_state", B=B)
        return ClockworkState(np.zeros((B, self.H), self.W_h.dtype), 0)

    # Only the columns of the N units that move are computed, of a_h and of both
    # gradients

    def recurrent(self, state: ClockworkState) -> Float[Array, "B N"]:
        N = self.moving(state.t)
        a_h = np.empty((len(state.h), N), state.h.dtype)
        for reads, module in modules(self.H, len(self.periods)):
            if module.stop <= N:
                a_h[:, module] = state.h[:, reads] @ self.W_h[reads, module]
        return a_h

    def recurrent_backward(self, da_h: Float[Array, "B N"]) -> Float[Array, "B H"]:
        N = da_h.shape[1]
        k = min(N, self.H // len(self.periods))
        dh = da_h[:, :k] @ self.W_h[:, :k].T  # the fastest module reads all of h
        for reads, module in modules(self.H, len(self.periods))[1:]:
            if module.stop <= N:
                dh[:, reads] += da_h[:, module] @ self.W_h[reads, module].T
        return dh

    def gates(
        self, state: ClockworkState, a_x: Float[Array, "B H"], a_h: Float[Array, "B N"]
    ) -> tuple[ClockworkState, Tape]:
        N = a_h.shape[1]
        moved = tanh(a_x[:, :N] + a_h)
        h = np.concatenate([moved, state.h[:, N:]], axis=1)  # the others copy
        return ClockworkState(h, state.t + 1), Tape(moved)

    def gates_backward(
        self, dstate: ClockworkState, tape: Tape
    ) -> tuple[ClockworkState, Float[Array, "B N"], Float[Array, "B N"]]:
        (h,) = tape
        N = h.shape[1]
        da = dstate.h[:, :N] * tanh_derivative(h)
        dh = dstate.h.copy()
        dh[:, :N] = 0
        return ClockworkState(dh, dstate.t - 1), da, da

    def recurrent_gradient(
        self, run: Run, da_hs: Float[Array, "T B H"]
    ) -> Float[Array, "H H"]:
        start = run.state.t - len(da_hs)
        dW_h = np.zeros_like(self.W_h)
        for (reads, module), period in zip(
            modules(self.H, len(self.periods)), self.periods, strict=True
        ):
            moved = slice(-start % period, None, period)
            dW_h[reads, module] = rows(run.hs_prev[moved, :, reads]).T @ rows(
                da_hs[moved, :, module]
            )
        return dW_h


def check_periods(periods: tuple[int, ...], H: int) -> None:
    """Raise ValueError for periods that are no tuple of positive integers, each
    dividing the next, or do not divide H.
    """
    some = isinstance(periods, tuple) and len(periods) > 0
    if not some or not all(isinstance(p, int) and p > 0 for p in periods):
        raise ValueError(
            f"periods are {shown(periods)}; Clockwork expects a tuple of positive integers,"
            " fast to slow"
        )
    if any(slow % fast for fast, slow in zip(periods, periods[1:], strict=False)):
        raise ValueError(
            f"periods are {periods}; each must divide the next, so that the modules"
            " that move come first"
        )
    require_sizes("Clockwork", H=H)
    if H % len(periods):
        raise ValueError(
            f"H is {H}; {len(periods)} modules of equal size expect a multiple of"
            f" {len(periods)}"
        )


@cache
def modules(H: int, g: int) -> tuple[tuple[slice, slice], ...]:
    """For each of g modules of H units: the rows of W_h that it reads, and its columns."""
    k = H // g
    return tuple((slice(start, H), slice(start, start + k)) for start in range(0, H, k))

"""What one step does to a small change of the state, and what many steps do: Jacobians,
their products, their sizes.

    J_t[b, i, j] = d s_t[b, i] / d s_{t-1}[b, j],    ds_{t-1} = ds_t J_t   (gradients are rows)

s is the whole state: h, and for an LSTM h and c side by side (`parts` says where).
Nothing here is approximated: each J is the cell's own backward pass, given every unit
vector at once.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from rnncourse.arrays import Array, Float, length
from rnncourse.cells import RNN
from rnncourse.checks import require_plain, require_shape, shown
from rnncourse.functions import tanh_derivative
from rnncourse.recurrence import Cell, Run

__all__ = [
    "Omega",
    "norm_kept",
    "parts",
    "products",
    "reach",
    "singular_values",
    "spectral_radius",
    "step_jacobians",
]


def parts(cell: Cell) -> dict[str, slice]:
    """Where each part of the state stands in the rows and columns of a Jacobian: {"h":
    ...}, for an LSTM "c" too.
    """
    _require("cell", cell, Cell, "parts")
    where, start = {}, 0
    for name, leaf in cell.zero_state(1).leaves().items():
        where[name] = slice(start, start + leaf.shape[1])
        start += leaf.shape[1]
    return where


def step_jacobians(cell: Cell, run: Run) -> Float[Array, "T B S S"]:
    """ds_t/ds_{t-1} for every step and sequence of a run; S is H, or 2H for an LSTM (h,
    then c).

    For an RNN, J_t = diag(1 - h_t²) W_h^T. S backward steps for each forward one, done
    as one batch of B·S rows. Raises ValueError for a run of several lengths.
    """
    _require("cell", cell, Cell, "step_jacobians")
    _require("run", run, Run, "step_jacobians")
    if run.lengths is not None:
        raise ValueError("the run has lengths; step_jacobians expects one without")
    where = parts(cell)
    S, B = sum(part.stop - part.start for part in where.values()), run.hs.shape[1]
    # every unit vector, for every sequence: (BS, S)
    each = np.tile(np.eye(S, dtype=run.hs.dtype), (B, 1))
    units = replace(run.state, **{name: each[:, part] for name, part in where.items()})
    Js = np.empty((len(run.tapes), B, S, S), run.hs.dtype)
    for t, tape in enumerate(run.tapes):
        dstate, _, da_h = cell.gates_backward(units, _repeated(tape, S))
        dstate = replace(dstate, h=dstate.h + cell.recurrent_backward(da_h))
        Js[t] = np.concatenate(list(dstate.leaves().values()), axis=1).reshape(B, S, S)
    return Js


def _repeated(tape: Any, S: int) -> Any:
    return type(tape)(*(np.repeat(part, S, axis=0) for part in tape))


def products(Js: Float[Array, "T B S S"]) -> Float[Array, "lags B S S"]:
    """ds_T/ds_{T-k} for k = 0 (the identity) to T: J_T J_{T-1} ... J_{T-k+1}.

    Singular values below about 1e-16 of the largest are rounding.
    """
    require_shape("Js", Js, ("T", "B", "S", "S"), "products")
    _require_square("Js", Js, "products")
    Ps = np.empty((len(Js) + 1, *Js.shape[1:]), Js.dtype)
    Ps[0] = np.eye(Js.shape[-1])
    for k, J in enumerate(Js[::-1]):
        Ps[k + 1] = Ps[k] @ J
    return Ps


def singular_values(J: Float[Array, "*shape S S"]) -> Float[Array, "*shape S"]:
    """By how much a matrix stretches, in each of S directions at right angles, the
    largest first.
    """
    _require_square("J", J, "singular_values")
    return np.linalg.svd(J, compute_uv=False)


def spectral_radius(J: Float[Array, "*shape S S"]) -> Any:
    """The largest |eigenvalue|, of shape `shape`: the rate of the powers of J in the
    long run, ‖J^k‖^(1/k) as k → ∞.
    """
    _require_square("J", J, "spectral_radius")
    return np.abs(np.linalg.eigvals(J)).max(axis=-1)


def reach(flow: dict[str, Float[Array, " T"]]) -> Float[Array, " T"]:
    """How far the gradient of a loss at the last step reaches: ‖dL/ds_{T-k}‖ / ‖dL/ds_T‖
    for k = 0, 1, ... T - 1.

    `flow` is that of `backward` where dhs is zero but for the last step; s is the whole
    state (of an LSTM h and c, of a stack all layers). Raises ValueError where the gradient
    is zero at the last step.
    """
    _require("flow", flow, dict, "reach")
    for name, norms in flow.items():
        require_shape(f"flow[{name!r}]", norms, ("T",), "reach")
    norms = np.array([norms.astype(np.float64) for norms in flow.values()])
    if not norms.size:
        raise ValueError("the flow is empty; reach expects that of `backward`")
    whole = np.array([length(step) for step in norms.T])[::-1]
    if not whole[0] > 0:
        raise ValueError("the gradient at the last step is 0; reach divides by it")
    return whole / whole[0]


def _require(name: str, value: object, kind: type, owner: str) -> None:
    if not isinstance(value, kind):
        expected = f"a {kind.__name__}"
        raise TypeError(f"{name} is {shown(value)}; {owner} expects {expected}")


def _require_square(name: str, J: object, owner: str) -> None:
    given = require_plain(name, J)
    shape = given.shape
    if (
        given.dtype.kind != "f"
        or len(shape) < 2
        or shape[-1] != shape[-2]
        or not given.size
    ):
        raise ValueError(
            f"{name} has dtype {given.dtype} and shape {shape}; {owner} expects square"
            " matrices of floats, (..., S, S)"
        )
    if not np.isfinite(given).all():
        raise ValueError(f"{name} has NaN or infinity; {owner} expects finite numbers")


class Omega(NamedTuple):
    """The regulariser's value, and its derivative by W_h with all else held fixed."""

    value: float
    dW_h: Float[Array, "H H"]


def norm_kept(cell: RNN, dhs: Float[Array, "T B H"], run: Run) -> Omega:
    """Ω, how far one step back in time is from keeping the length of the gradient, mean
    over the batch.

        Ω = sum over t of (‖dh_t J_t‖ / ‖dh_t‖ - 1)²
        dh_t J_t = da_t W_h^T,   da_t = dh_t ⊙ (1 - h_t²)

    dh_t is the whole dL/dh_t. The derivative is the immediate one: dh_t and h_t are
    constants, and only the W_h that is written down moves, so it is not the derivative
    of the value by W_h. A step whose gradient is zero counts nothing. (Pascanu, Mikolov
    and Bengio 2013, who write the state as the pre-activation, so that their J is W_h^T
    diag(1 - h²).)
    """
    _require("cell", cell, RNN, "norm_kept")
    _require("run", run, Run, "norm_kept")
    require_shape("dhs", dhs, run.hs.shape, "norm_kept")
    value, dW_h = 0.0, np.zeros_like(cell.W_h)
    dh_next = np.zeros_like(dhs[0])
    for t in reversed(range(len(dhs))):
        dh = dhs[t] + dh_next
        da = dh * tanh_derivative(run.hs[t])
        dh_next = da @ cell.W_h.T
        before, after = _lengths(dh), _lengths(dh_next)  # (B,)
        alive = (before > 0) & (after > 0)
        if not alive.any():
            continue
        d, n = np.where(alive, before, 1), np.where(alive, after, 1)
        ratio = n / d
        value += np.square(ratio - 1).mean(where=alive)
        # d(n/d)/dW_h: the unit vector of dh_next, times da in units of ‖dh‖
        unit = dh_next / n[:, None] * (alive * 2 * (ratio - 1) / alive.sum())[:, None]
        dW_h += (unit.T @ (da / d[:, None])).astype(dW_h.dtype)
    return Omega(float(value), dW_h)


def _lengths(rows: Float[Array, "B H"]) -> Float[Array, " B"]:
    return np.array([length(row) for row in rows])

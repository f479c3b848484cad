"""Activations, losses and initial weights, each beside its derivative.

The derivatives of sigmoid and tanh are written by their *value*: a backward pass has
the value already. Losses return their own gradient, in nats per symbol or in squared
units of the target.
"""

import numpy as np

from rnncourse.arrays import Array, Bool, Float, Int
from rnncourse.checks import (
    floats,
    reals,
    require_plain,
    require_rng,
    require_sizes,
    shown,
)

NO_REALS = (TypeError, ValueError, OverflowError)  # what numpy makes of other things


def _no_reals(a: object, owner: str) -> TypeError:
    return TypeError(f"a is {shown(a)}; {owner} expects real numbers")


def sigmoid(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The logistic function, 1 / (1 + exp(-a)) = (1 + tanh(a/2)) / 2, between 0 and 1.

    The second form never overflows. Its absolute error is that of one rounding; its
    relative error is not small where the sigmoid is below about 1e-10: it becomes
    exactly 0 at a < -38 in float64 and about a < -18 in float32.
    """
    try:
        s = np.tanh(0.5 * a)
    except NO_REALS:
        raise _no_reals(a, "sigmoid") from None
    s *= 0.5
    s += 0.5
    return s


def sigmoid_derivative(s: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """dsigmoid/da by its value s: s (1 - s), at most 1/4."""
    return s * (1 - s)


def tanh(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The hyperbolic tangent, between -1 and 1; numpy's own never overflows."""
    try:
        return np.tanh(a)
    except NO_REALS:
        raise _no_reals(a, "tanh") from None


def tanh_derivative(h: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """dtanh/da by its value h: 1 - h^2, at most 1."""
    return 1 - h * h


def relu(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The rectifier, max(a, 0)."""
    try:
        return np.maximum(a, 0)
    except NO_REALS:
        raise _no_reals(a, "relu") from None


def relu_derivative(r: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """drelu/da by its value r: 1 where r > 0, else 0 (also at a = 0, where the
    derivative does not exist).
    """
    return (r > 0).astype(r.dtype)


def softmax(a: Float[Array, "*shape V"]) -> Float[Array, "*shape V"]:
    """exp(a_v) / sum_w exp(a_w) over the last axis; the largest logit is subtracted
    first, so nothing overflows. Raises TypeError and ValueError for no logits.
    """
    a = require_plain("logits", a)
    if a.dtype.kind not in "fiu":
        raise TypeError(f"logits have dtype {a.dtype}; softmax expects real numbers")
    _require_entries("logits", a, "softmax")
    p = np.exp(_below_the_largest(a))
    return p / p.sum(axis=-1, keepdims=True)


def _below_the_largest(a: Float[Array, "*shape V"]) -> Float[Array, "*shape V"]:
    """a_v - max_w a_w, cut off at half the lowest float: two finite numbers can be
    further apart than a float reaches.
    """
    half = a / 2
    half -= half.max(axis=-1, keepdims=True)
    return 2 * np.maximum(half, np.finfo(half.dtype).min / 4)


def softmax_derivative(
    dp: Float[Array, "*shape V"], p: Float[Array, "*shape V"]
) -> Float[Array, "*shape V"]:
    """dL/da from dL/dp and the softmax's value p: p (dp - sum_w dp_w p_w), its Jacobian
    applied to a vector.
    """
    return p * (dp - (dp * p).sum(axis=-1, keepdims=True))


def cross_entropy(
    logits: Float[Array, "*shape V"],
    targets: Int[Array, "*shape"],
    mask: Bool[Array, "*shape"] | None = None,
) -> tuple[float, Float[Array, "*shape V"]]:
    """Mean over symbols of -ln softmax(logits)[target], in nats per symbol, and its
    gradient by the logits.

    The gradient is (softmax(logits) - onehot(targets)) / number of symbols. With a mask
    only symbols where it is True count; the gradient elsewhere is 0, and what the
    targets are there does not matter.

    Raises TypeError for logits that are not float32 or float64 (in float16 a mean over
    many symbols has no gradient), targets that are not integers and a mask that is not
    bool, ValueError for other shapes, targets outside 0..V-1 and a mask that leaves
    nothing. Not the sum over time that some programs print, and not bits: bits = nats /
    ln 2, perplexity = exp(nats).
    """
    _require_floats("logits", logits, "cross_entropy")
    _require_entries("logits", logits, "cross_entropy")
    V = logits.shape[-1]
    targets = require_plain("targets", targets)
    if targets.dtype.kind not in "iu":
        raise TypeError(
            f"targets have dtype {targets.dtype}; cross_entropy expects integers, the"
            " numbers of symbols"
        )
    if targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"targets have shape {targets.shape}; logits {logits.shape} expect"
            f" {logits.shape[:-1]}"
        )
    count = _count("symbol", targets, mask, "cross_entropy")
    if mask is not None:
        targets = np.where(mask, targets, 0)
    if targets.min() < 0 or targets.max() >= V:
        wrong = targets.min() if targets.min() < 0 else targets.max()
        raise ValueError(
            f"targets contain {wrong}; cross_entropy expects 0 to {V - 1} for {V} logits"
        )
    chosen = targets[..., None].astype(np.intp, copy=False)
    shifted = _below_the_largest(logits)
    dlogits = np.exp(shifted)
    total = dlogits.sum(axis=-1, keepdims=True)
    losses = np.log(total) - np.take_along_axis(shifted, chosen, axis=-1)
    dlogits /= total
    right = np.take_along_axis(dlogits, chosen, axis=-1) - 1
    np.put_along_axis(dlogits, chosen, right, axis=-1)
    dlogits /= count
    if mask is not None:
        losses, dlogits = losses * mask[..., None], dlogits * mask[..., None]
    # not the mean: its sum could overflow
    return float(np.divide(losses, count, dtype=np.float64).sum()), dlogits


def squared_error(
    ys: Float[Array, "*shape"],
    targets: Float[Array, "*shape"],
    mask: Bool[Array, "*steps"] | None = None,
) -> tuple[float, Float[Array, "*shape"]]:
    """Mean over all numbers of (y - target)^2, in squared units of the target, and its
    gradient by y.

    No factor 1/2: the gradient is 2 (y - target) / number of numbers. With a mask, which
    has the shape of ys or lacks its last axis, only numbers where it is True count.

    Raises TypeError for outputs that are not float32 or float64 and what is not real
    numbers, ValueError for targets of another shape, none, or with NaN or infinity.
    """
    _require_floats("outputs", ys, "squared_error")
    targets = reals("targets", targets, ys.dtype)
    if targets.shape != ys.shape:
        raise ValueError(
            f"targets have shape {targets.shape}; outputs of shape {ys.shape} expect the"
            " same"
        )
    if mask is not None:
        mask = require_plain("mask", mask)
        if mask.shape == ys.shape[:-1] and ys.ndim > mask.ndim:
            mask = np.repeat(mask[..., None], ys.shape[-1], axis=-1)
        count = _count("number", targets, mask, "squared_error")
        targets = np.where(mask, targets, ys)
    else:
        count = _count("number", targets, mask, "squared_error")
    difference = ys - floats("targets", targets, ys.dtype)
    loss = np.divide(np.square(difference).sum(dtype=np.float64), count)
    return float(loss), difference * (2 / count)


def _count(what: str, targets: Array, mask: object, owner: str) -> int:
    """How many targets count, at least one; or an error."""
    if mask is None:
        count = targets.size
    else:
        mask = require_plain("mask", mask)
        if mask.dtype != bool:
            raise TypeError(f"mask has dtype {mask.dtype}; {owner} expects bool")
        if mask.shape != targets.shape:
            raise ValueError(
                f"mask has shape {mask.shape}; targets of shape {targets.shape} expect it"
                " for each of them"
            )
        count = int(mask.sum())
    if count == 0:
        raise ValueError(f"no target is left; {owner} expects one {what} or more")
    return count


def _require_floats(name: str, array: object, owner: str) -> None:
    if not isinstance(array, np.ndarray):
        kind = type(array).__name__
        raise TypeError(f"{name} are a {kind}; {owner} expects an array of floats")
    require_plain(name, array)
    if array.dtype.kind != "f" or array.dtype.itemsize < 4:
        raise TypeError(
            f"{name} have dtype {array.dtype}; {owner} expects float32 or float64"
        )


def _require_entries(name: str, a: Array, owner: str) -> None:
    if a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(
            f"{name} have shape {a.shape}; {owner} expects (..., V) with V of 1 or more"
        )


def glorot(D: int, H: int, *, rng: np.random.Generator) -> Float[Array, "D H"]:
    """Uniform weights in ±sqrt(6 / (D + H)), which keep variances about equal both ways
    (Glorot and Bengio 2010).
    """
    require_sizes("an initialiser", D=D, H=H)
    require_rng(rng, "an initialiser")
    bound = np.sqrt(6 / (int(D) + int(H)))
    return rng.uniform(-bound, bound, (D, H))


def orthogonal(H: int, *, rng: np.random.Generator) -> Float[Array, "H H"]:
    """A random orthogonal matrix: every singular value is 1, so h W_h is as long as h
    (Saxe et al. 2014).

    The Q of the QR decomposition of a Gaussian matrix, its signs fixed so that all such
    matrices are equally likely.
    """
    require_sizes("an initialiser", H=H)
    require_rng(rng, "an initialiser")
    Q, R = np.linalg.qr(rng.standard_normal((H, H)))
    return Q * np.sign(np.diag(R))

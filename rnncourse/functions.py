"""Activations, losses and initial weights, each beside its derivative.

The derivatives of sigmoid and tanh are written by their *value*: a backward pass has
the value already. Losses return their own gradient, in nats per symbol or in squared
units of the target.
"""

import numpy as np

from rnncourse.arrays import Array, Float, Int, floats


def sigmoid(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The logistic function, 1 / (1 + exp(-a)) = (1 + tanh(a/2)) / 2, between 0 and 1.

    The second form never overflows. Its absolute error is that of one rounding; its
    relative error is not small where the sigmoid is below about 1e-10: it becomes
    exactly 0 at a < -38 in float64 and about a < -18 in float32.
    """
    s = np.tanh(0.5 * a)
    s *= 0.5
    s += 0.5
    return s


def sigmoid_derivative(s: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """dsigmoid/da by its value s: s (1 - s), at most 1/4."""
    return s * (1 - s)


def tanh(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The hyperbolic tangent, between -1 and 1; numpy's own never overflows."""
    return np.tanh(a)


def tanh_derivative(h: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """dtanh/da by its value h: 1 - h^2, at most 1."""
    return 1 - h * h


def relu(a: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The rectifier, max(a, 0)."""
    return np.maximum(a, 0)


def relu_derivative(r: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """drelu/da by its value r: 1 where r > 0, else 0 (also at a = 0, where the
    derivative does not exist).
    """
    return (r > 0).astype(r.dtype)


def softmax(a: Float[Array, "*shape V"]) -> Float[Array, "*shape V"]:
    """exp(a_v) / sum_w exp(a_w) over the last axis; the largest logit is subtracted
    first, so nothing overflows.
    """
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
    logits: Float[Array, "*shape V"], targets: Int[Array, "*shape"]
) -> tuple[float, Float[Array, "*shape V"]]:
    """Mean over symbols of -ln softmax(logits)[target], in nats per symbol, and its
    gradient by the logits.

    The gradient is (softmax(logits) - onehot(targets)) / number of symbols. Raises
    TypeError for logits that are not floats and targets that are not integers,
    ValueError for targets of another shape or outside 0..V-1. Not the sum over time
    that some programs print, and not bits: bits = nats / ln 2, perplexity = exp(nats).
    """
    _require_floats("logits", logits, "cross_entropy")
    V = logits.shape[-1]
    targets = np.asarray(targets)
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
    if targets.size == 0:
        raise ValueError("targets are empty; cross_entropy expects one symbol or more")
    if targets.min() < 0 or targets.max() >= V:
        wrong = targets.min() if targets.min() < 0 else targets.max()
        raise ValueError(
            f"targets contain {wrong}; cross_entropy expects 0 to {V - 1} for {V}"
            " logits"
        )
    chosen = targets[..., None]
    shifted = _below_the_largest(logits)
    dlogits = np.exp(shifted)
    total = dlogits.sum(axis=-1, keepdims=True)
    losses = np.log(total) - np.take_along_axis(shifted, chosen, axis=-1)
    loss = float(
        np.divide(losses, targets.size, dtype=np.float64).sum()
    )  # not the mean: its sum could overflow
    dlogits /= total
    np.put_along_axis(
        dlogits, chosen, np.take_along_axis(dlogits, chosen, axis=-1) - 1, axis=-1
    )
    dlogits /= targets.size
    return loss, dlogits


def squared_error(
    ys: Float[Array, "*shape"], targets: Float[Array, "*shape"]
) -> tuple[float, Float[Array, "*shape"]]:
    """Mean over all numbers of (y - target)^2, in squared units of the target, and its
    gradient by y.

    No factor 1/2: the gradient is 2 (y - target) / number of numbers. Raises TypeError
    for what is not real numbers and ValueError for targets of another shape, none, or
    with NaN or infinity among them.
    """
    _require_floats("outputs", ys, "squared_error")
    targets = floats("targets", targets, ys.dtype)
    if targets.shape != ys.shape:
        raise ValueError(
            f"targets have shape {targets.shape}; outputs of shape {ys.shape} expect"
            " the same"
        )
    if targets.size == 0:
        raise ValueError("targets are empty; squared_error expects one number or more")
    difference = ys - targets
    return float(np.mean(difference**2, dtype=np.float64)), difference * (
        2 / difference.size
    )


def _require_floats(name: str, array: object, owner: str) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"{name} are a {type(array).__name__}; {owner} expects an array of floats"
        )
    if array.dtype.kind != "f":
        raise TypeError(f"{name} have dtype {array.dtype}; {owner} expects floats")


def glorot(D: int, H: int, *, rng: np.random.Generator) -> Float[Array, "D H"]:
    """Uniform weights in ±sqrt(6 / (D + H)), which keep variances about equal both ways
    (Glorot and Bengio 2010).
    """
    bound = np.sqrt(6 / (D + H))
    return rng.uniform(-bound, bound, (D, H))


def orthogonal(H: int, *, rng: np.random.Generator) -> Float[Array, "H H"]:
    """A random orthogonal matrix: every singular value is 1, so h W_h is as long as h
    (Saxe et al. 2014).

    The Q of the QR decomposition of a Gaussian matrix, its signs fixed so that all such
    matrices are equally likely.
    """
    Q, R = np.linalg.qr(rng.standard_normal((H, H)))
    return Q * np.sign(np.diag(R))

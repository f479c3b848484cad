"""Optimisers, which map parameters to parameters; clipping; rates over time; and the
training loop as a generator.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rnncourse.arrays import Batch, Record, length
from rnncourse.checks import require_number, require_record, require_sizes, shown

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Optimiser:
    """A map from parameters, their gradient and a memory to new parameters and a new
    memory; the old ones stay as they are.

    The memory is a tuple of records like the parameters, all zero before the first
    step.
    """

    rate: float

    records = 1  # in the memory

    def __post_init__(self) -> None:
        for field in fields(self):
            owner = type(self).__name__
            value = require_number(field.name, getattr(self, field.name), owner)
            if field.name in ("rate", "momentum") and not 0 <= value < np.inf:
                expected = "a finite number of 0 or more"
            elif field.name == "epsilon" and not 0 < value < np.inf:
                expected = "a finite number above 0: a gradient may be exactly 0"
            elif field.name in ("decay", "beta_1", "beta_2") and not 0 <= value < 1:
                expected = "a number of 0 or more and below 1"
            else:
                object.__setattr__(self, field.name, value)
                continue
            raise ValueError(f"{field.name} is {value}; {owner} expects {expected}")

    def start(self, params: Record) -> tuple:
        """The memory before the first step."""
        return tuple(params.map(np.zeros_like) for _ in range(self.records))

    def step(self, params: R, gradient: R, memory: tuple) -> tuple[R, tuple]:
        """One update: new parameters and new memory."""
        raise NotImplementedError


@dataclass(frozen=True)
class SGD(Optimiser):
    """v ← momentum v + g, then w ← w - rate v. Gradient descent; with momentum 0, v is
    the gradient itself.
    """

    momentum: float = 0.0

    def step(self, params, gradient, memory):
        (v,) = memory
        v = v.map(lambda v, g: self.momentum * v + g, gradient)
        return params.map(lambda w, v: w - self.rate * v, v), (v,)


@dataclass(frozen=True)
class Adagrad(Optimiser):
    """s ← s + g², then w ← w - rate g / (√s + epsilon): the factor of g only ever
    shrinks (Duchi, Hazan and Singer 2011).
    """

    epsilon: float = 1e-8

    def step(self, params, gradient, memory):
        (s,) = memory
        s = s.map(lambda s, g: s + g * g, gradient)
        return params.map(
            lambda w, g, s: w - self.rate * g / (np.sqrt(s) + self.epsilon), gradient, s
        ), (s,)


@dataclass(frozen=True)
class RMSProp(Optimiser):
    """s ← decay s + (1 - decay) g², then w ← w - rate g / (√s + epsilon) (Tieleman and
    Hinton 2012).
    """

    decay: float = 0.95
    epsilon: float = 1e-8

    def step(self, params, gradient, memory):
        (s,) = memory
        s = s.map(lambda s, g: self.decay * s + (1 - self.decay) * g * g, gradient)
        return params.map(
            lambda w, g, s: w - self.rate * g / (np.sqrt(s) + self.epsilon), gradient, s
        ), (s,)


@dataclass(frozen=True)
class Adam(Optimiser):
    """m, s ← running means of g and g², then w ← w - rate m' / (√s' + epsilon), where
    m' = m / (1 - beta_1^k) at step k.

    The division, of s by 1 - beta_2^k likewise, undoes that both means start from 0.
    (Kingma and Ba 2015)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    records = 2

    def start(self, params):
        return *super().start(params), 0

    def step(self, params, gradient, memory):
        m, s, k = memory
        m = m.map(lambda m, g: self.beta_1 * m + (1 - self.beta_1) * g, gradient)
        s = s.map(lambda s, g: self.beta_2 * s + (1 - self.beta_2) * g * g, gradient)
        m_scale = 1 - self.beta_1 ** (k + 1)
        s_scale = 1 - self.beta_2 ** (k + 1)

        def updated(w, m, s):
            return w - self.rate * (m / m_scale) / (np.sqrt(s / s_scale) + self.epsilon)

        return params.map(updated, m, s), (m, s, k + 1)


def norm(gradient: Record) -> float:
    """The Euclidean length of all arrays of a record together."""
    require_record("gradient", gradient, "norm")
    leaves = [
        leaf.astype(np.float64, copy=False) for leaf in gradient.leaves().values()
    ]
    square = sum(float(np.vdot(leaf, leaf)) for leaf in leaves)
    if 1e-260 < square < 1e308:
        return math.sqrt(square)
    return length(np.array([length(leaf) for leaf in leaves]))


def clip_by_norm(gradient: R, limit: float) -> R:
    """g · limit / ‖g‖ where ‖g‖ > limit, over all parameters together: shorter, same
    direction (Pascanu et al. 2013).

    Raises ValueError for a limit that is not above 0.
    """
    limit = _positive(limit)
    whole = norm(gradient)
    if whole <= limit:
        return gradient
    if (scale := limit / whole) > 1e-30:
        return gradient.map(lambda g: g * scale)
    return gradient.map(lambda g: (g.astype(np.float64) * scale).astype(g.dtype))


def clip_by_value(gradient: R, limit: float) -> R:
    """Each number cut off at ±limit: the direction changes (Mikolov 2012).

    Raises ValueError for a limit that is not above 0.
    """
    require_record("gradient", gradient, "clip_by_value")
    limit = _positive(limit)
    return gradient.map(lambda g: np.clip(g, -limit, limit))


def _positive(limit: float) -> float:
    limit = require_number("limit", limit, "clipping")
    if not limit > 0:
        raise ValueError(f"limit is {limit}; clipping expects a number above 0")
    return limit


# Rates over time: for each update k, from 0, the learning rate


def linear(rate: float, updates: int) -> Callable[[int], float]:
    """A rate that falls to 0 in a straight line: rate (1 - k / updates)."""
    rate = require_number("rate", rate, "linear")
    require_sizes("linear", updates=updates)
    return lambda k: rate * (1 - k / updates)


def quarter_cosine(rate: float, updates: int) -> Callable[[int], float]:
    """A rate that falls to 0 along a quarter of a cosine wave: rate cos(π/2 k / updates)."""
    rate = require_number("rate", rate, "quarter_cosine")
    require_sizes("quarter_cosine", updates=updates)
    return lambda k: rate * np.cos(np.pi / 2 * k / updates)


class Progress(NamedTuple):
    """What one update leaves: to look at, and to go on from."""

    step: int  # updates so far
    loss: float  # of this batch, before the update
    norm: float  # of the gradient, before clipping
    params: Any  # after the update
    state: Any  # after the batch
    memory: tuple  # of the optimiser, after the update


def train(
    params: Any,
    batches: Iterable[Batch],
    objective: Callable[[Any, Batch, Any], tuple[float, Any, Any]],
    optimiser: Optimiser,
    *,
    clip: float | Callable[[Any], Any] | None = None,
    rate: Callable[[int], float] | None = None,
) -> Iterator[Progress]:
    """One update for each batch, and a `Progress` after each: the caller's loop prints,
    plots, or breaks.

    `params` is a record, or the `Progress` of an earlier training to go on from: then all
    goes on as if it had not stopped, with the batches that follow.

    `objective(params, batch, state)` returns the loss, its gradient and the state after
    the batch; the state goes on to the next batch unless that one is `fresh`. `clip` is
    the norm at which gradients are clipped, or a function of the gradient. `rate(k)` is
    the learning rate of update k, from 0; the optimiser's own rate where it is None.

    When the first update is asked for, raises TypeError for parameters in float16, which
    no update fits, and for what is no Batch, ValueError where the first batch goes on
    from a state that is not there. Raises FloatingPointError when the loss, the gradient
    or an updated parameter is not finite; the last Progress is what was before.
    """
    if not isinstance(optimiser, Optimiser):
        raise TypeError(
            f"optimiser is {shown(optimiser)}; train expects one, as Adam(0.01)"
        )
    try:
        batches = iter(batches)
    except TypeError:
        raise TypeError(
            f"batches are {shown(batches)}; train expects Batches, one by one"
        ) from None
    if rate is not None and not callable(rate):
        raise TypeError(
            f"rate is {shown(rate)}; train expects a function of the update"
        )
    if not callable(clip) and clip is not None:
        clip = partial(clip_by_norm, limit=_positive(clip))
    state, done = None, 0
    if isinstance(params, Progress):
        done, _, _, params, state, memory = params
    else:
        _require_trainable(params)
        memory = optimiser.start(params)
    for k, batch in enumerate(batches, start=done):
        if not isinstance(batch, Batch):
            raise TypeError(
                f"a batch is a {type(batch).__name__}; train expects a Batch"
            )
        if state is None and not batch.fresh and k == 0:
            raise ValueError(
                "the first batch is not fresh, and there is no state to go on from; start"
                " with a fresh batch, or with the Progress of an earlier training"
            )
        loss, gradient, state = objective(params, batch, None if batch.fresh else state)
        whole = norm(gradient)
        if not (np.isfinite(loss) and np.isfinite(whole)):
            raise FloatingPointError(
                f"update {k + 1}: the loss is {loss} and its gradient's norm {whole}"
            )
        now = replace(optimiser, rate=float(rate(k))) if rate else optimiser
        params, memory = now.step(params, clip(gradient) if clip else gradient, memory)
        _require_finite(params, k + 1)
        yield Progress(k + 1, loss, whole, params, state, memory)


def _require_trainable(params: Record) -> None:
    require_record("params", params, "train")
    for name, leaf in params.leaves().items():
        if leaf.dtype.itemsize < 4:
            raise TypeError(
                f"{name} has dtype {leaf.dtype}; train expects float32 or float64"
                " (net.map(np.float32))"
            )


def _require_finite(params: Record, step: int) -> None:
    for name, leaf in params.leaves().items():
        if not np.isfinite(leaf).all():
            raise FloatingPointError(f"update {step} made {name} infinite or NaN")

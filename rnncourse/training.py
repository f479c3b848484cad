"""Optimisers, which map parameters to parameters; gradient clipping; and the training
loop as a generator.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rnncourse.arrays import Batch, Record

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
            value = float(
                getattr(self, field.name)
            )  # a numpy scalar would turn float32 parameters into float64
            if not 0 <= value < np.inf:
                raise ValueError(
                    f"{field.name} is {value}; {type(self).__name__} expects a finite"
                    " number of 0 or more"
                )
            object.__setattr__(self, field.name, value)

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
        new = params.map(
            lambda w, m, s: (
                w - self.rate * (m / m_scale) / (np.sqrt(s / s_scale) + self.epsilon)
            ),
            m,
            s,
        )
        return new, (m, s, k + 1)


def norm(gradient: Record) -> float:
    """The Euclidean length of all arrays of a record together."""
    leaves = [
        leaf.ravel().astype(np.float64, copy=False)
        for leaf in gradient.leaves().values()
    ]
    return float(np.sqrt(sum(leaf @ leaf for leaf in leaves)))


def clip_by_norm(gradient: R, limit: float) -> R:
    """g · limit / ‖g‖ where ‖g‖ > limit, over all parameters together: shorter, same
    direction (Pascanu et al. 2013).

    Raises ValueError for a limit that is not above 0.
    """
    limit = _positive(limit)
    length = norm(gradient)
    return gradient if length <= limit else gradient.map(lambda g: g * (limit / length))


def clip_by_value(gradient: R, limit: float) -> R:
    """Each number cut off at ±limit: the direction changes (Mikolov 2012). Raises
    ValueError for a limit not above 0.
    """
    limit = _positive(limit)
    return gradient.map(lambda g: np.clip(g, -limit, limit))


def _positive(limit: float) -> float:
    if not limit > 0:
        raise ValueError(f"limit is {limit}; clipping expects a number above 0")
    return float(limit)


class Progress(NamedTuple):
    """What one update leaves to look at."""

    step: int  # updates so far
    loss: float  # of this batch, before the update
    norm: float  # of the gradient, before clipping
    params: Any  # after the update
    state: Any  # after the batch


def train(
    params: R,
    batches: Iterable[Batch],
    objective: Callable[[R, Batch, Any], tuple[float, R, Any]],
    optimiser: Optimiser,
    *,
    clip: Callable[[R], R] = lambda gradient: gradient,
    rate: Callable[[int], float] | None = None,
) -> Iterator[Progress]:
    """One update for each batch, and a `Progress` after each: the caller's loop prints,
    plots, or breaks.

    `objective(params, batch, state)` returns the loss, its gradient and the state after
    the batch; the state goes on to the next batch unless that one is `fresh`. `rate(k)`
    is the learning rate of update k, from 0; the optimiser's own rate where it is None.
    Raises FloatingPointError when the loss or the gradient is not finite, before the
    parameters change.
    """
    memory = optimiser.start(params)
    state = None
    for k, batch in enumerate(batches):
        loss, gradient, state = objective(params, batch, None if batch.fresh else state)
        length = norm(gradient)
        if not (np.isfinite(loss) and np.isfinite(length)):
            raise FloatingPointError(
                f"update {k + 1}: the loss is {loss} and its gradient's norm {length}"
            )
        now = replace(optimiser, rate=float(rate(k))) if rate else optimiser
        params, memory = now.step(params, clip(gradient), memory)
        yield Progress(k + 1, loss, length, params, state)

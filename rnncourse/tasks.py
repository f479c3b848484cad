"""Tasks whose dependencies are as long as you make them: `rng` in, `Batch` out; and
waves to be written without input.

Each docstring says what is to be learned, what a network that remembers nothing can
reach at best, and where the task comes from. T is the length that is asked for; a fresh
batch is drawn at every call, so there is nothing to overfit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncourse.arrays import Array, Batch, Float
from rnncourse.checks import floats, require_rng, require_shape, require_sizes, shown

ORDER_SYMBOLS, ORDER_CLASSES = 6, 4  # temporal_order: a, b, c, d, X, Y; XX, XY, YX, YY


def adding(
    T: int, B: int, *, rng: np.random.Generator, dtype: Any = np.float64
) -> Batch:
    """Two numbers of T are marked; give their sum after the last step.

        x_t = (value, marker), values uniform in [0, 1]
        target = value_i + value_j, with i < T // 2 <= j

    xs (T, B, 2), targets (B, 1), for `at_the_end(squared_error)`. Always answering 1
    has a mean squared error of 1/6, the variance of the sum (0.1767, in a much-copied
    table, is a misprint). Raises ValueError for T below 2. The task of Hochreiter and
    Schmidhuber (1997) in today's scale. There the values lie in [-1, 1], the target is
    0.5 + (value_i + value_j) / 4, and a sequence counts as solved where the *absolute*
    error is below 0.04.
    """
    T, B = _require(T, B, rng, shortest=2)
    dtype = _float(dtype)
    values = rng.uniform(size=(T, B))
    markers = np.zeros((T, B))
    first, second = rng.integers(0, T // 2, B), rng.integers(T // 2, T, B)
    column = np.arange(B)
    markers[first, column] = markers[second, column] = 1
    targets = (values * markers).sum(axis=0)[:, None]
    return Batch(
        np.stack([values, markers], axis=2).astype(dtype), targets.astype(dtype)
    )


def recall(
    T: int, B: int, *, rng: np.random.Generator, dtype: Any = np.float64
) -> Batch:
    """One number of T is marked; give it after the last step: `adding` with a single
    number.

        x_t = (value, marker), values uniform in [0, 1]
        target = value_i, i uniform in 0 .. T - 1

    xs (T, B, 2), targets (B, 1), for `at_the_end(squared_error)`. Always answering 1/2
    has a mean squared error of 1/12.
    """
    T, B = _require(T, B, rng, shortest=1)
    dtype = _float(dtype)
    values, marked = rng.uniform(size=(T, B)), rng.integers(0, T, B)
    column = np.arange(B)
    markers = np.zeros((T, B))
    markers[marked, column] = 1
    return Batch(
        np.stack([values, markers], axis=2).astype(dtype),
        values[marked, column, None].astype(dtype),
    )


def temporal_order(T: int, B: int, *, rng: np.random.Generator) -> Batch:
    """Among T symbols, two are X or Y; say after the last step which two, in their
    order: XX, XY, YX or YY.

        one in [T/10, 2T/10), the other in [4T/10, 5T/10)
        all else is one of a, b, c, d at random

    xs (T, B): 0 to 3 for a to d, 4 for X, 5 for Y; targets (B,): 0 to 3, for
    `at_the_end(cross_entropy)`. Without memory: ln 4 = 1.386 nats, one right answer in
    four. The shortest lag is T/2, the longest 9T/10. Raises ValueError for T below 10.
    Task 6a of Hochreiter and Schmidhuber (1997), with the places of Pascanu, Mikolov
    and Bengio (2013).
    """
    T, B = _require(T, B, rng, shortest=10)
    xs = rng.integers(0, 4, (T, B))
    first, second = rng.integers(0, 2, B), rng.integers(0, 2, B)
    xs[rng.integers(T // 10, 2 * T // 10, B), np.arange(B)] = 4 + first
    xs[rng.integers(4 * T // 10, 5 * T // 10, B), np.arange(B)] = 4 + second
    return Batch(xs, 2 * first + second)


def copying(
    T: int, B: int, *, rng: np.random.Generator, K: int = 8, S: int = 10
) -> Batch:
    """Read S symbols, wait T steps, then write the S symbols down.

        inputs:   s_1 ... s_S, T - 1 blanks, "go", S blanks
        targets:  S + T blanks, then s_1 ... s_S

    xs and targets (T + 2S, B): 0 to K - 1 for symbols, K for blank, K + 1 for "go"
    (inputs only). Without memory, a network that knows when to write has a mean of S ln
    K / (T + 2S) nats per step. Raises ValueError for T, B, K or S below 1. Hochreiter
    and Schmidhuber (1997) in the form of Arjovsky, Shah and Bengio (2016), where K = 8
    and S = 10.
    """
    T, B = _require(T, B, rng, shortest=1)
    require_sizes("copying", K=K, S=S)
    K, S = int(K), int(S)
    symbols = rng.integers(0, K, (S, B))
    xs = np.full((T + 2 * S, B), K)
    xs[:S] = symbols
    xs[S + T - 1] = K + 1
    targets = np.full((T + 2 * S, B), K)
    targets[S + T :] = symbols
    return Batch(xs, targets)


def sines(T: int, *, periods: tuple[int, ...] = (8, 32, 80, 160)) -> Float[Array, " T"]:
    """A sum of sines of equal height, one for each period in steps, from -1 to 1.

    wave_t = sum over P of sin(2 pi t / P),  t = 0 .. T-1, `scaled`
    """
    require_sizes("sines", T=T)
    P = floats("periods", periods, np.dtype(np.float64))
    if P.ndim != 1 or P.size == 0 or (P <= 0).any():
        raise ValueError(f"periods are {shown(periods)}; sines expects numbers above 0")
    t = np.arange(T)[:, None]
    return scaled(np.sin(2 * np.pi * t / P).sum(axis=1))


def tone(T: int) -> Float[Array, " T"]:
    """One slow wave with three quick, small ones on top, about as a sound would look:
    no period is a power of 2.

        wave_t = 0.5 sin 2a - 0.05 cos(17a + 0.8) + 0.05 sin(25a + 10)
                 - 0.02 cos(45a + 0.3),    a = t / 100, `scaled`

    Periods of about 314, 37, 25 and 14 steps, from -1 to 1. The signal by which
    re-implementations of the Clockwork network are often tried.
    """
    require_sizes("tone", T=T)
    a = np.arange(T) / 100
    return scaled(
        0.5 * np.sin(2 * a)
        - 0.05 * np.cos(17 * a + 0.8)
        + 0.05 * np.sin(25 * a + 10)
        - 0.02 * np.cos(45 * a + 0.3)
    )


def scaled(wave: Float[Array, " T"]) -> Float[Array, " T"]:
    """The wave shifted and stretched so that it fills -1 to 1. Raises ValueError for
    one that is constant.
    """
    require_shape("wave", wave, ("T",), "scaled")
    single = wave.dtype.kind == "f"
    wave = floats("wave", wave, wave.dtype if single else np.dtype(np.float64))
    if wave.min() == wave.max():
        raise ValueError(f"wave is {wave[0]} at every step; scaled expects a change")
    return 2 * (wave - wave.min()) / (wave.max() - wave.min()) - 1


def without_input(wave: Float[Array, " T"], *, dtype: Any = np.float64) -> Batch:
    """Write this wave, one number at each step, while nothing is heard: xs are zeros,
    (T, 1, 1); targets are the wave.

    For `squared_error`. Always writing its mean has a mean squared error of the wave's
    variance, a normalised error of 1. (Koutník et al. 2014)
    """
    require_shape("wave", wave, ("T",), "without_input")
    targets = floats("wave", wave, _float(dtype)).copy()[:, None, None]
    return Batch(np.zeros_like(targets), targets)


def ending_alike(
    utterances: tuple[Sequence[Array], Array],
    ending: Float[Array, "E D"],
    *,
    T: int,
    lead: int = 0,
    dtype: Any = np.float64,
) -> Batch:
    """Utterances that differ early and end alike: each is followed by one ending, the
    same for all, again and again up to T.

        lead steps of silence (zeros), what was said, the ending

    xs (T, N, D), targets (N,), the speakers, for `at_the_end(cross_entropy)`. Raises
    ValueError where T is too short for an utterance.
    """
    if not isinstance(utterances, tuple) or len(utterances) != 2:
        kind = type(utterances).__name__
        raise TypeError(f"utterances are a {kind}; expected a pair (frames, speakers)")
    said, speakers = utterances
    require_sizes("ending_alike", T=T)
    require_sizes("ending_alike", least=0, lead=lead)
    T, lead, dtype = int(T), int(lead), _float(dtype)
    require_shape("ending", ending, ("E", "D"), "ending_alike")
    ending = floats("ending", ending, dtype)
    if not isinstance(said, tuple | list) or not said:
        raise TypeError(f"frames are {shown(said)}; expected a tuple of arrays")
    for i, frames in enumerate(said):
        require_shape(f"frames[{i}]", frames, ("T", ending.shape[1]), "ending_alike")
    require_shape("speakers", speakers, (len(said),), "ending_alike")
    longest = max(map(len, said))
    if lead + longest > T:
        raise ValueError(
            f"T is {T}; the longest utterance ends after {lead + longest} steps"
        )
    xs = np.zeros((T, len(said), ending.shape[1]), dtype)
    for column, frames in enumerate(said):
        end = lead + len(frames)
        xs[lead:end, column] = floats(f"frames[{column}]", frames, dtype)
        xs[end:, column] = np.resize(ending, (T - end, ending.shape[1]))
    return Batch(xs, speakers)


def _require(T: Any, B: Any, rng: object, *, shortest: int) -> tuple[int, int]:
    """T and B as Python's integers, whose products do not overflow."""
    require_rng(rng, "this task")
    require_sizes("this task", shortest, T=T)
    require_sizes("this task", B=B)
    return int(T), int(B)


def _float(dtype: Any) -> np.dtype:
    """The dtype of this name or type. Raises TypeError unless it is one of floats."""
    floating = (np.float16, np.float32, np.float64)
    if not isinstance(dtype, str | type | np.dtype) or dtype not in floating:
        raise TypeError(f"dtype is {shown(dtype)}; expected np.float32 or np.float64")
    return np.dtype(dtype)

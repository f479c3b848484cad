"""What single units of a network follow: a score for each unit, and the best unit,
chosen and scored on different text.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncourse.arrays import Array, Float
from rnncourse.checks import floats, require_plain, require_shape


class Follower(NamedTuple):
    """The unit that best follows a property, and how well."""

    unit: int
    sign: int  # 1, or -1 where the unit is low when the property is high
    chosen: float  # its score on the text that chose it, after the sign is turned
    believed: float  # the same on text that had no part in the choice


def auc(values: Float[Array, "T H"], inside: Array) -> Float[Array, "*properties H"]:
    """For each unit, how often its value at a random step inside is above that at a
    random step outside.

        P(value inside > value outside) + P(equal) / 2
            = (sum of ranks inside - n (n + 1) / 2) / (n (T - n))

    for n steps inside: 1 for a unit that tells both apart without fail, 0 for one that
    does so upside down, 1/2 for one that knows nothing. It is the area under the ROC
    curve. `inside` holds T truth values, or is (properties, T). Raises ValueError where
    a property is true everywhere or nowhere, TypeError for other than truth values.
    (Mann and Whitney 1947)
    """
    values = _units(values, "auc")
    inside = _of_steps("inside", inside, values)
    if inside.dtype.kind != "b":
        raise TypeError(f"inside has dtype {inside.dtype}; auc expects truth values")
    n = inside.sum(axis=-1, keepdims=True)
    if (n == 0).any() or (n == len(values)).any():
        raise ValueError(
            f"inside is true at {n.min()} to {n.max()} of {len(values)} steps; auc needs"
            " both"
        )
    return (inside @ ranks(values) - n * (n + 1) / 2) / (n * (len(values) - n))


def ranks(values: Float[Array, "T H"]) -> Float[Array, "T H"]:
    """Each unit's values as places in their ascending order, from 1 to T; equal values
    share the mean of their places.
    """
    values = _units(values, "ranks")
    places = np.empty(values.shape)
    for column, place in zip(values.T, places.T, strict=True):
        order = column.argsort()
        ordered = column[order]
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        times = np.diff(first, append=len(column)).astype(np.intp)
        place[order] = np.repeat(first + (times + 1) / 2, times)
    return places


def correlation(
    values: Float[Array, "T H"], wanted: Array
) -> Float[Array, "*properties H"]:
    """For each unit, Pearson's correlation with a number that belongs to each step:
    from -1 to 1; 0 for a constant unit.

    `wanted` holds T numbers, or is (properties, T). Raises ValueError where a property
    is the same at every step.
    """
    values = _units(values, "correlation")
    wanted = _of_steps("wanted", wanted, values)
    wanted = floats("wanted", wanted, np.dtype(np.float64))
    v = values - values.mean(axis=0, dtype=np.float64)
    w = wanted - wanted.mean(axis=-1, keepdims=True, dtype=np.float64)
    if not w.any(axis=-1).all():
        raise ValueError(
            "wanted is the same at every step; correlation expects a number that"
            " changes"
        )
    lengths = np.sqrt((w * w).sum(axis=-1, keepdims=True) * (v * v).sum(axis=0))
    return np.divide(w @ v, lengths, out=np.zeros(lengths.shape), where=lengths > 0)


def follows(
    values: Float[Array, "T H"], properties: Mapping[str, Array]
) -> Float[Array, "P H"]:
    """How far each unit's score for each property is from knowing nothing, with its
    direction: from -1 to 1.

    2 AUC - 1 for truth values, the correlation for numbers; 0 is no knowledge.
    """
    values, properties = _units(values, "follows"), _named(properties, values)
    known = np.empty((len(properties), values.shape[1]))
    every = list(properties.values())
    truths = np.array([wanted.dtype.kind == "b" for wanted in every], dtype=bool)
    for kind, score in ((truths, auc), (~truths, correlation)):
        if kind.any():
            chosen = np.array([every[i] for i in np.flatnonzero(kind)])
            known[kind] = score(values, chosen)
    known[truths] = 2 * known[truths] - 1
    return known


def best_units(
    values: Float[Array, "T H"], properties: Mapping[str, Array]
) -> dict[str, Follower]:
    """For each property the unit that best follows it in the first half of the steps,
    and its score on the second half.

    The score is the AUC for truth values and the correlation for numbers. The best of
    many units is lucky on the text that chose it, by construction. Only the other half
    tells luck from knowledge.
    """
    values, properties = _units(values, "best_units"), _named(properties, values)
    half, found = len(values) // 2, {}
    first, second = (
        follows(
            values[part], {name: wanted[part] for name, wanted in properties.items()}
        )
        for part in (slice(half), slice(half, None))
    )
    for (name, wanted), chosen, believed in zip(
        properties.items(), first, second, strict=True
    ):
        unit = int(np.abs(chosen).argmax())
        sign = 1 if chosen[unit] >= 0 else -1
        scores = sign * np.array([chosen[unit], believed[unit]])
        scores = (1 + scores) / 2 if wanted.dtype.kind == "b" else scores
        found[name] = Follower(unit, sign, float(scores[0]), float(scores[1]))
    return found


def _units(values: object, owner: str) -> Float[Array, "T H"]:
    require_shape("values", values, ("T", "H"), owner)
    return floats("values", values, np.dtype(np.float64))


def _of_steps(name: str, wanted: object, values: Array) -> Array:
    wanted = require_plain(name, wanted)
    if wanted.ndim not in (1, 2) or wanted.shape[-1] != len(values):
        expected = f"({len(values)},) or (properties, {len(values)})"
        raise ValueError(
            f"{name} has shape {wanted.shape}; values of {len(values)} steps expect"
            f" {expected}"
        )
    return wanted


def _named(properties: object, values: Array) -> dict[str, Array]:
    """Each property as an array of T truth values or numbers."""
    if not isinstance(properties, Mapping):
        kind = type(properties).__name__
        raise TypeError(
            f"properties are a {kind}; expected a mapping of names to arrays"
        )
    for name, wanted in properties.items():
        require_shape(f"property {name!r}", wanted, (len(values),), "a score")
    return {
        name: wanted
        if wanted.dtype.kind == "b"
        else floats(f"property {name!r}", wanted, np.dtype(np.float64))
        for name, wanted in properties.items()
    }

"""Is a gradient right? Central differences, a relative error, and a report by
parameter.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from rnncourse.arrays import Record
from rnncourse.checks import require_record

R = TypeVar("R", bound=Record)


def differences(loss: Callable[[R], float], record: R, *, step: float = 1e-5) -> R:
    """Central differences (L(w + step) - L(w - step)) / (2 step) for each number w of a
    record, one at a time.

    The error is O(step^2) from the formula and O(eps / step) from rounding, so a step
    near 1e-5 is about best in float64, and in float32 nothing is good. Raises TypeError
    for other dtypes than float64. Twice as many evaluations of the loss as there are
    numbers: for small cells only.
    """
    require_record("record", record, "differences")
    for name, leaf in record.leaves().items():
        if leaf.dtype != np.float64:
            raise TypeError(
                f"{name} has dtype {leaf.dtype}; differences expects float64"
            )
    copy = record.map(np.copy)
    leaves = copy.leaves()
    gradient = record.map(np.zeros_like)
    for name, slope in gradient.leaves().items():
        for index in np.ndindex(slope.shape):
            there = leaves[name][index]
            leaves[name][index] = there + step
            above = loss(copy)
            leaves[name][index] = there - step
            below = loss(copy)
            leaves[name][index] = there
            slope[index] = (above - below) / (2 * step)
    return gradient


def report(ours: R, theirs: R) -> dict[str, float]:
    """For each array, the largest difference divided by the largest value of either: 0
    is equal, 2 is opposite.

    Raises ValueError unless both have arrays of the same names and shapes.
    """
    for name, record in (("ours", ours), ("theirs", theirs)):
        require_record(name, record, "a comparison")
    errors = {}
    other = theirs.leaves()
    if ours.leaves().keys() != other.keys():
        raise ValueError(
            f"arrays are {list(ours.leaves())} and {list(other)}; a comparison expects"
            " the same"
        )
    for name, a in ours.leaves().items():
        b = other[name]
        if a.shape != b.shape:
            raise ValueError(
                f"{name} has shapes {a.shape} and {b.shape}; a comparison expects the"
                " same"
            )
        scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
        errors[name] = float(np.abs(a - b).max(initial=0) / scale) if scale else 0.0
    return errors


def relative_error(ours: R, theirs: R) -> float:
    """The largest entry of `report`; NaN where any gradient is NaN."""
    return float(np.max(list(report(ours, theirs).values())))

"""What a value is called, and how it differs from what is right."""

from collections.abc import Callable
from numbers import Real

import numpy as np


def kind_of(value: object) -> str:
    """What a verdict calls a value of this type."""
    kinds = {
        "bool": bool,
        "a number": Real,
        "an array": np.ndarray,
        "a class": type,
        "a function": Callable,
    }
    return next(
        (kind for kind, types in kinds.items() if isinstance(value, types)),
        type(value).__name__,
    )


def difference(names: tuple[str, ...], want, got, tolerance: float) -> str:
    """How `got` differs from `want`, or "".

    By how much is said of arrays only: it would give a number away.
    """
    name, kind = ", ".join(names), kind_of(want)
    if (
        kind == "tuple"
        and kind_of(got) == "an array"
        and np.shape(got)[:1] == (len(want),)
    ):
        return difference(names, want, tuple(got), tolerance)  # parts that are stacked
    if all(isinstance(value, tuple | list) for value in (want, got)):
        if len(got) != len(want):
            return f"{name}: expected {len(want)} parts, got {len(got)}"
        each = names if len(names) == len(want) else [name] * len(want)
        parts = zip(each, want, got, strict=True)
        complaints = (difference((part,), w, g, tolerance) for part, w, g in parts)
        return next(filter(None, complaints), "")
    without_axes = kind_of(got) == "an array" and np.ndim(got) == 0  # a number, too
    if kind != kind_of(got) and not (kind == "a number" and without_axes):
        return f"{name}: expected {kind}, got {kind_of(got)}"
    if (
        hasattr(want, "__dict__")
        and kind not in ("an array", "a class")
        and type(want).__name__ != "function"
    ):
        wanted, found = ([*vars(value).values()] for value in (want, got))
        return difference(tuple(vars(want)), wanted, found, tolerance)
    if kind not in ("a number", "an array"):
        if np.isinf(tolerance) or isinstance(want, np.random.Generator):
            return ""
        same = (
            want.casefold().split() == got.casefold().split()
            if isinstance(want, str)
            else want == got
        )
        return "" if same else f"{name} differs"
    if np.shape(got) != np.shape(want):
        return f"{name}: expected shape {np.shape(want)}, got {np.shape(got)}"
    if (
        kind == "an array"
        and got.dtype != want.dtype
        and {got.dtype.kind, want.dtype.kind} - {"i", "u"}
    ):
        return f"{name}: expected dtype {want.dtype}, got {got.dtype}"
    wants, gots = np.asarray(want, float), np.asarray(got, float)
    finite = np.isfinite(wants)
    if not np.isfinite(gots[finite]).all():
        return f"{name}: expected finite numbers, got NaN or infinity"
    # a known mistake may be one that gives NaN
    same = (gots == wants) | (np.isnan(gots) & np.isnan(wants))
    gap = np.abs(np.where(same, 0.0, gots - wants)).max(initial=0.0)
    error = gap / (np.abs(wants[finite]).max(initial=0.0) or 1.0)
    if error <= tolerance:
        return ""
    return f"{name} differs" + (f": relative error {error:.0e}" if wants.ndim else "")

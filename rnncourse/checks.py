"""What comes in, checked: each error says what was expected and what came.

TypeError for wrong kinds, ValueError for wrong values.
"""

from typing import Any

import numpy as np

from rnncourse.arrays import Array, Int, Record, frozen, there


def shown(value: object) -> str:
    """A wrong value as a message names it: what is short itself, of all else the kind."""
    plain = value is None or isinstance(value, bool | int | float | str | list | tuple)
    text = repr(value) if plain else ""
    if isinstance(value, np.number):
        return f"{value}"
    if text and len(text) <= 40 and "array(" not in text:
        return text
    return f"a {type(value).__name__}"


def require_shape(
    name: str, array: object, shape: tuple[int | str, ...], owner: str
) -> None:
    """Raise unless `array` is an array of this shape; a letter stands for any length of
    one or more.

    Raises TypeError for what is no array or has a mask, ValueError for another shape.
    """
    expected = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    if not isinstance(array, np.ndarray):
        kind = type(array).__name__
        raise TypeError(
            f"{name} is a {kind}; {owner} expects an array of shape {expected}"
        )
    require_plain(name, array)
    fits = len(array.shape) == len(shape) and all(
        have > 0 if isinstance(want, str) else have == want
        for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}; {owner} expects {expected}")


def require_plain(name: str, array: object) -> Array:
    """`array` as an array. Raises TypeError for one with a mask, which would not be
    seen, ValueError for rows of several lengths.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, and its mask would not be seen; expected an array"
            " (for sequences of several lengths: `lengths`)"
        )
    try:
        return np.asarray(array)
    except ValueError:
        raise ValueError(
            f"{name} has rows of several lengths; expected an array (pad the rows, and"
            " give their `lengths` or a mask)"
        ) from None


def require_one_dtype(record: Record) -> None:
    """Raise TypeError unless all arrays of a record are floats of one dtype."""
    first, *_ = leaves = record.leaves()
    owner = type(record).__name__
    for name, leaf in leaves.items():
        if leaf.dtype.kind != "f":
            raise TypeError(f"{name} has dtype {leaf.dtype}; {owner} expects floats")
        if leaf.dtype != leaves[first].dtype:
            raise TypeError(
                f"{name} has dtype {leaf.dtype}, {first} has {leaves[first].dtype};"
                f" {owner} expects one dtype"
            )


def require_rng(rng: object, owner: str) -> None:
    """Raise TypeError unless `rng` is a numpy.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng is a {type(rng).__name__}; {owner} expects a numpy.random.Generator,"
            " as default_rng(0) makes one"
        )


def require_record(name: str, value: object, owner: str) -> None:
    """Raise TypeError unless a value is a `Record`."""
    if not isinstance(value, Record):
        raise TypeError(
            f"{name} is {shown(value)}; {owner} expects a record, such as a cell or a"
            " network"
        )


def require_number(name: str, value: object, owner: str) -> float:
    """The value as a float: a numpy scalar would turn float32 parameters into float64.

    Raises TypeError for what is no real number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} is {shown(value)}; {owner} expects a number")
    if isinstance(value, np.complexfloating):
        raise TypeError(f"{name} is {value}; {owner} expects a real number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is an integer beyond all floats") from None


def require_sizes(owner: str, least: int = 1, **sizes: object) -> None:
    """Raise unless every size is an integer, of `least` or more.

    Raises TypeError for other than integers, ValueError for a smaller one.
    """
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or isinstance(size, bool):
            raise TypeError(f"{name} is {shown(size)}; {owner} expects an integer")
        if not least <= size < 2**31:
            upto = "or more" if size < least else "to 2,147,483,647"
            raise ValueError(f"{name} is {size}; {owner} expects {least} {upto}")


def require_lengths(lengths: object, T: int, B: int, owner: str) -> Int[Array, " B"]:
    """The lengths of B sequences that stand side by side in T steps, as a copy.

    Raises TypeError for other than integers, ValueError for one outside 1..T.
    """
    require_shape("lengths", given := require_plain("lengths", lengths), (B,), owner)
    if given.dtype.kind not in "iu":
        raise TypeError(f"lengths have dtype {given.dtype}; {owner} expects integers")
    if given.min() < 1 or given.max() > T:
        wrong = given.min() if given.min() < 1 else given.max()
        raise ValueError(f"lengths contain {wrong}; {T} steps expect 1 to {T}")
    return given.astype(np.intp)


def reals(name: str, array: object, dtype: np.dtype) -> Array:
    """`array` as floats of `dtype` (no copy where it has it already).

    Raises TypeError for other than real numbers, and for an array with a mask.
    """
    given = require_plain(name, array)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name} has dtype {given.dtype}; real numbers were expected")
    with np.errstate(over="ignore"):  # what is too large for dtype becomes infinite
        return given.astype(dtype, copy=False)


def floats(name: str, array: object, dtype: np.dtype) -> Array:
    """As `reals`, and raises ValueError for NaN, infinity, and what is too large for
    `dtype`.
    """
    given = reals(name, array, dtype)
    if not np.isfinite(given).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(given))[0])
        raise ValueError(
            f"{name} is {given[where]} at {where}; every value must be finite"
        )
    return given


def check_inputs(cell: Any, xs: Any, lengths: Any) -> tuple[Array, Array | None]:
    """Inputs and lengths as the loop wants them, both its own; or an error that says
    what was expected and what came.
    """
    owner = f"{type(cell).__name__} with D = {cell.D}"
    symbols = isinstance(xs, np.ndarray) and xs.dtype.kind in "iu"
    if symbols and xs.ndim == 3:
        raise TypeError(
            f"xs has dtype {xs.dtype} and shape {xs.shape}; {owner} expects vectors as"
            " floats, (T, B, D), or symbols as integers, (T, B)"
        )
    if symbols:
        require_shape("xs of symbols", xs, ("T", "B"), owner)
    else:
        require_shape("xs", xs, ("T", "B", cell.D), owner)
    xs = xs.copy()
    if lengths is not None:
        lengths = require_lengths(lengths, len(xs), xs.shape[1], owner)
        xs[~there(lengths, len(xs))] = 0
    if not symbols:
        return frozen(floats("xs", xs, cell.W_x.dtype)), lengths
    if xs.min() < 0 or xs.max() >= cell.D:
        wrong = xs.min() if xs.min() < 0 else xs.max()
        raise ValueError(
            f"xs contain symbol {wrong}; {owner} expects 0 to {cell.D - 1}"
        )
    return frozen(xs), lengths


def check_state(cell: Any, state: Any, B: int, name: str = "state") -> Any:
    """A copy of the state in the cell's dtype, where it is of its kind with B rows; else
    an error: what was expected, what came.
    """
    expected = cell.zero_state(B)
    require_kind(name, state, type(expected), type(cell).__name__)
    for part, leaf in expected.leaves().items():
        require_shape(
            f"{name}.{part}", getattr(state, part), leaf.shape, type(cell).__name__
        )
    return state.map(lambda leaf: floats(name, leaf, cell.W_h.dtype).copy())


def require_kind(name: str, value: object, kind: type, owner: str) -> None:
    """Raise TypeError unless a value is of this very class."""
    if type(value) is not kind:
        raise TypeError(
            f"{name} is a {type(value).__name__}; {owner} expects a {kind.__name__}"
        )

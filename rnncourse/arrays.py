"""The vocabulary of every other file: axis letters, array types, and records of arrays.

    T time steps   B sequences in a batch   D input size   H hidden size
    G gate columns (H, 3H or 4H)            V vocabulary, or size of the output

Vectors are rows and time comes first: a sequence has the shape `(T, B, D)`, a state
`(B, H)`.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float
from jaxtyping import Integer as Int  # signed or not

Array = np.ndarray

__all__ = [
    "Array",
    "Batch",
    "Bool",
    "Float",
    "Int",
    "Record",
    "columns",
    "floats",
    "freeze",
    "frozen",
    "length",
    "reals",
    "require_lengths",
    "require_number",
    "require_one_dtype",
    "require_plain",
    "require_record",
    "require_rng",
    "require_shape",
    "require_sizes",
    "shown",
    "sum_of_rows",
    "there",
]


class Batch(NamedTuple):
    """What one update learns from: inputs, targets, and where the sequences begin and
    end.
    """

    xs: Array  # values (T, B, D), or symbols (T, B)
    targets: Array  # what the loss compares with
    fresh: bool = True  # False: the sequences go on where the last batch ended
    lengths: Array | None = None  # (B,): steps of each sequence; None: all have T


@dataclass(frozen=True, eq=False)
class Record:
    """A frozen dataclass of arrays, which may hold other records, or tuples of them.

    The parameters of a cell are a record; so are its gradients and its state. What
    every optimiser, check and test needs of a record is here: a name for each array,
    and a function applied to each.
    """

    def leaves(self) -> dict[str, Array]:
        """The arrays by name, in the order of the fields; dots join nested names."""
        return dict(_leaves(self, ""))

    def map(self, f: Callable[..., Array], *others: Self) -> Self:
        """A record of f(array, *arrays of the others under the same name); all else is
        kept as it is.
        """
        return _map(f, self, *others)

    @property
    def size(self) -> int:
        """How many numbers the record holds; a part that counts in its own way (a
        Clockwork) does so in here, too.
        """
        return sum(_size(getattr(self, field.name)) for field in fields(self))


def _leaves(part: object, name: str) -> Iterator[tuple[str, Array]]:
    if isinstance(part, np.ndarray):
        yield name, part
    elif isinstance(part, Record):
        for field in fields(part):
            inner = f"{name}.{field.name}".lstrip(".")
            yield from _leaves(getattr(part, field.name), inner)
    elif isinstance(part, tuple):
        for index, item in enumerate(part):
            yield from _leaves(item, f"{name}.{index}")


def _size(part: object) -> int:
    if isinstance(part, tuple):
        return sum(_size(item) for item in part)
    return part.size if isinstance(part, np.ndarray | Record) else 0


def _map(f: Callable[..., Array], part: Any, *others: Any) -> Any:
    if isinstance(part, np.ndarray):
        return f(part, *others)
    if isinstance(part, Record):
        names = [field.name for field in fields(part)]
        parts = ([getattr(record, n) for n in names] for record in (part, *others))
        return replace(
            part, **{n: _map(f, *of) for n, *of in zip(names, *parts, strict=True)}
        )
    if isinstance(part, tuple):
        return tuple(_map(f, *items) for items in zip(part, *others, strict=True))
    return part


def columns(a: Float[Array, "B G"], gates: int) -> Float[Array, "gates B H"]:
    """The G columns as gates of H columns each, to be unpacked: views, no copies."""
    return a.reshape(len(a), gates, -1).swapaxes(0, 1)


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


def shown(value: object) -> str:
    """A wrong value as a message names it: what is short itself, of all else the kind."""
    plain = value is None or isinstance(value, bool | int | float | str | list | tuple)
    text = repr(value) if plain else ""
    if isinstance(value, np.number):
        return f"{value}"
    if text and len(text) <= 40 and "array(" not in text:
        return text
    return f"a {type(value).__name__}"


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


def there(lengths: Int[Array, " B"], T: int) -> Bool[Array, "T B"]:
    """True at the steps of each sequence, False beyond its length: the mask of a loss."""
    return np.arange(T)[:, None] < lengths


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


def frozen(array: Array) -> Array:
    """The same array, read-only from now on."""
    array.setflags(write=False)
    return array


def freeze(parts: Iterable[Any]) -> None:
    """Make every array of a tape read-only, and of the tapes in it."""
    for part in parts:
        if isinstance(part, np.ndarray):
            part.setflags(write=False)
        else:
            freeze(part)


def sum_of_rows(array: Float[Array, "*shape N"]) -> Float[Array, " N"]:
    """The sum over all axes but the last, in the dtype of the array.

    Added up one after the other in single precision, a million rows would keep three
    digits. So 32 rows make a sum, and the sums are added up in double.
    """
    rows = array.reshape(-1, array.shape[-1])
    if array.dtype == np.float64:
        return rows.sum(axis=0)
    whole = len(rows) // 32 * 32
    some = rows[:whole].reshape(-1, 32, rows.shape[1]).sum(axis=1)
    rest = rows[whole:].sum(axis=0, dtype=np.float64)
    return (some.sum(axis=0, dtype=np.float64) + rest).astype(array.dtype)


def length(array: Float[Array, "*shape"]) -> float:
    """The Euclidean length of all numbers together, √(sum of squares).

    Where squares leave the range of floats (at 1e-23 and 1e19 in float32) the numbers are
    divided by the largest first.
    """
    square = np.vdot(array, array)
    smallest, largest = SAFE[array.itemsize]
    if smallest < square < largest:
        return math.sqrt(square)
    top = float(np.abs(array).max(initial=0))
    if top == 0 or not np.isfinite(top):
        return top
    scaled = array.astype(np.float64) / top
    return top * math.sqrt(np.vdot(scaled, scaled))


# by the bytes of a float: between these a sum of squares has lost nothing
SAFE = {2: (1.0, 1e4), 4: (1e-24, 3e38), 8: (1e-260, 1e308)}

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
    "chosen",
    "columns",
    "freeze",
    "frozen",
    "input_gradient",
    "length",
    "rows",
    "sum_of_rows",
    "there",
    "times",
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


def there(lengths: Int[Array, " B"], T: int) -> Bool[Array, "T B"]:
    """True at the steps of each sequence, False beyond its length: the mask of a loss."""
    return np.arange(T)[:, None] < lengths


def chosen(alive: Array, now: Any, before: Any) -> Any:
    """`now` for the sequences that are alive, `before` for those that have ended."""
    return now.map(lambda a, b: np.where(alive[:, None], a, b), before)


def rows(array: Float[Array, "T B N"]) -> Float[Array, "TB N"]:
    """The T·B rows of a sequence, one under the other."""
    return array.reshape(-1, array.shape[-1])


def times(
    array: Float[Array, "T B M"], W: Float[Array, "M N"]
) -> Float[Array, "T B N"]:
    """Each row times W, as one product of all T·B rows."""
    return (rows(array) @ W).reshape(*array.shape[:-1], W.shape[1])


def input_gradient(
    xs: Float[Array, "T B D"] | Int[Array, "T B"], da_xs: Float[Array, "T B G"], D: int
) -> Float[Array, "D G"]:
    """dL/dW_x = the sum over t of x_t^T da_t; for symbols, the sum of the rows of da
    that stand at each symbol.
    """
    if xs.ndim == 3:
        return rows(xs).T @ rows(da_xs)
    dW_x = np.zeros((D, da_xs.shape[-1]), da_xs.dtype)
    order = np.argsort(xs, axis=None, kind="stable")
    symbols, starts = np.unique(xs.ravel()[order], return_index=True)
    dW_x[symbols] = np.add.reduceat(
        rows(da_xs)[order], starts, axis=0, dtype=np.float64
    )
    return dW_x


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
    if array.dtype == np.float64 or len(rows) < 32:
        return rows.sum(axis=0, dtype=np.float64).astype(array.dtype, copy=False)
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

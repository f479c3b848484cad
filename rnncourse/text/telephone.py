"""Telephone numbers, read out in pairs of digits: in English, to be written in German.

    thirty four  twenty  zero seven    vier und dreißig  zwanzig  null sieben .

German says the units before the tens, so the words cross within a pair and keep their
order between pairs. Numbers come in three parts, disjoint by the sum of their digits.
"""

from typing import Any

import numpy as np

from rnncourse.arrays import Array, Batch, Int
from rnncourse.checks import require_rng, require_sizes, shown

_EN = """zero one two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen"""
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_DE = """null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn
vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"""
_DE_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"

ENGLISH = (*_EN.split(), *_EN_TENS.split())
GERMAN = (*_DE.split(), *_DE_TENS.split(), "ein", "und", ".")  # "." ends the answer
END = len(GERMAN) - 1
PARTS = {"learn": range(2, 10), "tune": range(1, 2), "test": range(1)}  # of digit sums


def english(pair: int) -> list[str]:
    """The words of a number of two digits, 0 to 99; below 10 the zero is said, too."""
    pair = _require_pair(pair)
    if pair < 20:
        return [*["zero"] * (pair < 10), ENGLISH[pair]]
    return [ENGLISH[18 + pair // 10], *[ENGLISH[pair % 10]] * (pair % 10 > 0)]


def german(pair: int) -> list[str]:
    """The same in German: the units before the tens."""
    pair = _require_pair(pair)
    if pair < 20:
        return [*["null"] * (pair < 10), GERMAN[pair]]
    units = ["ein" if pair % 10 == 1 else GERMAN[pair % 10], "und"] * (pair % 10 > 0)
    return [*units, GERMAN[18 + pair // 10]]


def alignment(pair: int) -> list[int | None]:
    """For each German word of a pair, the place of the English word that it stands for:
    (1, None, 0) where units and tens swap, since "und" stands for none.
    """
    if pair >= 20 and pair % 10:
        return [1, None, 0]
    return list(range(len(german(pair))))


def telephone(
    k: int, B: int, *, rng: np.random.Generator, part: str = "learn"
) -> tuple[Batch, Int[Array, "B k"]]:
    """B numbers of k pairs of digits, and the pairs.

    xs (S, B) are English words, by their place in `ENGLISH`, padded with zeros beyond
    `lengths`; targets (T, B) German ones, padded with END. The last digit of the sum of
    a number's digits tells its part: 0 "test", 1 "tune", else "learn". Raises ValueError
    for k or B below 1 and for another part.
    """
    require_rng(rng, "telephone")
    require_sizes("telephone", k=k, B=B)
    if part not in PARTS:
        raise ValueError(f"part is {shown(part)}; telephone expects {' '.join(PARTS)}")
    digits = rng.integers(0, 10, (B, 2 * int(k)))
    wanted = rng.choice(PARTS[part], B)
    digits[:, -1] = (wanted - digits[:, :-1].sum(axis=1)) % 10
    pairs = digits[:, ::2] * 10 + digits[:, 1::2]
    return spoken(pairs), pairs


def spoken(pairs: Int[Array, "B k"]) -> Batch:
    """These numbers as a batch of words."""
    rows = pairs.tolist()
    xs = [[ENGLISH.index(w) for pair in row for w in english(pair)] for row in rows]
    ys = [[GERMAN.index(w) for pair in row for w in german(pair)] for row in rows]
    return Batch(_padded(xs, 0), _padded(ys, END, 1), lengths=np.array([*map(len, xs)]))


def _padded(rows: list[list[int]], filler: int, more: int = 0) -> Int[Array, "T B"]:
    padded = np.full((max(map(len, rows)) + more, len(rows)), filler)
    for column, row in enumerate(rows):
        padded[: len(row), column] = row
    return padded


def _require_pair(pair: Any) -> int:
    if not 0 <= pair <= 99:
        raise ValueError(f"pair is {shown(pair)}; expected a number from 0 to 99")
    return int(pair)

"""text.telephone: its words are those of num2words; its parts are disjoint."""

import numpy as np
import pytest

from rnncourse.text.telephone import (
    END,
    ENGLISH,
    GERMAN,
    alignment,
    english,
    german,
    spoken,
    telephone,
)

EVERY = range(100)


def test_the_words_of_a_pair():
    assert english(34) == ["thirty", "four"] and german(34) == [
        "vier",
        "und",
        "dreißig",
    ]
    assert english(7) == ["zero", "seven"] and german(7) == ["null", "sieben"]
    assert english(20) == ["twenty"] and german(20) == ["zwanzig"]
    assert german(21) == ["ein", "und", "zwanzig"] and german(1) == ["null", "eins"]
    assert english(0) == ["zero", "zero"] and german(12) == ["zwölf"]


def test_they_are_the_words_of_num2words():
    num2words = pytest.importorskip("num2words").num2words
    for pair in range(10, 100):
        assert "-".join(english(pair)) == num2words(pair, lang="en")
        assert "".join(german(pair)) == num2words(pair, lang="de")


def test_every_word_has_a_number_and_every_pair_its_words():
    assert len({" ".join(english(pair)) for pair in EVERY}) == 100
    assert len({" ".join(german(pair)) for pair in EVERY}) == 100
    assert {word for pair in EVERY for word in english(pair)} == set(ENGLISH)
    assert {word for pair in EVERY for word in german(pair)} == set(GERMAN) - {"."}
    assert (len(ENGLISH), len(GERMAN), GERMAN[END]) == (28, 31, ".")


def test_the_alignment_crosses_where_units_and_tens_swap():
    for pair in EVERY:
        for word, place in zip(german(pair), alignment(pair), strict=True):
            if place is not None:
                said = english(pair)[place]
                names = {"ein": "one", "eins": "one"}
                same = (
                    ENGLISH.index(said) == GERMAN.index(word)
                    if word != "ein"
                    else False
                )
                assert same or names.get(word) == said
    assert [p for p in EVERY if alignment(p) == [1, None, 0]] == [
        p for p in EVERY if p > 20 and p % 10
    ]


@pytest.mark.parametrize(
    ("part", "sums"), [("test", {0}), ("tune", {1}), ("learn", set(range(2, 10)))]
)
def test_parts_are_told_by_the_sum_of_digits(part, sums):
    rng = np.random.default_rng(0)
    _, pairs = telephone(3, 400, rng=rng, part=part)
    digits = np.stack([pairs // 10, pairs % 10])
    assert set((digits.sum(axis=(0, 2)) % 10).tolist()) == sums
    assert pairs.shape == (400, 3) and pairs.min() == 0 and pairs.max() == 99


def test_a_batch_says_its_numbers():
    batch = spoken(np.array([[34, 20], [7, 7]]))
    said = [
        [ENGLISH[i] for i in xs[:n]]
        for xs, n in zip(batch.xs.T, batch.lengths, strict=True)
    ]
    assert said == [["thirty", "four", "twenty"], ["zero", "seven", "zero", "seven"]]
    written = [[GERMAN[i] for i in column] for column in batch.targets.T]
    assert written[0] == ["vier", "und", "dreißig", "zwanzig", "."]
    assert written[1] == ["null", "sieben", "null", "sieben", "."]


def test_what_does_not_fit_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(
        ValueError, match="part is 'all'; telephone expects learn tune test"
    ):
        telephone(1, 1, rng=rng, part="all")
    with pytest.raises(ValueError, match="k is 0"):
        telephone(0, 1, rng=rng)
    for words in (english, german):
        with pytest.raises(ValueError, match="pair is 100; expected"):
            words(100)

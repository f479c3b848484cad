"""vocabulary: symbols and their numbers, there and back."""

import json
import re
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnncourse.text import Vocabulary, require_symbols

# astral planes and lone surrogates too
any_text = st.text(st.integers(0, sys.maxunicode).map(chr), min_size=1)


@given(any_text)
@example("\U0001f600 naïve ß\x00\n")
@example("\ud83d\ude00")
def test_decode_undoes_encode(text):
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int64
    assert ids.shape == (len(text),)
    assert vocabulary.decode(ids) == text


@given(any_text)
def test_a_number_is_the_place_among_the_sorted_symbols(text):
    vocabulary = Vocabulary.of(text)
    assert list(vocabulary.symbols) == sorted(set(text))
    assert len(vocabulary) == len(set(text))
    places = [vocabulary.symbols.index(symbol) for symbol in text]
    assert vocabulary.encode(text).tolist() == places


def test_vocabularies_of_the_same_symbols_are_equal():
    symbols = ("e", "h", "l", "o")
    assert Vocabulary.of("hello") == Vocabulary.of("hole") == Vocabulary(symbols)


@given(any_text)
@example("\ud800 and \udfff")
def test_a_vocabulary_survives_json(text):
    vocabulary = Vocabulary.of(text)
    stored = json.dumps(vocabulary.symbols).encode("ascii")
    again = Vocabulary(json.loads(stored))
    assert again == vocabulary
    assert hash(again) == hash(vocabulary)
    assert again.decode(again.encode(text)) == text


@pytest.mark.parametrize("symbols", ["abc", b"abc", None, {"a"}, ["a", 1]])
def test_symbols_that_are_no_tuple_of_strings_are_refused(symbols, unchecked):
    with pytest.raises(TypeError, match=r"^symbols are .* expects a tuple of single"):
        Vocabulary(symbols)


def test_nothing_is_encoded_as_nothing():
    vocabulary = Vocabulary.of("a")
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.decode(np.zeros(0, dtype=np.int64)) == ""


def test_a_vocabulary_of_nothing_is_refused():
    message = r"^the text is empty; a vocabulary expects one symbol or more$"
    with pytest.raises(ValueError, match=message):
        Vocabulary.of("")


@pytest.mark.parametrize("symbols", [("b", "a"), ("a", "a"), ("a", "bc"), ("",)])
def test_symbols_that_are_not_sorted_single_characters_are_refused(symbols):
    expects = "expected single characters, each once, in ascending order"
    message = re.escape(f"symbols are {symbols!r}; {expects}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        Vocabulary(symbols)


UNKNOWN = {
    "hellß": "'ß' (U+00DF) at position 4",  # above the last
    "axhy": "'a' (U+0061) at position 0",  # below the first
    "hel!lo?": "'!' (U+0021) at position 3",  # the first of two
    "ho\U0001f600": "'\U0001f600' (U+1F600) at position 2",
}


@pytest.mark.parametrize(("text", "what"), UNKNOWN.items())
def test_an_unknown_symbol_is_named_with_its_place(text, what):
    message = re.escape(f"{what} is not among the 4 symbols of this vocabulary")
    with pytest.raises(ValueError, match=f"^{message}$"):
        Vocabulary.of("hello").encode(text)


@pytest.mark.parametrize("wrong", [-1, 4])
def test_a_number_outside_the_vocabulary_is_named_with_its_place(wrong):
    message = f"{wrong} at position 2 is not the number of a symbol"
    with pytest.raises(ValueError, match=f"^{message}; expected 0 to V - 1, V = 4$"):
        Vocabulary.of("hello").decode(np.array([0, 3, wrong, 9]))


NO_ROWS = [
    (np.zeros(3), "float64 and shape (3,)"),
    (np.zeros((2, 3), dtype=np.int64), "int64 and shape (2, 3)"),
    ("hello", "<U5 and shape ()"),
]


@pytest.mark.parametrize(("ids", "what"), NO_ROWS)
def test_what_is_no_row_of_integers_is_refused(ids, what):
    message = re.escape(f"ids have dtype {what}; expected integers of shape (N,)")
    with pytest.raises(TypeError, match=f"^{message}$"):
        require_symbols(ids)

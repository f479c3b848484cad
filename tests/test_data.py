"""data: files that packages carry, read without running the packages; sunspots, vowels."""

import importlib.util
import re
import sys

import numpy as np
import pytest

from rnncourse.tasks import ending_alike
from rnncourse.text.corpora import Utterances, packaged, sunspots, vowels


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (
            sunspots,
            "The sunspots are missing; run: pip install --no-deps statsmodels==0.15.0",
        ),
        (
            lambda: vowels("test"),
            "The vowels are missing; run: pip install --no-deps aeon==1.6.0",
        ),
    ],
)
def test_missing_data_is_answered_with_the_line_that_installs_it(
    read, message, monkeypatch
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=f"^{re.escape(message)}$"):
        read()


def test_files_are_found_without_running_the_package(tmp_path, monkeypatch):
    (tmp_path / "quietpackage" / "b").mkdir(parents=True)
    (tmp_path / "quietpackage" / "__init__.py").write_text(
        "raise RuntimeError('this code is not wanted')\n"
    )
    for name in ("b/z.csv", "b/a.csv", "b/a.txt"):
        (tmp_path / "quietpackage" / name).write_text("1")
    monkeypatch.syspath_prepend(tmp_path)
    assert [
        file.name for file in packaged("quietpackage", "1.0", "*/*.csv", "Numbers")
    ] == ["a.csv", "z.csv"]
    with pytest.raises(
        ModuleNotFoundError,
        match=r"^Numbers are missing; run: pip install --no-deps quietpackage==1\.0$",
    ):
        packaged("quietpackage", "1.0", "*.npz", "Numbers")
    assert "quietpackage" not in sys.modules


def test_sunspots():
    spots = sunspots()
    assert spots.shape == (309,) and spots.dtype == np.float64
    assert spots[0] == 5 and spots.max() == spots[1957 - 1700] == 190.2
    assert (
        spots[1715 - 1700 - 4 : 1715 - 1700].min() == 0
    )  # the end of the Maunder minimum
    power = np.abs(np.fft.rfft(spots - spots.mean()))
    assert 10 < 309 / power.argmax() < 12
    assert "statsmodels" not in sys.modules


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


def test_vowels_of_no_part():
    with pytest.raises(
        ValueError, match=r"^part is 'valid'; vowels expects 'train' or 'test'$"
    ):
        vowels("valid")


@pytest.mark.parametrize("lead", [0, 2])
def test_what_was_said_differs_and_the_ending_does_not(lead):
    rng = np.random.default_rng(0)
    said = Utterances(tuple(rng.normal(size=(T, 2)) for T in (3, 5)), np.array([4, 1]))
    ending = rng.normal(size=(4, 2))
    xs, targets, fresh = ending_alike(said, ending, T=14, lead=lead, dtype=np.float32)
    assert fresh and xs.shape == (14, 2, 2) and xs.dtype == np.float32
    assert targets.tolist() == [4, 1]
    for column, frames in enumerate(said.frames):
        rest = xs[lead + len(frames) :, column]
        assert not xs[:lead, column].any()
        np.testing.assert_allclose(
            xs[lead : lead + len(frames), column], frames, rtol=1e-6
        )
        np.testing.assert_allclose(
            rest, np.concatenate([ending] * 3)[: len(rest)], rtol=1e-6
        )


def test_an_utterance_that_fills_all_steps():
    said = Utterances((np.ones((3, 2)),), np.array([0]))
    assert ending_alike(said, np.zeros((1, 2)), T=3).xs[:, 0].tolist() == [[1, 1]] * 3


def test_too_little_time_is_refused():
    said = Utterances((np.ones((3, 2)),), np.array([0]))
    with pytest.raises(
        ValueError, match="T is 4; the longest utterance ends after 5 steps"
    ):
        ending_alike(said, np.zeros((4, 2)), T=4, lead=2)

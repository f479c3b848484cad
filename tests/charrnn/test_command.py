"""The command: what it prints, what it refuses, and how it ends."""

import io
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from rnncourse import __main__ as command
from rnncourse.charrnn import Run, files
from rnncourse.charrnn.cli import app, run

pytestmark = pytest.mark.slow  # each starts with a training

TEXT = "the cat (a cat) sat on the mat. A dog ate it!\n" * 60
SMALL = [
    "--model",
    "gru",
    "--hidden",
    "8",
    "--batch",
    "4",
    "--window",
    "20",
    "--epochs",
    "1",
]


@pytest.fixture(autouse=True)
def fast_disk(monkeypatch):
    """Tests are not about power cuts."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def call(*words, status=0):
    """What the command prints."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if status == 0 and done.exception:
        raise done.exception
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run and its text."""
    folder = tmp_path_factory.mktemp("command")
    (folder / "t.txt").write_text(TEXT, encoding="utf-8")
    (folder / "bytes.txt").write_bytes(b"\xff\xfe\xfd")
    text = call("train", folder / "t.txt", *SMALL, "--out", folder / "run")
    (folder / "out.txt").write_text(text, encoding="utf-8")
    return folder


def test_training_says_what_it_does_and_where_it_stands(folder):
    text = (folder / "out.txt").read_text(encoding="utf-8")
    for part in ("to learn from", "parameters", "Witten-Bell", "Kneser-Ney"):
        assert part in text
    assert text.index("the line to beat") < text.index("validation")
    assert "rnncourse sample" in text.splitlines()[-1]


def test_sampling_echoes_reports_and_repeats(folder):
    words = ["sample", folder / "run", "--prompt", "the c", "--length", "20"]
    text = call(*words)
    assert text.startswith("the c")
    assert text == call(*words)
    assert call(*words, "--no-echo") == text.removeprefix("the c")
    assert "longest span" in call(*words, "--report-copying")
    assert len(call(*words, "--beam", "2")) == 26


def test_evaluation_stands_beside_counting(folder):
    text = call("evaluate", folder / "run", folder / "t.txt")
    for part in ("nats", "bits", "perplexity", "Witten-Bell", "Kneser-Ney"):
        assert part in text


def test_the_page_is_complete_in_itself(folder):
    path = folder / "page.html"
    text = call("inspect", folder / "run", folder / "t.txt", "--html", path)
    assert "place in the line" in text
    page = path.read_text(encoding="utf-8")
    assert "http" not in page
    assert "src=" not in page
    for part in ("width=device-width", "color-scheme: light dark", "ArrowRight"):
        assert part in page
    call("inspect", folder / "run", folder / "t.txt", "--html", path, status=1)


def test_a_finished_run_goes_on_with_more_epochs(folder):
    words = ["train", "--resume", "--out", folder / "run", "--epochs", "2"]
    before = len(Run.open(folder / "run").metrics())
    call(*words)
    assert len(Run.open(folder / "run").metrics()) > before
    assert Run.open(folder / "run").settings.epochs == 2


BAD = {
    "prompt": ["sample", "run", "--prompt", "the çat"],
    "no run": ["sample", "nowhere"],
    "no text": ["train"],
    "another run": ["train", "t.txt", "--out", "run"],
    "text with resume": ["train", "t.txt", "--resume", "--out", "run"],
    "unknown text": ["evaluate", "run", "x.txt"],
    "temperature": ["sample", "run", "--temperature", "-1"],
    "option": ["train", "t.txt", "--layers", "0"],
    "seed": ["train", "t.txt", "--seed", str(2**32), "--out", "new"],
    "seed of a sample": ["sample", "run", "--seed", "-1"],
    "device": ["train", "t.txt", "--device", "abacus", "--out", "new"],
    "no prompt": ["sample", "run", "--prompt-file", "x.txt"],
    "prompt of bytes": ["sample", "run", "--prompt-file", "bytes.txt"],
    "no such model": ["sample", "run", "--which", "first"],
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line_and_exit_code_2(folder, what, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["rnncourse", *BAD[what]])
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rnncourse: ")


@pytest.mark.parametrize("name", ["train", "sample", "evaluate", "inspect", "check"])
def test_help_has_an_example(name):
    assert f"Example: rnncourse {name}" in call(name, "--help")


def test_check_has_ten_lines():
    lines = CliRunner().invoke(app, ["check"]).output.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("ok")


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(command, "NEEDED", ("torch", "no_such_package"))
    with pytest.raises(SystemExit, match="no_such_package not installed; run: pip"):
        command.main()


def test_ctrl_c_ends_cleanly_and_the_run_goes_on(folder):
    words = [sys.executable, "-m", "rnncourse", "train", folder / "t.txt", *SMALL]
    words[-1] = "5000"
    with subprocess.Popen(
        [*words, "--out", folder / "long"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while "training" not in process.stdout.readline():
            pass
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "go on: rnncourse train --resume" in rest
    path = folder / "long" / "training.safetensors"
    assert files.read_tensors(path)[1]["update"] > 0

"""Several processes train as one does."""

import os
import shlex
import subprocess
import sys

import pytest
import torch

from rnncourse.charrnn import Refusal, Run, Settings, Trainer, files
from rnncourse.charrnn.ranks import Ranks, speaks

TEXT = "the cat sat on the mat. a dog ate the cat!\n" * 40
WORDS = shlex.split(
    "--model lstm --layers 2 --hidden 8 --dropout 0 --batch 4 --window 20"
)

# the command, in which one process dies at an update
PROGRAM = """
import os, signal, sys
from rnncourse.__main__ import main
from rnncourse.charrnn.training import Trainer
learn, dies = Trainer._learn, int(sys.argv.pop(1))
def mortal(self, rate):
    if (self.update, self.ranks.rank) == (dies, 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return learn(self, rate)
Trainer._learn = mortal
os.fsync = lambda handle: None
main()
"""


@pytest.fixture(autouse=True)
def fast_disk(monkeypatch):
    """Tests are not about power cuts."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_tracks_are_shared_equally():
    assert [Ranks(k, 3).share(6) for k in range(3)] == [
        slice(0, 2),
        slice(2, 4),
        slice(4, 6),
    ]
    with pytest.raises(Refusal, match="5 tracks, which 2 processes") as caught:
        Ranks(0, 2).share(5)
    assert "--batch 4" in str(caught.value)
    for ranks in (1, 2, 3, 7):
        batch = Settings().chosen(10_000, 30, ranks=ranks).batch or 0
        assert batch % ranks == 0
        assert batch <= 64


def test_states_are_cut_where_tracks_are():
    state = (torch.arange(24.0).view(2, 4, 3), torch.ones(2, 4, 3))
    parts = [Ranks(k, 2).own(state) for k in range(2)]
    for k, whole in enumerate(state):
        assert torch.equal(torch.cat([part[k] for part in parts], 1), whole)
    assert Ranks().own(state) is state
    assert Ranks(0, 2).own(None) is None


def test_the_first_process_speaks_and_the_others_follow(monkeypatch):
    assert Ranks().after_first(lambda: "begun", lambda: "followed") == "begun"
    monkeypatch.setattr(Ranks, "told", lambda self, *values: (1.0,))
    assert Ranks(1, 2).after_first(lambda: "begun", lambda: "followed") == "followed"
    monkeypatch.setattr(Ranks, "told", lambda self, *values: (0.0,))
    with pytest.raises(Refusal, match="first process"):
        Ranks(1, 2).after_first(lambda: "begun", lambda: "followed")
    monkeypatch.setenv("RANK", "1")
    assert not speaks()


def test_a_batch_that_can_not_be_shared_leaves_no_folder(text):
    with pytest.raises(Refusal, match="2 processes"):
        Run.create([text], text.parent / "run", Settings(batch=5), ranks=Ranks(0, 2))
    assert not (text.parent / "run").exists()


def torchrun(text, dies, *words):
    """The command in two processes, of which one may die."""
    program = text.parent / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = shlex.split("-m torch.distributed.run --standalone --nproc-per-node 2")
    return subprocess.run(
        [sys.executable, *command, program, str(dies), "train", *words, *WORDS],
        capture_output=True,
        text=True,
    )


def trained_alone(text):
    settings = Settings(layers=2, hidden=8, dropout=0.0, batch=4, window=20, epochs=2.0)
    run = Run.create([text], text.parent / "alone", settings)
    losses = [report.loss for report in Trainer(run, sampled=0, device="cpu")]
    return run, losses


def assert_close(one, other, file="training.safetensors"):
    first, second = (files.read_tensors(run.folder / file)[0] for run in (one, other))
    assert first.keys() == second.keys()
    for name, each in first.items():
        torch.testing.assert_close(each, second[name], rtol=1e-3, atol=1e-5, msg=name)


def validated(run):
    lines = [each for each in run.metrics() if each["kind"] == "evaluation"]
    return [each["update"] for each in lines], [each["loss"] for each in lines]


@pytest.mark.slow
def test_two_processes_train_as_one(text):
    alone, losses = trained_alone(text)
    folder = text.parent / "two"
    done = torchrun(text, -1, text, "--epochs", "2", "--out", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("training  on cpu, 2 processes") == 1
    assert done.stdout.count("the line to beat") == 1
    two = Run.open(folder)
    assert_close(alone, two)
    at, found = validated(two)
    assert at == validated(alone)[0]
    assert found == pytest.approx([losses[k - 1] for k in at], rel=1e-5)


@pytest.mark.slow
def test_a_process_that_dies_leaves_a_line_and_a_checkpoint(text):
    alone, _ = trained_alone(text)
    folder = text.parent / "two"
    done = torchrun(text, 13, text, "--epochs", "2", "--out", folder)
    assert done.returncode != 0
    (line,) = [each for each in done.stderr.splitlines() if "rnncourse: " in each]
    assert "update 13: one of the 2 processes has ended" in line
    assert "/" not in line.rpartition("(")[2]  # no path of a machine
    assert files.read_tensors(folder / "training.safetensors")[1]["update"] == 13
    two = Run.open(folder)
    for _ in Trainer(two, sampled=0, device="cpu"):
        pass
    assert_close(alone, two)

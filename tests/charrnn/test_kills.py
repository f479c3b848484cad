"""A training that is killed twenty times ends with the same bits."""

import subprocess
import sys

import pytest
import torch

from rnncourse.charrnn import files

# one start of Python for all: each training is a fork, killed where it happens to be
PROGRAM = """
import os, random, signal, sys, time
os.fsync = lambda handle: None
from pathlib import Path
from rnncourse.charrnn import *
from rnncourse.charrnn import files
from rnncourse.charrnn.run import TRAINING
text, whole, parts, settings = *sys.argv[1:4], Settings(**eval(sys.argv[4]))

def work(folder):
    try:
        run = Run.open(folder)
    except Refusal:
        run = Run.create([text], folder, settings)
    times = [time.monotonic() for _ in Trainer(run, every=0, sampled=3, device="cpu")]
    return times[-1] - times[0] if times else 0

def killed(seconds):
    child = os.fork()
    if not child:
        work(parts)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    path = Path(parts, TRAINING)
    return files.read_tensors(path)[1]["update"] if path.exists() else 0

took, rng = work(whole), random.Random(0)
print(*[killed(rng.uniform(0, took / 8)) for _ in range(20)])
work(parts)
"""


SMALL = {
    "model": "gru",
    "layers": 2,
    "hidden": 8,
    "dropout": 0.3,
    "batch": 4,
    "window": 20,
    "epochs": 12.0,
}


@pytest.mark.slow
def test_kill_9_at_random_moments_changes_no_bit(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat. a dog ate the cat!\n" * 40, "utf-8")
    folders = [tmp_path / name for name in ("whole", "parts")]
    command = [sys.executable, "-c", PROGRAM, text, *folders, repr(SMALL)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    reached = list(map(int, done.stdout.split()))
    assert len(reached) == 20
    assert len(set(reached)) >= 5, reached  # not all before or after the training
    for name in ("model.safetensors", "best.safetensors", "training.safetensors"):
        one, other = (files.read_tensors(folder / name)[0] for folder in folders)
        assert one.keys() == other.keys()
        assert all(torch.equal(each, other[key]) for key, each in one.items()), name

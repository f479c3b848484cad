"""The command `rnncourse train` at work: its speed beside two loops, and its memory.

Its loop takes turns with a plain loop over torch's LSTM at the same sizes (one-hot
vectors, Adam, clipping, the state carried), each update with its loss, as bench.py
compares: below 1 where the command is faster. Then characters per second, of the
command and of a numpy RNN that reads one track, as min-char-rnn does (100 units, windows
of 25, Adagrad). Last, in a process of its own, the most memory that encoding, counting
and training on a generated text take, beyond Python with torch.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["OMP_WAIT_POLICY"] = "passive"  # read when torch is imported

import numpy as np
import torch
from bench import compare, line
from torch import nn
from torch.nn import functional

from rnncourse.charrnn import Run, Settings, Trainer

V, WINDOWS = 65, [(50, 50, 128, 1), (100, 32, 256, 2), (100, 100, 512, 1)]
MEMORY = """
import re, sys
from pathlib import Path
from rnncourse.charrnn import Run, Settings, Trainer
from rnncourse.charrnn.evaluation import noted_baselines
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
settings = Settings(layers=1, hidden=128, epochs=1.0)
run = Run.create([sys.argv[1]], sys.argv[2], settings)
for _ in noted_baselines(run): pass
trainer = Trainer(run, device="cpu")
for report in trainer:
    if report.update == 20: break
trainer._evaluate(report)
print((peak() - before) / 1024)
"""


def random_text(path: Path, size: int) -> Path:
    """A file of characters, V different ones, `size` bytes long."""
    rng = np.random.default_rng(0)
    block = (rng.integers(0, V, 1_000_000) + ord("0")).astype(np.uint8).tobytes()
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
    return path


def command(text: Path, T: int, B: int, H: int, layers: int) -> Callable[[], object]:
    """One update of the command's loop, to be timed."""
    settings = Settings(
        layers=layers, hidden=H, batch=B, window=T, epochs=1e6, dropout=0.0
    )
    folder = text.with_name(f"run-{T}-{B}-{H}-{layers}")
    run = Run.create([text], folder, settings)
    trainer = Trainer(run, every=math.inf, device="cpu")
    return lambda: trainer._step(0.0)


def plain(text: Path, T: int, B: int, H: int, layers: int) -> Callable[[], object]:
    """The same as one writes it first, all symbols in a tensor."""
    data = np.frombuffer(text.read_bytes(), dtype=np.uint8)[: 9 * 10**5] - ord("0")
    ids = torch.tensor(data, dtype=torch.long)
    L = (len(ids) - 1) // B
    xs, ys = (ids[s : s + L * B].view(B, L).T for s in (0, 1))
    lstm, out = nn.LSTM(V, H, layers), nn.Linear(H, V)
    weights = [*lstm.parameters(), *out.parameters()]
    adam = torch.optim.Adam(weights)

    def updates() -> Iterator[float]:
        while True:
            state = None
            for start in range(0, L - T + 1, T):
                x, y = xs[start : start + T], ys[start : start + T]
                hs, state = lstm(functional.one_hot(x, V).float(), state)
                state = tuple(part.detach() for part in state)
                loss = functional.cross_entropy(out(hs).flatten(0, 1), y.flatten())
                adam.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(weights, 1.0)
                adam.step()
                yield loss.item()

    return updates().__next__


def one_track(text: Path, T: int = 25, H: int = 100) -> Callable[[], object]:
    """An update of a numpy RNN on one track, each step a loop's turn."""
    ids = np.frombuffer(text.read_bytes(), dtype=np.uint8)[: 10**6] - ord("0")
    rng = np.random.default_rng(0)
    shapes = [(H, V), (H, H), (V, H), (H, 1), (V, 1)]
    weights = [0.01 * rng.standard_normal(shape) for shape in shapes]
    memory = [np.zeros(shape) for shape in shapes]

    def gradients(h, part):
        W_x, W_h, W_y, b, c = weights
        hs, xs, ps, loss = [h], [], [], 0.0
        for x, y in zip(part[:-1], part[1:], strict=True):
            xs.append(np.zeros((V, 1)))
            xs[-1][x] = 1
            hs.append(np.tanh(W_x @ xs[-1] + W_h @ hs[-1] + b))
            p = np.exp(W_y @ hs[-1] + c)
            ps.append(p / p.sum())
            loss -= np.log(ps[-1][y, 0])
        grads, dh_next = [np.zeros_like(each) for each in weights], np.zeros_like(h)
        for t in reversed(range(T)):
            dy = ps[t].copy()
            dy[part[t + 1]] -= 1
            da = (W_y.T @ dy + dh_next) * (1 - hs[t + 1] ** 2)
            steps = (da @ xs[t].T, da @ hs[t].T, dy @ hs[t + 1].T, da, dy)
            for total, step in zip(grads, steps, strict=True):
                total += step
            dh_next = W_h.T @ da
        return grads, hs[-1], loss

    def updates() -> Iterator[float]:
        while True:
            h = np.zeros((H, 1))
            for start in range(0, len(ids) - T - 1, T):
                grads, h, loss = gradients(h, ids[start : start + T + 1])
                for w, dw, m in zip(weights, grads, memory, strict=True):
                    np.clip(dw, -5, 5, out=dw)
                    m += dw * dw
                    w -= 0.1 * dw / np.sqrt(m + 1e-8)
                yield loss

    return updates().__next__


def memory(folder: Path, megabytes: int) -> float:
    """The most memory beyond Python with torch, in MB."""
    text = random_text(folder / f"{megabytes}.txt", megabytes * 10**6)
    program = [sys.executable, "-c", MEMORY, text, folder / f"run-{megabytes}"]
    return float(subprocess.check_output(program))


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description="The speed and memory of the command.")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds for a line")
    parser.add_argument("--megabytes", type=int, default=500, help="of the long text")
    given = parser.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = random_text(folder / "text.txt", 10**6)
        for T, B, H, layers in WINDOWS:
            sizes = text, T, B, H, layers
            found = compare(command(*sizes), plain(*sizes), given.budget)
            line("command / loop", "float32", (T, B, H, layers), *found)
        T, B = 50, 50
        ratios, times = compare(
            command(text, T, B, 100, 1), one_track(text), given.budget
        )
        fewer = [ratio * 25 / (T * B) for ratio in ratios]  # time for one character
        line("command / one track", "float32", (T, B, 100, 1), fewer, times)
        for size in sorted({5, given.megabytes}):
            print(
                f"a text of {size} MB: {memory(folder, size):.0f} MB of memory at most"
            )


if __name__ == "__main__":
    main()

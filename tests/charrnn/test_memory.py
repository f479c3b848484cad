"""A long text is never in memory as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import re, sys
from pathlib import Path
from rnncourse.charrnn import Run, Settings, Trainer
settings = Settings(layers=1, hidden=8, batch=8, window=20, epochs=1.0)
run = Run.create([sys.argv[1]], sys.argv[2], settings)
for report in Trainer(run, sampled=0, device="cpu"):
    if report.update == 5: break
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]))
"""
LINE = "Zoë saw 漢字 — and nobody, they say, has seen them since.\n".encode()


def most_memory(folder, megabytes):
    """In MB, of encoding a text and some updates."""
    text = folder / f"{megabytes}.txt"
    text.write_bytes(LINE * (megabytes * 10**6 // len(LINE)))
    program = [sys.executable, "-c", PROGRAM, text, folder / f"run-{megabytes}"]
    return int(subprocess.check_output(program)) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_does_not_grow_with_the_text(tmp_path):
    short, long = (most_memory(tmp_path, megabytes) for megabytes in (8, 40))
    # of 32 MB more, a list would take 250, an array of 64-bit numbers as much
    assert long - short < 60, (short, long)

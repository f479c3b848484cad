"""Storing a result beside the script that computed it, with what a reader needs to
compute it again.
"""

import datetime
import json
import os
import platform
import sys
from pathlib import Path

import numpy as np


def save(script: str, **result) -> Path:
    """Write `result` to the .json file beside `script`, with command, date, versions
    and kind of machine.
    """
    path = Path(script).with_suffix(".json")
    about = {
        "command": f"python experiments/{Path(script).name}",
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
    if "torch" in sys.modules:
        about["versions"]["torch"] = sys.modules["torch"].__version__.split("+")[0]
    path.write_text(json.dumps(about | result, indent=1) + "\n")
    return path


def load(name: str) -> dict:
    """The stored result of `experiments/name.py`."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text())

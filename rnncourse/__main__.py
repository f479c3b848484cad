"""The command `rnncourse`, also as `python -m rnncourse`."""

import importlib.util
import sys

NEEDED = ("torch", "typer", "safetensors", "filelock", "tqdm")


def main() -> None:
    """Run the command, or say in one line what has to be installed first."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"rnncourse: {', '.join(missing)} not installed; run: pip install"
            ' "rnncourse[train]"'
        )
    from rnncourse.charrnn.cli import run

    run()


if __name__ == "__main__":
    main()

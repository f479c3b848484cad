"""The folder of a run: what was learned, how, and all that is needed to go on.

config.json            settings, symbols, and the digest of the text's numbers
stream.bin             the text as numbers, in the smallest integer type
metrics.jsonl          what was measured, line by line, with samples
training.safetensors   all to go on from: weights, optimiser, states, update
model.safetensors      the last weights
best.safetensors       the weights with the lowest loss on the validation part
lock                   empty; held by the process that writes
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from rnncourse.arrays import Array
from rnncourse.charrnn import files, stream
from rnncourse.charrnn.model import Model, chosen_device, started
from rnncourse.charrnn.ranks import ALONE, Ranks
from rnncourse.charrnn.refusal import Refusal, of_the_system
from rnncourse.charrnn.settings import Settings
from rnncourse.charrnn.symbols import Symbols

FORMAT = 1
CONFIG, STREAM, METRICS = "config.json", "stream.bin", "metrics.jsonl"
TRAINING, LAST, BEST = (f"{name}.safetensors" for name in ("training", "model", "best"))
LOCK = "lock"
OURS = {CONFIG, STREAM, METRICS, TRAINING, LAST, BEST, LOCK}


class Run:
    """A run in its folder; made by `Run.create` or `Run.open`."""

    def __init__(
        self, folder: Path, settings: Settings, encoded: stream.Encoded, texts: Any
    ) -> None:
        self.folder, self.settings, self.encoded = folder, settings, encoded
        self.texts: list[str] = texts
        self._lock = FileLock(folder / LOCK)

    @classmethod
    def create(
        cls,
        texts: Sequence[str | Path],
        folder: str | Path,
        settings: Settings | None = None,
        *,
        told: Callable[[int], None] = lambda n: None,
        fast: bool = False,
        ranks: Ranks = ALONE,
    ) -> "Run":
        """Encode these texts into a new folder, with all settings chosen.

        Raises Refusal for a folder that holds anything, and for texts and settings that
        do not fit; then nothing is left in the folder.
        """
        folder, settings = Path(folder), settings or Settings()
        require_free(folder)
        names = stream.sources.require_texts(texts)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise of_the_system(error, f"making {folder}") from None
        with files.held(FileLock(folder / LOCK)):
            require_free(folder)  # another process may have been here
            try:
                return cls._encoded(names, folder, settings, told, fast, ranks)
            except BaseException:
                if not (folder / CONFIG).exists():
                    for name in (STREAM, LOCK):
                        files.remove(folder / name)
                    if not any(folder.iterdir()):
                        folder.rmdir()
                raise

    @classmethod
    def _encoded(
        cls,
        names: list[str],
        folder: Path,
        settings: Settings,
        told: Callable[[int], None],
        fast: bool,
        ranks: Ranks,
    ) -> "Run":
        encoded = stream.encode(
            names,
            folder / STREAM,
            unit=settings.unit,
            encoding=settings.encoding,
            min_count=settings.min_count,
            told=told,
        )
        learned = encoded.length - round(encoded.length * settings.val_fraction)
        if learned < 3 or encoded.length - learned < 2:
            raise Refusal(
                f"{', '.join(names)}: {encoded.length} symbols are too few to learn"
                " from and to validate on; use a longer text or another"
                " --val-fraction"
            )
        V = len(encoded.symbols)
        full = settings.chosen(learned, V, fast=fast, ranks=ranks.size)
        run = cls(folder, full, encoded, [str(Path(n).name) for n in names])
        ranks.share(full.batch or 0)
        run.tracks()  # refuses what is too short
        run.write_config()
        return run

    def held(self) -> AbstractContextManager[None]:
        """The folder, for this process alone to write to; again inside of that, too."""
        return files.held(self._lock)

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run in a folder. Raises Refusal for a folder that holds none, for one of a
        later version, and for a config that is damaged.
        """
        folder = Path(folder)
        if not (folder / CONFIG).exists():
            raise Refusal(
                f"{folder} holds no run (it has no {CONFIG}); name the folder that"
                " `rnncourse train` made"
            )
        config = files.read_json(folder / CONFIG)
        version = config.get("rnncourse")
        if not isinstance(version, int):
            raise Refusal(f"{folder / CONFIG} is not of a run of rnncourse")
        if version > FORMAT:
            raise Refusal(
                f"{folder} was made by a later rnncourse (format {version}; this one"
                f" reads {FORMAT}); update it: pip install --upgrade rnncourse"
            )
        known = config["symbols"]
        symbols = Symbols(**(known | {"known": tuple(known["known"])}))
        encoded = stream.Encoded(symbols, config["length"], config["stream"])
        return cls(folder, Settings.of(config["settings"]), encoded, config["texts"])

    def write_config(self) -> None:
        """Write config.json; from then on the folder holds a run."""
        symbols = self.symbols
        known = {name: getattr(symbols, name) for name in ("unit", "rare", "boundary")}
        files.write_json(
            self.folder / CONFIG,
            {
                "rnncourse": FORMAT,
                "texts": self.texts,
                "settings": self.settings.plain(),
                "length": self.encoded.length,
                "stream": self.encoded.sha256,
                "symbols": known | {"known": list(symbols.known)},
            },
        )

    @property
    def symbols(self) -> Symbols:
        """What its numbers stand for."""
        return self.encoded.symbols

    @cached_property
    def parts(self) -> tuple[Array, Array]:
        """The numbers to learn from and those to validate on, read from the disk."""
        ids = stream.opened(self.folder / STREAM, self.encoded)
        return stream.split(ids, self.settings.val_fraction)

    def tracks(self) -> stream.Tracks:
        """The windows to learn from."""
        s: Any = self.settings
        return stream.Tracks(self.parts[0], T=s.window, B=s.batch)

    def new_model(self) -> Model:
        """The network before any update."""
        return started(self.settings, len(self.symbols))

    def model(self, which: str = "best", device: str | None = None) -> Model:
        """The trained network, on a device: the "best" or the "last" one. Raises Refusal
        where there is none yet.
        """
        if which not in ("best", "last"):
            raise Refusal(f"the model is {which!r}; use best or last")
        path = self.folder / (BEST if which == "best" else TRAINING)
        if not path.exists():
            raise Refusal(
                f"{self.folder} has no {which} model yet; train it first (rnncourse"
                f" train --resume --out {self.folder})"
            )
        model, (weights, _) = self.new_model(), files.read_tensors(path)
        if which == "last":  # also of a run that was killed
            own = {name.partition("weights."): each for name, each in weights.items()}
            weights = {name: each for (_, part, name), each in own.items() if part}
        load(model, weights, path)
        return model.to(chosen_device(device)).eval()

    def best_loss(self) -> float:
        """The loss of the best weights on the validation part; infinite before there
        are any.
        """
        path = self.folder / BEST
        return files.read_tensors(path)[1]["loss"] if path.exists() else float("inf")

    def metrics(self) -> list[dict[str, Any]]:
        """What was measured so far."""
        path = self.folder / METRICS
        return files.read_lines(path) if path.exists() else []

    def note(self, content: Mapping[str, Any]) -> None:
        """One more line of metrics."""
        files.append_line(self.folder / METRICS, content)

    def cut_metrics(self, size: int) -> None:
        """Forget the lines after the first `size` bytes: they are measured again.

        Raises Refusal where there are fewer bytes, or no line ends there.
        """
        path = self.folder / METRICS
        data = path.read_bytes() if path.exists() else b""
        if len(data) < size or (size and data[size - 1 : size] != b"\n"):
            raise Refusal(
                f"{path} is damaged: the lines of the last checkpoint are not all there;"
                " take another copy"
            )
        if len(data) > size:
            with path.open("rb+") as file:
                file.truncate(size)
                os.fsync(file.fileno())

    def metrics_size(self) -> int:
        """The length of the metrics in bytes."""
        path = self.folder / METRICS
        return path.stat().st_size if path.exists() else 0


def load(model: Model, weights: Mapping[str, Any], path: Path) -> None:
    """Put weights into a network. Raises Refusal for those of another network."""
    try:
        model.load_state_dict(dict(weights))
    except RuntimeError:
        raise Refusal(
            f"{path} holds the weights of another network than {CONFIG} tells of; take"
            " another copy"
        ) from None


def require_free(folder: Path) -> None:
    """Raise Refusal for a folder that holds a run or anything else.

    What a start that was broken off left there does not count.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise Refusal(f"{folder} is a file; name another folder with --out")
    there = {path.name.removesuffix(".tmp") for path in folder.iterdir()}
    if CONFIG in there:
        raise Refusal(
            f"{folder} holds another run; go on with it (--resume), or name another"
            " folder with --out"
        )
    if there - OURS:
        raise Refusal(
            f"{folder} holds other files ({min(there - OURS)}); name a new folder with"
            " --out"
        )

"""What a training is told, and what it chooses where it is told nothing."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from rnncourse.charrnn.refusal import Refusal
from rnncourse.charrnn.symbols import UNITS
from rnncourse.checks import shown

MODELS = ("lstm", "gru", "rnn")
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
BY_THE_MINUTE = 60_000  # parameters that a minute of a CPU trains


@dataclass(frozen=True)
class Settings:
    """The settings of a training; None is chosen from the length of the text.

    Raises Refusal for a value that can not be meant.
    """

    model: str = "lstm"
    layers: int | None = None
    hidden: int | None = None
    embedding: int | None = None  # 0: symbols are one-hot vectors
    dropout: float | None = None  # between layers and before the read-out
    batch: int | None = None
    window: int | None = None
    unit: str = "char"
    encoding: str = "utf-8"
    min_count: int = 1
    epochs: float | None = None
    minutes: float | None = None
    lr: float | None = None
    clip: float = 1.0
    val_fraction: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (("model", MODELS), ("unit", UNITS)):
            if getattr(self, name) not in choices:
                given = shown(getattr(self, name))
                raise Refusal(f"--{name} is {given}; use one of {', '.join(choices)}")
        least = dict.fromkeys(("layers", "hidden", "batch", "window", "min_count"), 1)
        for name, low in (least | {"embedding": 0, "seed": 0}).items():
            value = getattr(self, name)
            if value is not None and value < low:
                raise Refusal(f"{_option(name)} is {value}; use {low} or more")
        if self.seed >= 2**32:
            raise Refusal(f"--seed is {self.seed}; use one below {2**32}")
        for name in ("epochs", "minutes", "lr", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise Refusal(f"{_option(name)} is {value}; use a number above 0")
        if self.epochs is not None and self.minutes is not None:
            raise Refusal("--epochs and --minutes are both given; use one of them")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise Refusal(f"--dropout is {self.dropout}; use 0 or more, below 1")
        if not 0 < self.val_fraction < 1:
            raise Refusal(
                f"--val-fraction is {self.val_fraction}; use a number between 0 and 1"
            )

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Settings":
        """From JSON. Raises Refusal for a setting that this version does not know."""
        known = {field.name for field in fields(cls)}
        if strange := sorted(set(found) - known):
            raise Refusal(f"the setting {strange[0]!r} is unknown to this version")
        return cls(**found)

    def chosen(
        self, N: int, V: int, *, fast: bool = False, ranks: int = 1
    ) -> "Settings":
        """All settings, for a stream of N symbols to learn from, of which V differ.

        Parameters and symbols are of the same order (Karpathy's rule): the widest
        network with at most N parameters, on a CPU also at most what the minutes given
        can train. `fast` is true for a GPU. The batch is a multiple of `ranks`.
        """
        most = float(N)
        if self.minutes is not None and not fast:
            most = min(most, BY_THE_MINUTE * self.minutes)
        layers = self.layers or (2 if most >= 1_000_000 else 1)
        embedding = self.embedding
        widths = (self.hidden,) if self.hidden else SIZES[::-1]
        for hidden in widths:
            own = (0 if V <= 256 else hidden) if embedding is None else embedding
            if parameters(self.model, layers, hidden, V, own) <= most:
                break
        batch, window = self.batch, self.window
        window = window or max(1, min(100, (N - 1) // 10))
        batch = batch or max(1, min(64, (N - 1) // (4 * window)) // ranks) * ranks
        epochs = self.epochs
        if epochs is None and self.minutes is None:
            epochs = float(min(50, max(1, round(20_000_000 / N))))
        dropout = self.dropout
        if dropout is None:
            dropout = 0.5 if hidden >= 512 else 0.0 if hidden < 256 else 0.2
            dropout = dropout if layers > 1 else dropout / 2
        slow = 1e-3 if self.model == "rnn" else 4e-3
        lr = self.lr or slow * min(1.0, 256 / hidden)
        return replace(
            self,
            layers=layers,
            hidden=hidden,
            embedding=own,
            dropout=dropout,
            batch=batch,
            window=window,
            epochs=epochs,
            lr=lr,
        )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def parameters(model: str, layers: int, hidden: int, V: int, embedding: int) -> int:
    """How many parameters a network has, torch's two biases counted as two."""
    G = GATES[model] * hidden
    first = (embedding or V) * G
    recurrent = layers * (hidden * G + 2 * G) + (layers - 1) * hidden * G
    return V * embedding + first + recurrent + hidden * V + V

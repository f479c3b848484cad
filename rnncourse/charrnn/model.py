"""The network: symbols in, layers of RNN, LSTM or GRU, logits for the next symbol."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from rnncourse.charrnn.refusal import Refusal
from rnncourse.charrnn.settings import Settings

KINDS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class Model(nn.Module):
    """A network over V symbols, with all settings chosen.

    Dropout acts on what goes up, from layer to layer and to the read-out, and not on
    what goes on in time (Zaremba, Sutskever and Vinyals 2014). The LSTM's forget gate
    keeps at first: its bias starts at 1.
    """

    def __init__(self, settings: Settings, V: int) -> None:
        super().__init__()
        s: Any = settings
        self.V, self.kind = V, s.model
        self.embedding = nn.Embedding(V, s.embedding) if s.embedding else None
        self.layers = KINDS[s.model](
            s.embedding or V,
            s.hidden,
            s.layers,
            dropout=s.dropout if s.layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(s.dropout)
        self.read_out = nn.Linear(s.hidden, V)
        if s.model == "lstm":
            with torch.no_grad():
                for name, bias in self.layers.named_parameters():
                    if name.startswith("bias_ih"):
                        bias[s.hidden : 2 * s.hidden] = 1.0

    def forward(self, xs: Any, state: Any = None) -> Any:
        """Logits (T, B, V) after each symbol of xs (T, B), and the state after the last.

        The state is a tuple of tensors (layers, B, H), one or two; None is a zero state.
        """
        hs, last = self.hidden(xs, state)
        return self.read_out(self.dropout(hs)), last

    def hidden(self, xs: Any, state: Any = None) -> Any:
        """The states h (T, B, H) of the last layer, and the state after the last
        symbol.
        """
        if self.embedding is None:
            inputs = functional.one_hot(xs, self.V).to(self.read_out.weight.dtype)
        else:
            inputs = self.embedding(xs)
        inner = state if state is None or self.kind == "lstm" else state[0]
        hs, last = self.layers(inputs, inner)
        return hs, last if isinstance(last, tuple) else (last,)

    @property
    def size(self) -> int:
        """How many parameters it has."""
        return sum(each.numel() for each in self.parameters())


def started(settings: Settings, V: int) -> Model:
    """A network with weights drawn from the seed; the generator of torch is left as it
    was. Raises Refusal for one that does not fit into memory.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        try:
            return Model(settings, V)
        except RuntimeError:  # torch found no room
            raise Refusal(
                f"a network of {settings.layers} x {settings.hidden} does not fit into"
                " memory; use a smaller --hidden (and another --out)"
            ) from None


@contextmanager
def reading(model: Model) -> Iterator[Any]:
    """The network only reads: no dropout, no gradients; then it is as it was. Gives its
    device.
    """
    was = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield model.read_out.weight.device
    finally:
        model.train(was)


def chosen_device(name: str | None = None) -> Any:
    """The device of this name, or the best that there is: CUDA, MPS, CPU. Raises Refusal
    for one that is not there.
    """
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if name is not None and name.partition(":")[0] not in there:
        raise Refusal(f"--device is {name}; here there is {', '.join(there)}")
    return torch.device(name or there[0])


def autocast(device: Any) -> Any:
    """Products in bfloat16 on a CUDA device that has it; on all others as they are."""
    on = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=on)

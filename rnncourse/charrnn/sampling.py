"""Text that a network writes, symbol by symbol."""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnncourse.arrays import Array, Float, Int
from rnncourse.charrnn.model import Model, reading
from rnncourse.charrnn.refusal import Refusal, of_the_system
from rnncourse.charrnn.run import STREAM, Run
from rnncourse.text.sampling import nucleus, tempered


def sample(
    run: Run,
    model: Model,
    *,
    prompt: str = "",
    length: int = 500,
    temperature: float = 0.8,
    top_p: float = 1.0,
    seed: int = 0,
) -> Iterator[str]:
    """What the network writes after a prompt, piece by piece as it is written.

    The prompt is read once. Without one, the network starts after a line's end, or the
    first symbol that it knows. Raises Refusal for a symbol of the prompt that the run
    has not learned.
    """
    ids = drawn(
        run,
        model,
        start(run, prompt),
        length=length,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
    )
    return run.symbols.written(ids)


def start(run: Run, prompt: str) -> Int[Array, " P"]:
    """The numbers of a prompt; without one, of a line's end or the first symbol."""
    symbols = run.symbols
    if prompt:
        return symbols.encode(prompt)
    if symbols.boundary_number is not None:
        return np.array([symbols.boundary_number])
    if symbols.unit == "byte" or "\n" in symbols.known:
        return symbols.encode("\n")
    return np.array([0])


def drawn(
    run: Run,
    model: Model,
    prompt: Int[Array, " P"],
    *,
    length: int,
    temperature: float,
    top_p: float,
    seed: int,
) -> Iterator[int]:
    """The numbers of the symbols that a network writes after these."""
    if not temperature >= 0:
        raise Refusal(f"--temperature is {temperature}; use 0 or more")
    if not 0 < top_p <= 1:
        raise Refusal(f"--top-p is {top_p}; use a number above 0, at most 1")
    if seed < 0:
        raise Refusal(f"--seed is {seed}; use 0 or more")
    rng, reader = np.random.default_rng(seed), Reader(model)
    p = reader.read(prompt)
    for k in range(length):
        chances = nucleus(tempered(p, temperature), top_p)
        P = chances.cumsum()
        symbol = int((rng.random() * P[-1] < P).argmax())
        yield symbol
        if k + 1 < length:
            p = reader.read(np.array([symbol]))


class Reader:
    """A network that reads on from where it is, and says what comes next."""

    def __init__(self, model: Model, state: Any = None) -> None:
        self.model, self.state = model, state

    def read(self, ids: Int[Array, " P"]) -> Float[Array, " V"]:
        """The logits for the symbol after these, which come after all read before."""
        with reading(self.model) as device:
            x = torch.tensor(ids)[:, None].to(device)
            hs, self.state = self.model.hidden(x, self.state)
            logits = self.model.read_out(hs[-1, 0])
        return logits.double().cpu().numpy()


def beam(
    run: Run, model: Model, *, prompt: str = "", length: int = 100, width: int = 5
) -> str:
    """The most probable text of this length after a prompt that a search with `width`
    open continuations finds. It repeats itself: what is probable is not what is usual.
    """
    reader = Reader(model)
    p = _log(reader.read(start(run, prompt)))
    open_: list[tuple[float, list[int], Any, Any]] = [(0.0, [], reader.state, p)]
    for _ in range(length):
        every = np.concatenate([score + p for score, _, _, p in open_])
        V, found = len(run.symbols), []
        for place in np.argsort(-every, kind="stable")[:width]:
            _, ids, state, _ = open_[place // V]
            symbol = int(place % V)
            reader = Reader(model, state)
            p = _log(reader.read(np.array([symbol])))
            found.append((float(every[place]), [*ids, symbol], reader.state, p))
        open_ = found
    return run.symbols.decode(open_[0][1])


def _log(logits: Float[Array, " V"]) -> Float[Array, " V"]:
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def longest_copy(run: Run, ids: Int[Array, " N"]) -> str:
    """The longest span of these symbols that stands in the text that was learned."""
    run.parts  # noqa: B018  (the numbers are what was written)
    dtype, best, first = run.symbols.dtype, 0, 0
    data, end = np.asarray(ids).astype(dtype).tobytes(), len(run.parts[0])
    with (run.folder / STREAM).open("rb") as file:
        text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for i in range(len(ids)):
            while i + best < len(ids) and _stands(
                data, i, best + 1, text, end, dtype.itemsize
            ):
                best, first = best + 1, i
        text.close()
    return run.symbols.decode(ids[first : first + best])


def _stands(data: bytes, i: int, n: int, text: Any, end: int, size: int) -> bool:
    """Whether n symbols from i on stand somewhere in the text's first `end`."""
    wanted, at = data[i * size : (i + n) * size], -1
    while (at := text.find(wanted, at + 1, end * size)) >= 0:
        if at % size == 0:
            return True
    return False


def prompt_of(text: str | None, file: str | None, stdin: Any) -> str:
    """The prompt from a string ("-": standard input) or a file."""
    if text is not None and file is not None:
        raise Refusal("--prompt and --prompt-file are both given; use one of them")
    try:
        if text == "-" or file == "-":
            return stdin.read()
        if file is None:
            return text or ""
        return Path(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"the prompt is no UTF-8 text: {error.reason}") from None
    except OSError as error:
        raise of_the_system(error, "reading the prompt") from None

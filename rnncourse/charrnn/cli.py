"""The command line: it parses and prints, and everything else is elsewhere."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from rnncourse.charrnn import stream, telling
from rnncourse.charrnn.checking import checked
from rnncourse.charrnn.evaluation import LONGEST, Baseline, baselines, loss_of
from rnncourse.charrnn.model import chosen_device
from rnncourse.charrnn.ranks import joined, speaks
from rnncourse.charrnn.refusal import Refusal
from rnncourse.charrnn.run import Run
from rnncourse.charrnn.sampling import beam as best_text
from rnncourse.charrnn.sampling import longest_copy, prompt_of
from rnncourse.charrnn.sampling import sample as written
from rnncourse.charrnn.settings import Settings
from rnncourse.charrnn.training import Trainer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A recurrent network that learns a text, character by character, and writes on.",
)
Texts = Annotated[
    list[str] | None,
    typer.Argument(help="Text files, or the word shakespeare for his plays."),
]
Folder = Annotated[str, typer.Argument(help="The folder that `rnncourse train` made.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps; else the best.")]


READ = 10_000_000  # symbols of a text that `evaluate` reads at most


def _option(help: str, *names: str) -> Any:
    return typer.Option(*names, help=help)


def run() -> None:
    """The command. Bad input is one line and exit code 2."""
    try:
        app()
    except Refusal as refusal:
        if speaks():
            print(f"rnncourse: {refusal}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # `rnncourse sample RUN | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@app.command(
    epilog="Example: rnncourse train shakespeare --minutes 5 --out plays"
    "     Go on: rnncourse train --resume --out plays"
)
def train(
    text: Texts = None,
    model: Annotated[str, _option("lstm, gru or rnn.")] = "lstm",
    layers: Annotated[int | None, _option("Layers; else by the text.")] = None,
    hidden: Annotated[
        int | None, _option("Units of a layer; else by the text.")
    ] = None,
    embedding: Annotated[int | None, _option("Size of an embedding; 0: none.")] = None,
    dropout: Annotated[float | None, _option("Share of units left out.")] = None,
    batch: Annotated[int | None, _option("Tracks read side by side.")] = None,
    window: Annotated[int | None, _option("Symbols a gradient goes back.")] = None,
    unit: Annotated[str, _option("What a symbol is: char, word or byte.")] = "char",
    encoding: Annotated[str, _option("Of the text files.")] = "utf-8",
    min_count: Annotated[int, _option("Rarer symbols become one.")] = 1,
    epochs: Annotated[float | None, _option("Passes over the text.")] = None,
    minutes: Annotated[float | None, _option("Time instead of passes.")] = None,
    lr: Annotated[float | None, _option("The learning rate at the start.")] = None,
    clip: Annotated[float, _option("Largest norm of a gradient.")] = 1.0,
    val_fraction: Annotated[float, _option("Of the text, its end.")] = 0.1,
    seed: Annotated[int, _option("Another one, another training.")] = 0,
    out: Annotated[str | None, _option("The folder of the run.")] = None,
    resume: Annotated[
        bool, _option("Go on with the run in --out.", "--resume")
    ] = False,
    checkpoint_seconds: Annotated[float, _option("Between checkpoints.")] = 60.0,
    device: Device = None,
) -> None:
    """Learn a text. Without options, the sizes are chosen from its length.

    The run is a folder. Ctrl-C ends it cleanly, --resume goes on to the same numbers,
    also after a crash.
    """
    given, folder = locals(), out or "run"
    names = [field.name for field in fields(Settings)]
    settings = Settings(**{name: given[name] for name in names})
    with joined() as ranks, ExitStack() as stack:

        def begin() -> tuple[Run, Baseline | None]:
            if resume:
                found = opened(folder, text)
                stack.enter_context(found.held())
                change(found, lr=lr, epochs=epochs, minutes=minutes)
            else:
                fast = chosen_device(device).type != "cpu"
                found = Run.create(text or [], folder, settings, fast=fast, ranks=ranks)
                stack.enter_context(found.held())
            telling.tell_run(found)
            return found, telling.tell_baselines(found)

        found, goal = ranks.after_first(begin, lambda: (Run.open(folder), None))
        trainer = Trainer(found, device=device, every=checkpoint_seconds, ranks=ranks)
        telling.train_and_tell(trainer, goal)


def opened(folder: str, text: list[str] | None) -> Run:
    """The run in a folder, to go on with."""
    if text:
        raise Refusal(
            f"--resume goes on with the text that {folder} holds; leave {text[0]} out"
        )
    return Run.open(folder)


def change(found: Run, **changes: Any) -> None:
    """Another rate or end, if these are given."""
    exploded = any(each["kind"] == "explosion" for each in found.metrics()[-1:])
    if exploded and changes["lr"] is None:
        raise Refusal(
            f"{found.folder} stopped by an explosion; go on from its best with a smaller"
            f" rate (--lr {(found.settings.lr or 0) / 4:.2g})"
        )
    new = {name: value for name, value in changes.items() if value is not None}
    if len({"epochs", "minutes"} & set(new)) == 1:
        new = {"epochs": None, "minutes": None} | new
    if new:
        found.settings = replace(found.settings, **new)
        found.write_config()


@app.command(
    epilog="Example: rnncourse sample plays --prompt 'ROMEO:' --temperature 0.7"
)
def sample(
    folder: Folder,
    temperature: Annotated[float, _option("Below 1 safe, above 1 wild.")] = 0.8,
    top_p: Annotated[float, _option("Only the likeliest of this mass.")] = 1.0,
    beam: Annotated[int | None, _option("Search the most probable text.")] = None,
    prompt: Annotated[str | None, _option("What to go on from; -: input.")] = None,
    prompt_file: Annotated[str | None, _option("A file with the prompt.")] = None,
    length: Annotated[int, _option("Symbols to write.")] = 500,
    seed: Annotated[int, _option("Another one, another text.")] = 0,
    echo: Annotated[bool, _option("Print the prompt first.")] = True,
    report_copying: Annotated[
        bool, _option("Tell the longest span that was learned.", "--report-copying")
    ] = False,
    which: Annotated[str, _option("The best model or the last.")] = "best",
    device: Device = None,
) -> None:
    """Write with a trained network, symbol by symbol."""
    if length < 0 or (beam is not None and beam < 1):
        raise Refusal("--length is below 0 or --beam below 1; use a larger number")
    found = Run.open(folder)
    model = found.model(which, device)
    begin = prompt_of(prompt, prompt_file, sys.stdin)
    if beam is not None:
        parts = iter([best_text(found, model, prompt=begin, length=length, width=beam)])
    else:
        parts = written(
            found,
            model,
            prompt=begin,
            length=length,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
        )
    text = []
    if echo:
        print(begin, end="")
    for part in parts:
        print(part, end="", flush=True)
        text.append(part)
    print()
    if report_copying:
        copy = longest_copy(found, found.symbols.encode("".join(text)))
        print(f"longest span of the text learned: {len(copy)} characters: {copy!r}")


@app.command(epilog="Example: rnncourse evaluate plays another.txt")
def evaluate(folder: Folder, text: str, device: Device = None) -> None:
    """How well a trained network reads a text, beside what counting does."""
    found = Run.open(folder)
    with numbers_of(found, text) as ids:
        tracks = 1 if len(ids) <= 50_000 else 100
        print(f"{text}: {len(ids):,} {found.settings.unit}s")
        if len(ids) > READ:
            ids = ids[:READ]
            print(f"              only the first {READ:,} are read")
        loss = loss_of(found.model(device=device), ids, tracks=tracks)
        print(f"network       {telling.nats(loss)}")
        unit = found.settings.unit
        for name, n, nats in baselines(found.parts[0], ids, len(found.symbols), unit):
            print(f"{name:<12}  {telling.nats(nats)} (n = {n} of 1 to {LONGEST[unit]})")


@contextmanager
def numbers_of(run: Run, text: str) -> Iterator[Any]:
    """A text in the numbers of a run, on the disk as long as they are needed."""
    names = stream.sources.require_texts([text])
    with tempfile.TemporaryFile() as file:
        for ids in stream.numbers(run.symbols, names, run.settings.encoding):
            file.write(ids.astype(run.symbols.dtype).tobytes())
        size = file.tell() // run.symbols.dtype.itemsize
        if size < 3:
            raise Refusal(f"{text} has {size} symbols; use a text of 3 or more")
        file.flush()
        yield np.memmap(file, dtype=run.symbols.dtype, mode="r")


@app.command(epilog="Example: rnncourse inspect plays another.txt --html page.html")
def inspect(
    folder: Folder,
    text: str,
    html: Annotated[str, _option("The page to write.")] = "inspect.html",
    length: Annotated[int, _option("Symbols of the text on the page.")] = 3000,
    device: Device = None,
) -> None:
    """One page: a text coloured by single units, and what the network expected."""
    from rnncourse.charrnn.page import write_page

    found = Run.open(folder)
    path = Path(html)
    if path.exists():
        raise Refusal(f"{path} is there already; name another file with --html")
    with numbers_of(found, text) as ids:
        ids = np.array(ids[:length], dtype=np.int64)
        for line in write_page(path, found, found.model(device=device), ids):
            print(line)
    print(f"open {path} in a browser")


@app.command(epilog="Example: rnncourse check")
def check() -> None:
    """What is installed, what is missing for what, and whether a small model trains."""
    fine = True
    for good, line in checked():
        fine = fine and good
        print(f"{'ok  ' if good else 'none'}  {line}")
    sys.exit(0 if fine else 1)

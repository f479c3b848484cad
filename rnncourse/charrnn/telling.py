"""What the command prints: a bar on a terminal, plain lines elsewhere."""

import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from rnncourse.charrnn.evaluation import Baseline, noted_baselines, windowed_loss
from rnncourse.charrnn.run import Run
from rnncourse.charrnn.settings import parameters
from rnncourse.charrnn.training import Report, Trainer


def say(text: str) -> None:
    """One line, at once, and above a bar that stands there."""
    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()


def nats(loss: float) -> str:
    """A loss in the three ways in which it is told."""
    return (
        f"{loss:.4f} nats, {loss / math.log(2):.4f} bits, perplexity"
        f" {math.exp(min(loss, 700)):.3f} per symbol"
    )


def tell_run(run: Run) -> None:
    """The text, and the sizes that were chosen for it."""
    s: Any = run.settings
    V, (learn, test) = len(run.symbols), run.parts
    size = parameters(s.model, s.layers, s.hidden, V, s.embedding)
    say(
        f"text      {', '.join(run.texts)}: {len(learn):,} {s.unit}s to learn from,"
        f" {len(test):,} to validate on, {V:,} different"
    )
    until = f"{s.minutes:g} minutes" if s.minutes else f"{s.epochs:g} epochs"
    say(
        f"network   {s.model}, {s.layers} x {s.hidden}, {size:,} parameters, dropout"
        f" {s.dropout:g}, {s.batch} tracks x windows of {s.window}, rate {s.lr:g},"
        f" {until}"
    )


def tell_baselines(run: Run) -> Baseline:
    """The n-gram models, and of them the best: the line to beat."""
    found = []
    for each in noted_baselines(run):
        say(f"counting  {each.name}, n = {each.n}: {each.nats:.4f} nats per symbol")
        found.append(each)
    best = min(found, key=lambda each: each.nats)
    say(f"          the line to beat: {best.nats:.4f}")
    return best


def train_and_tell(trainer: Trainer, goal: Baseline | None) -> None:
    """Train to the end, or until Ctrl-C. Without a line to beat nothing is told."""
    if goal is None:
        with stopping(trainer):
            for _ in trainer:
                pass
        return
    size = trainer.ranks.size
    place = f"{trainer.device}, {size} processes" if size > 1 else f"{trainer.device}"
    say(f"training  on {place}, in {trainer.run.folder}; Ctrl-C ends it cleanly")
    percent = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
    bar = tqdm(
        total=1.0,
        initial=trainer.fraction(),
        disable=not sys.stderr.isatty(),
        bar_format=percent,
    )
    with bar, stopping(trainer):
        for report in trainer:
            bar.update(trainer.fraction() - bar.n)
            bar.set_postfix_str(
                f"loss {trainer.mean:.3f}, rate {report.rate:.1e}, best"
                f" {report.best:.3f}, to beat {goal.nats:.3f}"
            )
            if report.validation is not None:
                say(evaluated(report, goal))
    tell_end(trainer, goal)


def evaluated(report: Report, goal: Baseline) -> str:
    """One line about an evaluation."""
    validation = report.validation or math.nan
    return (
        f"{report.seconds:7.0f} s  update {report.update:,}: validation"
        f" {validation:.4f} (best {report.best:.4f}, {goal.name} {goal.nats:.4f}),"
        f" training {report.loss:.4f}"
    )


def tell_end(trainer: Trainer, goal: Baseline) -> None:
    """Where the network stands, and what comes next."""
    run = trainer.run
    if trainer.stopped:
        say(
            f"stopped   at update {trainer.update:,}; go on: rnncourse train --resume"
            f" --out {run.folder}"
        )
    if trainer.best < math.inf:
        T = run.settings.window or 1
        say(f"best      {nats(trainer.best)}")
        windows = windowed_loss(run.model(), run.parts[1], T=T)
        say(f"          in windows of {T} from a zero state: {windows:.4f} nats")
        gap = goal.nats - trainer.best
        word = "below" if gap > 0 else "above"
        say(f"          {abs(gap):.4f} {word} {goal.name} with n = {goal.n}")
        say(f"write     rnncourse sample {run.folder}")


@contextmanager
def stopping(trainer: Trainer) -> Iterator[None]:
    """Ctrl-C, and the end that a system asks for, wait for the end of an update; a
    second Ctrl-C does not wait.
    """
    before: dict[int, Any] = {}

    def stop(number: int, frame: Any) -> None:
        trainer.stopped = True
        signal.signal(number, before[number])

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

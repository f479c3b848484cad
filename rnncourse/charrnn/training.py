"""Training as a generator of reports, which can be broken off anywhere and goes on to
the same numbers.
"""

import math
import re
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from rnncourse.charrnn import files
from rnncourse.charrnn.evaluation import baselines_size, loss_of
from rnncourse.charrnn.model import autocast, chosen_device
from rnncourse.charrnn.ranks import ALONE, Ranks
from rnncourse.charrnn.refusal import Refusal
from rnncourse.charrnn.run import BEST, LAST, TRAINING, Run, load
from rnncourse.charrnn.sampling import sample

FAR = 1.5  # nats above the lowest mean loss at which a training has exploded
MEAN = 0.9  # of the mean over updates, what each keeps of the one before
VALIDATED = 100_000  # symbols of the validation part that an evaluation reads at most


class Report(NamedTuple):
    """What one update leaves to look at."""

    update: int  # updates so far
    updates: float  # in all, as far as known
    loss: float  # of the batch, before the update, in nats per symbol
    norm: float  # of the gradient, before clipping
    rate: float
    seconds: float  # of training so far, all starts together
    validation: float | None = None  # where it was measured now
    best: float = math.inf  # the lowest so far
    sample: str | None = None


class Explosion(Refusal):
    """The loss is not finite, or far above what it was."""


class Trainer:
    """A training and all that it needs to go on: `for report in Trainer(run): ...`.

    Dropout draws from a generator that the seed and the number of the update set anew
    at each update, so that this number is the generator's whole state.
    """

    def __init__(
        self,
        run: Run,
        *,
        device: str | None = None,
        every: float = 60.0,
        sampled: int = 200,
        ranks: Ranks = ALONE,
    ) -> None:
        self.run, self.every, self.sampled, self.ranks = run, every, sampled, ranks
        self.stopped, self.rested = False, 0.0
        self.device = chosen_device(device)
        self.tracks, self.model = run.tracks(), run.new_model().to(self.device)
        self.mine = ranks.share(self.tracks.B)
        self.update, self.seconds, self.evaluated = 0, 0.0, 0
        self.mean = self.lowest = math.log(len(run.symbols))
        self.state: Any = None
        self.best = run.best_loss()
        self._optimiser()
        if (run.folder / TRAINING).exists():
            self._restore()
        else:
            self.noted = baselines_size(run)
        self.network = ranks.network(self.model)
        self.saved_at = time.monotonic()

    def _optimiser(self) -> None:
        rate = self.run.settings.lr or 0.0
        fused = self.device.type != "mps"
        self.adam: Any = torch.optim.Adam(self.model.parameters(), rate, fused=fused)

    def __iter__(self) -> Iterator[Report]:
        """One report for each update, until the end or until `stopped` is set. Each end
        leaves a checkpoint, a `break` too; what breaks an update leaves the last one.
        """
        with self.run.held() if self.ranks.first else nullcontext():
            if self.ranks.first:
                self.run.cut_metrics(self.noted)
            while (report := self._next()) is not None:
                try:
                    yield report
                except BaseException:
                    self.save(end=True)
                    raise
            self.save(end=True)

    def _next(self) -> Report | None:
        """The report of one more update; None at the end."""
        try:
            (fraction,) = self.ranks.told(1.0 if self.stopped else self.fraction())
            return self._step(fraction) if fraction < 1 else None
        except RuntimeError as error:
            if self.ranks.size == 1:
                raise
            self.save(end=True)
            where, told = r"^\[[^]]*\] ", str(error).splitlines()[0]
            reason = re.sub(where, "", told).partition(". ")[0]
            raise Refusal(
                f"update {self.update}: one of the {self.ranks.size} processes has"
                " ended; what was learned is kept, go on with the same command and"
                f" --resume --out {self.run.folder} ({reason})"
            ) from None

    def fraction(self) -> float:
        """How much of the training is done, from 0 to 1."""
        s = self.run.settings
        if s.minutes is not None:
            return min(1.0, self.seconds / (60 * s.minutes))
        return min(1.0, self.update / self.updates)

    @property
    def updates(self) -> float:
        """How many updates there are in all; of a training by the minute, a guess."""
        s = self.run.settings
        if s.minutes is None:
            return max(1, round((s.epochs or 1.0) * self.tracks.windows))
        return self.update * 60 * s.minutes / self.seconds if self.seconds else math.inf

    def _step(self, fraction: float) -> Report:
        began = time.monotonic()
        rate = (self.run.settings.lr or 0.0) * (1 + math.cos(math.pi * fraction)) / 2
        loss, norm = self._learn(rate)
        self.update += 1
        self.mean = MEAN * self.mean + (1 - MEAN) * loss
        if not math.isfinite(loss + norm) or self.mean > self.lowest + FAR:
            self._explode(loss)
        self.lowest = min(self.lowest, self.mean)
        now = time.monotonic()
        self.seconds += now - began
        report = Report(
            self.update, self.updates, loss, norm, rate, self.seconds, best=self.best
        )
        done = self.fraction()
        by_time = self.run.settings.minutes is not None
        due = int(20 * done) > self.evaluated
        due = due and not (by_time and self.seconds < self.rested)
        if self.ranks.first and (done >= 1 or due):
            self.evaluated = int(20 * done)
            report = self._evaluate(report)
            took = time.monotonic() - now
            self.seconds += took
            self.rested = self.seconds + 10 * took  # a slow evaluation comes less often
        if time.monotonic() - self.saved_at >= self.every:
            self.save()
        return report

    def _learn(self, rate: float) -> tuple[float, float]:
        """One update at this rate: the loss of its batch and the gradient's norm."""
        xs, targets, fresh = self.tracks.window(self.update, self.mine)
        x, y = (torch.tensor(each).to(self.device) for each in (xs, targets))
        state = None if fresh else self.ranks.own(self.state)
        self.model.train()
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            seed = self.run.settings.seed * 1_000_003 + self.update
            torch.manual_seed(seed + (self.ranks.rank << 48))
            with autocast(self.device):
                logits, state = self.network(x, state)
            loss = functional.cross_entropy(logits.float().flatten(0, 1), y.flatten())
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.run.settings.clip)
        mean = self.ranks.mean(loss.detach())
        value, length = self.ranks.told(float(mean), float(norm))
        state = self.ranks.gathered([part.detach() for part in state])
        if math.isfinite(value + length):
            for group in self.adam.param_groups:
                group["lr"] = rate
            self.adam.step()
            self.state = tuple(state)
        return value, length

    def _explode(self, loss: float) -> None:
        note = {"kind": "explosion", "update": self.update, "loss": str(loss)}
        if self.ranks.first:
            self.run.note(note)
        rate = self.run.settings.lr or 0.0
        raise Explosion(
            f"update {self.update}: the loss is {loss:.4g}, far above the best so far;"
            " the best model is kept. Go on from it with a smaller rate: rnncourse"
            f" train --resume --out {self.run.folder} --lr {rate / 4:.2g}"
        )

    def _evaluate(self, report: Report) -> Report:
        loss = loss_of(self.model, self.run.parts[1], most=VALIDATED)
        text = "".join(
            sample(self.run, self.model, length=self.sampled, seed=report.update)
        )
        if loss < self.best:
            self.best = loss
            facts = {"loss": loss, "update": self.update}
            files.write_tensors(self.run.folder / BEST, self.model.state_dict(), facts)
        report = report._replace(validation=loss, best=self.best, sample=text)
        self.run.note({"kind": "evaluation"} | report._asdict())
        return report

    def save(self, *, end: bool = False) -> None:
        """Write a checkpoint, all of it in one file; at an end also the weights alone.

        Of several processes, the first does.
        """
        if not self.ranks.first:
            return
        weights = self.model.state_dict()
        tensors = {f"weights.{name}": each for name, each in weights.items()}
        for k, memory in self.adam.state_dict()["state"].items():
            tensors |= {f"adam.{k}.{name}": each for name, each in memory.items()}
        tensors |= {f"state.{k}": part for k, part in enumerate(self.state or ())}
        names = ("update", "seconds", "evaluated", "mean", "lowest")
        facts = {name: getattr(self, name) for name in names}
        self.noted = self.run.metrics_size()
        facts |= {"metrics": self.noted}
        folder = self.run.folder
        files.write_tensors(folder / TRAINING, tensors, facts)
        if end:
            files.write_tensors(folder / LAST, weights, {"update": self.update})
        self.saved_at = time.monotonic()

    def _restore(self) -> None:
        path, last = self.run.folder / TRAINING, self.run.folder / LAST
        if last.exists():
            files.read_tensors(last)  # only to refuse a damaged one
        tensors, facts = files.read_tensors(path)
        exploded = any(each["kind"] == "explosion" for each in self.run.metrics()[-1:])
        self.noted = facts.pop("metrics")
        for name, value in facts.items():
            setattr(self, name, value)
        own: dict[str, dict[str, Any]] = {"weights": {}, "adam": {}, "state": {}}
        for name, each in tensors.items():
            part, _, rest = name.partition(".")
            own[part][rest] = each
        if exploded:  # on from the best, whose optimiser is not known
            if self.best < math.inf:
                own["weights"] = files.read_tensors(self.run.folder / BEST)[0]
            self.mean, self.lowest = self.lowest, math.log(len(self.run.symbols))
            own["adam"] = own["state"] = {}
        load(self.model, own["weights"], path)
        self.model.to(self.device)
        if own["adam"]:
            groups, memory = self.adam.state_dict()["param_groups"], {}
            for name, each in own["adam"].items():
                k, _, which = name.partition(".")
                memory.setdefault(int(k), {})[which] = each
            self.adam.load_state_dict({"state": memory, "param_groups": groups})
        if own["state"]:
            parts = (own["state"][str(k)] for k in range(len(own["state"])))
            self.state = tuple(part.to(self.device) for part in parts)

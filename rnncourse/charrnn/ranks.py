"""The processes of one training, as torchrun starts them.

    torchrun --nproc-per-node 2 -m rnncourse train shakespeare

Each has the whole network and reads its share of the batch's tracks. The gradients are
averaged before they are clipped, and the states of all tracks are known to all: so the
first process alone decides, writes and prints, and what it writes is all there is.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from rnncourse.charrnn.refusal import Refusal


class Ranks:
    """One of `size` processes, numbered from 0. One alone sends nothing."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def first(self) -> bool:
        """Whether this is the process that decides, writes and prints."""
        return self.rank == 0

    def share(self, B: int) -> slice:
        """The tracks of this process. Raises Refusal where they are not equally many."""
        if B % self.size:
            near = max(1, round(B / self.size)) * self.size
            raise Refusal(
                f"the batch has {B} tracks, which {self.size} processes can not share"
                f" equally; use another number of processes, or start with --batch {near}"
            )
        each = B // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def after_first(self, begin: Callable[[], Any], follow: Callable[[], Any]) -> Any:
        """What the first process begins; then the others follow, unless it failed."""
        found, fine = None, 0.0
        try:
            if self.first:
                found, fine = begin(), 1.0
        finally:
            (fine,) = self.told(fine)
        if not fine:
            raise Refusal("the first process has ended, and says why")
        return found if self.first else follow()

    def network(self, model: Any) -> Any:
        """The network, whose gradients are then the mean over all processes."""
        return model if self.size == 1 else DistributedDataParallel(model)

    def mean(self, value: Any) -> Any:
        """The mean of a tensor over all processes."""
        if self.size > 1:
            distributed.all_reduce(value)
            value /= self.size
        return value

    def told(self, *values: float) -> tuple[float, ...]:
        """The numbers that the first process has."""
        if self.size == 1:
            return values
        numbers = torch.tensor(values, dtype=torch.float64)
        distributed.broadcast(numbers, 0)
        return tuple(numbers.tolist())

    def gathered(self, state: Any) -> Any:
        """The state (layers, B, H) of all tracks, from that of each process's own."""
        if self.size == 1:
            return state
        parts = [[torch.empty_like(own) for _ in range(self.size)] for own in state]
        for found, own in zip(parts, state, strict=True):
            distributed.all_gather(found, own.contiguous())
        return tuple(torch.cat(found, 1) for found in parts)

    def own(self, state: Any) -> Any:
        """The state of this process's tracks, from that of all."""
        if self.size == 1 or state is None:
            return state
        return tuple(part[:, self.share(part.shape[1])].contiguous() for part in state)


ALONE = Ranks()


def speaks() -> bool:
    """Whether this process prints what went wrong."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined() -> Iterator[Ranks]:
    """The processes that torchrun started, or this one alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or not distributed.is_torchelastic_launched():
        yield Ranks()
        return
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        backend = "cpu:gloo,cuda:nccl"
    distributed.init_process_group(backend)
    try:
        yield Ranks(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()

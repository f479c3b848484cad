"""A character model at full size: train it on any text, write with it, look into it.

    run = Run.create(["shakespeare"], "a-folder", Settings(minutes=5))
    for report in Trainer(run): print(report.loss)
    print(*sample(run, run.model(), length=500), sep="")

`rnncourse --help` is the same as a command. Needs torch and safetensors.
"""

from rnncourse.charrnn.evaluation import baselines, loss_of, windowed_loss
from rnncourse.charrnn.refusal import Refusal
from rnncourse.charrnn.run import Run
from rnncourse.charrnn.sampling import beam, longest_copy, sample
from rnncourse.charrnn.settings import Settings
from rnncourse.charrnn.training import Explosion, Report, Trainer

__all__ = [
    "Explosion",
    "Refusal",
    "Report",
    "Run",
    "Settings",
    "Trainer",
    "baselines",
    "beam",
    "longest_copy",
    "loss_of",
    "sample",
    "windowed_loss",
]

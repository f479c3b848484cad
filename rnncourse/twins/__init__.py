"""torch as a judge and as a partner: weights both ways, and steps of the cells that
torch has not. Needs torch.
"""

from rnncourse.twins.weights import from_torch, gradients, to_torch

__all__ = ["from_torch", "gradients", "to_torch"]

"""The one training of networks: how, on which batches, and the loop, which resumes in the same bytes.

config    how to train; takes no torch
batches   rows of each step
state     history, best weights, checkpoint
sharding  the copy that is trained in parts under FSDP
loop      `train`
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.train.batches import Batches, EnvironmentBatches, RowBatches
    from aitia.train.config import TrainConfig
    from aitia.train.loop import train
    from aitia.train.state import History

__all__ = ["Batches", "EnvironmentBatches", "History", "RowBatches", "TrainConfig", "train"]

__getattr__ = lazily(
    __name__,
    {
        "Batches": "batches",
        "EnvironmentBatches": "batches",
        "History": "state",
        "RowBatches": "batches",
        "TrainConfig": "config",
        "train": "loop",
    },
)

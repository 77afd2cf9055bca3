"""Whether a model that was given as a causal one is causal: an encoder would see what it has to say."""

import torch

from aitia.errors import OptionError
from aitia.nn.sequences.model import SequenceModel

__all__ = ["check_causal"]


@torch.no_grad()
def check_causal(model: SequenceModel, name: str) -> None:
    """Checks that no token sees those behind it, where a model is to be causal.

    Args:
        model: Whose causal visibility is looked at, whatever its own.
        name: What the user called it.

    Raises:
        OptionError: If the first token changes with the last, as in an encoder such as a BERT.
    """
    was = model.model.training
    model.model.eval()
    ids = torch.tensor([[0, 1, 2, 1], [0, 1, 2, 3]], device=model.device)
    first = model.logits(ids, visibility="causal")[:, 0].float()
    model.model.train(was)
    if not torch.allclose(first[0], first[1], rtol=1e-4, atol=1e-6):
        raise OptionError(f"{name} is an encoder, whose tokens see those behind them: give a causal language model")

"""The contrastive training of an embedder."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from aitia.engine import Progress
from aitia.nn.sequences.retrieval import in_chunks, retrieval_loss
from aitia.systems.causal2vec.config import Causal2VecConfig
from aitia.systems.causal2vec.embedder import ContextualEmbedder
from aitia.systems.causal2vec.pairs import PairBatches
from aitia.train import TrainConfig, train
from aitia.train.state import History

__all__ = ["RetrievalLoss", "contrasted"]

POINTS = 20
"""Of the curve of the loss."""


class RetrievalLoss(nn.Module):
    """The loss by which queries find their positives among all texts of a batch.

    Args:
        embedder: That is trained.
        temperature: Divides the cosines.
        chunk: Texts embedded at once; None takes all.
    """

    def __init__(self, embedder: ContextualEmbedder, temperature: float, chunk: int | None) -> None:
        super().__init__()
        self.embedder, self.temperature, self.chunk = embedder, temperature, chunk

    def forward(self, *tensors: Tensor) -> Tensor:
        """Of what `PairBatches` gives."""
        *laid, count, same = tensors
        codes = in_chunks(self.embedder, laid, self.chunk or len(laid[0]))
        n = int(count)
        negatives = codes[2 * n :] if len(codes) > 2 * n else None
        return retrieval_loss(codes[:n], codes[n : 2 * n], negatives, temperature=self.temperature, same=same)


def contrasted(
    embedder: ContextualEmbedder, batches: PairBatches, config: Causal2VecConfig, checkpoint: Path | None,
    progress: Progress | None,
) -> History:  # fmt: skip
    """Trains an embedder in place."""
    options = TrainConfig(
        steps=config.steps, learning_rate=config.learning_rate, betas=(0.9, 0.98), schedule="one-cycle", clip=1.0,
        validate_every=max(config.steps // POINTS, 1), seed=config.seed, device=config.device,
    )  # fmt: skip
    history = train(
        RetrievalLoss(embedder, config.temperature, config.chunk), batches, options, groups=_groups(embedder, config),
        checkpoint=checkpoint, progress=progress, what="finding what belongs to a query",
    )  # fmt: skip
    embedder.eval()
    return history


def _groups(embedder: ContextualEmbedder, config: Causal2VecConfig) -> Sequence[tuple[Sequence[nn.Parameter], float]]:
    """The decoder at its rate; the encoder and the map to the contextual token at theirs."""
    decoder = {} if embedder.language is None else {id(p) for p in embedder.decoder_base.parameters()}
    wanted = [p for p in embedder.parameters() if p.requires_grad]
    found = [
        ([p for p in wanted if id(p) in decoder], config.learning_rate),
        ([p for p in wanted if id(p) not in decoder], config.rate_of_encoder),
    ]
    return [(held, rate) for held, rate in found if held]

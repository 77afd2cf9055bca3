"""Any Hugging Face decoder, or encoder with decoder, under the three switches; the model itself stays as it is.

Visibility is given as a mask with each call, an objective by its examples, and tokens by a vocabulary, so that what is
trained in a minute from a config and what is loaded by its id take one path.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.errors import DataError, OptionError
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.sequences.batch import SequenceBatch
from aitia.nn.sequences.visibility import bidirectional, causal, padded, places, prefix
from aitia.nn.sequences.vocabulary import Vocabulary

__all__ = ["VISIBILITIES", "SequenceModel", "Visibility", "check_takes_masks", "weighted_loss"]

Visibility = Literal["causal", "prefix", "bidirectional", "encoder-decoder"]
"""Who sees whom: those before; the prompt both ways; all; or an encoder that a decoder looks at."""
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)


class SequenceModel(LanguageModel):
    """A model, its vocabulary, and who sees whom in it.

    Args:
        model: A causal language model of transformers, or one with encoder and decoder; it gets rows for the tokens
            that the vocabulary has and it lacks.
        vocabulary: Its tokens.
        visibility: Who sees whom where a call does not say.
        longest: Tokens at most; None takes what the model's positions bear.

    Raises:
        OptionError: If the visibility is unknown, is not one that the model can have, or the model attends in a way
            that takes no mask.
    """

    def __init__(
        self, model: nn.Module, vocabulary: Vocabulary, visibility: Visibility = "causal", longest: int | None = None
    ) -> None:
        most = getattr(cast(Any, model).config, "max_position_embeddings", None)
        super().__init__(model, vocabulary.tokenizer, longest or most)
        self.vocabulary = vocabulary
        vocabulary.extend(model)
        self.visibility = self._checked(visibility)

    @property
    def has_encoder(self) -> bool:
        """Whether it reads with an encoder and writes with a decoder."""
        return bool(getattr(cast(Any, self.model).config, "is_encoder_decoder", False))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    def mask(self, present: Tensor, lengths: Tensor | None, visibility: Visibility | None = None) -> Tensor:
        """What the model gets as `attention_mask`: that of the padding where it is causal, else (rows, 1, n, n).

        Args:
            present: (rows, n) where there is a token.
            lengths: (rows,) of the prefixes, for `prefix`; None sees nothing ahead.
            visibility: Other than the model's own.
        """
        kind = self.visibility if visibility is None else self._checked(visibility)
        length = present.shape[1]
        if kind == "bidirectional":
            return padded(bidirectional(length).to(present.device), present)
        if kind == "prefix" and lengths is not None:
            # On the left stands padding, which the prefix steps over.
            first = present.long().argmax(dim=1)
            return padded(prefix(length, lengths + first), present)
        return present.long() if kind != "prefix" else padded(causal(length).to(present.device), present)

    def logits(
        self,
        ids: Tensor,
        present: Tensor | None = None,
        lengths: Tensor | None = None,
        *,
        visibility: Visibility | None = None,
    ) -> Tensor:
        """(rows, n, vocabulary) of what may stand at each next position; for `bidirectional` at the position itself.

        Args:
            ids: (rows, n) tokens, padded on either side.
            present: (rows, n) where there is one; everywhere if None.
            lengths: (rows,) of the prefixes, for `prefix`.
            visibility: Other than the model's own.
        """
        present = torch.ones_like(ids, dtype=torch.bool) if present is None else present.bool()
        mask = self.mask(present, lengths, visibility)
        given: dict[str, Any] = {"attention_mask": mask, "use_cache": False}
        if not bool(present[:, 0].all()):
            given["position_ids"] = places(present)
        return cast(Tensor, self.model(input_ids=ids, **given).logits)

    def encoded_logits(self, read: Tensor, read_present: Tensor, ids: Tensor, present: Tensor) -> Tensor:
        """(rows, n, vocabulary) of a decoder that reads `ids` and looks at what its encoder read."""
        found = self.model(
            input_ids=read,
            attention_mask=read_present.long(),
            decoder_input_ids=ids,
            decoder_attention_mask=present.long(),
            use_cache=False,
        )
        return cast(Tensor, found.logits)

    def loss(self, batch: SequenceBatch, *, visibility: Visibility | None = None, over: Tensor | None = None) -> Tensor:
        """The weighted mean of -log p of the targets.

        Args:
            batch: Of examples.
            visibility: Other than the model's own.
            over: What the weighted sum is divided by; None takes the sum of the weights.

        Raises:
            DataError: If no position carries loss, or an encoder has nothing to read.
        """
        if self.has_encoder:
            if batch.encoder is None or batch.encoder_present is None:
                raise DataError("this model reads with an encoder: make its examples with `encoded`")
            logits = self.encoded_logits(batch.encoder, batch.encoder_present, batch.ids, batch.present)
        else:
            logits = self.logits(batch.ids, batch.present, batch.prefix, visibility=visibility)
        return weighted_loss(logits, batch.targets, batch.weights, over)

    def save(self, folder: str | Path) -> None:
        """Writes model, tokenizer and visibility as one folder, which plain transformers opens too."""
        cast(Any, self.model).config.visibility = self.visibility
        super().save(folder)

    @classmethod
    def load(cls, source: str | Path, *, visibility: Visibility | None = None, **options: Any) -> Self:
        """From a folder or by an id of the Hub.

        Args:
            source: Such as `owner/name`, or a folder that `save` or `save_pretrained` of transformers wrote.
            visibility: Who sees whom; None takes what `save` noted, else what the model was made for.
            options: Of `load_language_model`, such as `revision` and `dtype`.

        Raises:
            FormatError: If there is no such model, or its files are damaged or do not fit together.
            OptionError: As for the class.
        """
        config = _config(source, options.get("revision"))
        encoder = bool(getattr(config, "is_encoder_decoder", False))
        if not encoder and _takes_sdpa(config):
            options = {"attn_implementation": "sdpa", **options}
        loaded = load_language_model(source, "seq2seq" if encoder else "causal", **options)
        noted = getattr(config, "visibility", None)
        kind = visibility or (noted if noted in VISIBILITIES else "encoder-decoder" if encoder else "causal")
        # What the tokenizer says counts where the model has no bound of its own.
        longest = None if getattr(config, "max_position_embeddings", None) else loaded.longest
        return cls(loaded.model, Vocabulary.of(loaded.tokenizer), cast(Visibility, kind), longest)

    def _checked(self, visibility: Visibility) -> Visibility:
        if visibility not in VISIBILITIES:
            raise OptionError(f"visibility is one of {', '.join(VISIBILITIES)}, got {visibility!r}")
        if (visibility == "encoder-decoder") != self.has_encoder:
            name = type(self.model).__name__
            has = "reads with an encoder" if self.has_encoder else "has no encoder"
            raise OptionError(
                f"{name} {has}, so its visibility is not {visibility!r}: take another model or visibility"
            )
        if visibility in ("prefix", "bidirectional"):
            check_takes_masks(self.model)
        return visibility


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor, over: Tensor | None = None) -> Tensor:
    """Sum of weights times -log p of the targets, over the sum of the weights or what is given.

    Raises:
        DataError: If no position carries loss.
    """
    total = weights.sum() if over is None else over
    if over is None and float(total) <= 0:
        raise DataError("no position of this batch carries loss: its texts are too short for the objective")
    # Only what counts is turned into probabilities: most of a corrupted text does not.
    counts = weights > 0
    losses = cross_entropy(logits[counts].float(), targets[counts], reduction="none")
    return (losses * weights[counts]).sum() / total


def check_takes_masks(model: nn.Module) -> None:
    """Checks that a decoder uses a mask of (rows, 1, queries, keys) as it is given.

    Raises:
        OptionError: If it attends in a way that takes none; names the way or the kind of layer.
    """
    config = cast(Any, model).config
    way = getattr(config, "_attn_implementation", "eager")
    if way not in ("sdpa", "eager"):
        raise OptionError(f"the model attends by {way}, which takes no mask: load it with attn_implementation='sdpa'")
    kinds: Sequence[str] = getattr(config, "layer_types", None) or ()
    other = sorted({kind for kind in kinds if kind != "full_attention"})
    if not other and getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        other = ["sliding_attention"]
    if other:
        raise OptionError(
            f"{type(model).__name__} has layers of {', '.join(other)}, which do not see all that a mask allows: take a "
            "model with full attention"
        )
    if not _sees_ahead(model):
        raise OptionError(
            f"{type(model).__name__} does not look ahead where a mask allows it, as state spaces do not: take a model "
            "with attention"
        )


@torch.no_grad()
def _sees_ahead(model: nn.Module) -> bool:
    """Whether the first logits change with the last token where all see all, and do not where none look ahead."""
    device, was = next(model.parameters()).device, model.training
    ids = torch.tensor([[0, 1, 2, 1], [0, 1, 2, 3]], device=device)
    changed = []
    model.eval()
    try:
        for mask in (bidirectional(4), causal(4)):
            found = model(input_ids=ids, attention_mask=mask.expand(2, 1, 4, 4).to(device), use_cache=False).logits
            changed.append(not torch.allclose(found[0, 0], found[1, 0], rtol=1e-4, atol=1e-6))
    except (RuntimeError, ValueError, IndexError, TypeError):  # a layer that has no use for such a mask
        return False
    finally:
        model.train(was)
    return changed == [True, False]


def _takes_sdpa(config: Any) -> bool:
    """Whether the decoder of a config attends by sdpa; a state space, and a few of the older classes, do not."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    return bool(getattr(MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None), "_supports_sdpa", True))


def _config(source: str | Path, revision: str | None) -> Any:
    """The config of a model, or an empty one where `load_language_model` will say what is wrong."""
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
    except (OSError, ValueError, KeyError):
        return object()

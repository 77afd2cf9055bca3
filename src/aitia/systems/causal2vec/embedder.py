"""The network of every arm: an encoder's summary of a text as one token in front of a decoder, and the read-out.

    c = W2 gelu(W1 (h - m) / s),    h the mean state of the encoder on the text                                     (1)
    embedding = (state at c, state at the end), scaled to length 1                                                  (2)

m and s are the mean and the deviation of h, unit by unit, over the texts of the fit: the mean state of an encoder is
nearly the same for all texts, and a map of it would give all of them nearly the same token. The source does not say
that it does so. W2 is scaled at the start so that c is as long as the tokens of the decoder are in the mean.
"""

import inspect
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from aitia.errors import DataError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.language.model import mean_state
from aitia.nn.sequences import SequenceModel, Visibility
from aitia.nn.sequences.low_rank import without_low_rank
from aitia.nn.sequences.retrieval import last_state
from aitia.nn.weights import load_into, read_weights, write_weights
from aitia.saving import made
from aitia.systems.causal2vec.arms import READINGS, Arm
from aitia.systems.causal2vec.layout import Laid, Layout

__all__ = ["INSTEAD", "ContextualEmbedder", "Instead"]

Instead = Literal["usual", "zero"]
"""What may stand in the place of a contextual token: the mean one of the fit, or nothing."""
INSTEAD: tuple[Instead, ...] = ("usual", "zero")
AT_ONCE = 64
"""Texts that are embedded at once."""
TOKENS_AT_ONCE = 512
"""Tokens at once on a CPU: what a layer makes of them stays in its cache, and less is padded."""


class ContextualEmbedder(nn.Module):
    """Embeds texts; see the module.

    Args:
        arm: Which of the arms; see `arms.py`.
        model: The decoder; not needed by the arm that is the encoder alone.
        encoder: The encoder; needed by that arm and by those with a contextual token.
    """

    mean: Tensor
    spread: Tensor
    usual: Tensor

    def __init__(self, arm: Arm, model: SequenceModel | None, encoder: LanguageModel | None) -> None:
        super().__init__()
        self.arm, self.reading = arm, READINGS[arm]
        self.language = None if model is None or not self.reading.decodes else _seeing(model, self.reading.visibility)
        self.encoder = encoder if self.reading.encodes else None
        self.layout = Layout(self.reading, self.language, self.encoder)
        if self.language is not None:
            self.decoder_base = _base(self.language.model)
        if self.encoder is not None:
            self.encoder_base = _base(self.encoder.model)
        if self.reading.slot and self.language is not None and self.encoder is not None:
            states, width = self.encoder.width, self.language.width
            self.projection = nn.Sequential(nn.Linear(states, width), nn.GELU(), nn.Linear(width, width))
            for name, shape, value in (("mean", states, 0.0), ("spread", states, 1.0), ("usual", width, 0.0)):
                self.register_buffer(name, torch.full((shape,), value))

    @property
    def width(self) -> int:
        """Of an embedding."""
        if self.language is None:
            return cast(LanguageModel, self.encoder).width
        return self.language.width * (2 if self.reading.pooled in ("slot and end", "first and end") else 1)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def forward(self, *tensors: Tensor, instead: Instead | None = None) -> Tensor:
        """(rows, width) of length 1.

        Args:
            tensors: Of `Layout.tensors`.
            instead: What stands in the place of the contextual token.
        """
        if self.language is None:
            return normalize(self.summary(*tensors), dim=-1)
        ids, present, begin, slot = tensors[:4]
        tokens = self.language.model.get_input_embeddings()(ids)  # type: ignore[operator]
        if self.reading.slot:
            c = self.context(*tensors[4:]) if instead is None else self._replaced(instead, len(ids))
            here = torch.arange(ids.shape[1], device=ids.device) == slot[:, None]
            tokens = torch.where(here[..., None], c[:, None].to(tokens.dtype), tokens)
        mask = self.language.mask(present, None)
        states = self.decoder_base(inputs_embeds=tokens, attention_mask=mask, use_cache=False).last_hidden_state
        return normalize(self._pooled(states.float(), present, begin, slot), dim=-1)

    def context(self, read: Tensor, read_present: Tensor) -> Tensor:
        """(1): (rows, width of the decoder) the contextual tokens."""
        return cast(Tensor, self.projection((self.summary(read, read_present) - self.mean) / self.spread))

    def summary(self, read: Tensor, read_present: Tensor) -> Tensor:
        """(rows, width of the encoder) its mean states."""
        states = self.encoder_base(input_ids=read, attention_mask=read_present.long()).last_hidden_state
        return mean_state(states.float(), read_present)

    def _replaced(self, instead: Instead, rows: int) -> Tensor:
        c = self.usual if instead == "usual" else torch.zeros_like(self.usual)
        return c.expand(rows, -1)

    def _pooled(self, states: Tensor, present: Tensor, begin: Tensor, slot: Tensor) -> Tensor:
        rows = torch.arange(len(states), device=states.device)
        if self.reading.pooled == "mean":
            of_text = torch.arange(states.shape[1], device=states.device) >= begin[:, None]
            return mean_state(states, present & of_text)
        end = last_state(states, present)
        return end if self.reading.pooled == "end" else torch.cat([states[rows, slot], end], dim=-1)

    # -- texts ---------------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def embed(
        self,
        texts: Sequence[str],
        instructions: Sequence[str] | None = None,
        *,
        instead: Instead | None = None,
        batch_size: int = AT_ONCE,
    ) -> Tensor:
        """(n, width) of texts, on the CPU; those of like length go together.

        Args:
            texts: One a row.
            instructions: What stands before each.
            instead: What stands in the place of the contextual token.
            batch_size: Texts at once.

        Raises:
            DataError: If a text is empty; names the row.
        """
        laid = self.layout.laid(texts, instructions)
        found = torch.empty(len(texts), self.width)
        was = self.training
        self.eval()
        for rows in _batches(laid, batch_size, TOKENS_AT_ONCE if self.device.type == "cpu" else None):
            tensors = [tensor.to(self.device) for tensor in self.layout.tensors([laid[row] for row in rows])]
            found[rows] = self(*tensors, instead=instead).float().cpu()
        self.train(was)
        return found

    @torch.no_grad()
    def settle(self, texts: Sequence[str], *, start: bool) -> None:
        """Takes what (1) needs from texts: m, s and the length of c at the start, and c of the usual text at the end.

        Args:
            texts: Some of the fit.
            start: Before the training; else after it.

        Raises:
            DataError: If the encoder says the same of all texts.
        """
        if not self.reading.slot or self.language is None:
            return
        self.eval()
        parts = [texts[k : k + AT_ONCE] for k in range(0, len(texts), AT_ONCE)]
        read = [[t.to(self.device) for t in self.layout.tensors(self.layout.laid(part))[4:]] for part in parts]
        if start:
            states = torch.cat([self.summary(*tensors) for tensors in read])
            if len(states) > 1:
                spread = states.std(dim=0)
                if not float(spread.max()) > 0:
                    raise DataError("the encoder gives all texts the same state: take another encoder")
                self.mean.copy_(states.mean(dim=0))
                self.spread.copy_(spread.clamp(min=1e-3 * float(spread.max())))
            ids, present = (t.to(self.device) for t in self.layout.tensors(self.layout.laid(parts[0]))[:2])
            tokens: Tensor = self.language.model.get_input_embeddings()(ids[present])  # type: ignore[operator]
            usual = tokens.float().norm(dim=-1).mean()
            c = torch.cat([self.context(*tensors) for tensors in read])
            last = cast(nn.Linear, self.projection[2])
            ratio = usual / c.norm(dim=-1).mean()
            last.weight.mul_(ratio)
            last.bias.mul_(ratio)
        self.usual.copy_(torch.cat([self.context(*tensors) for tensors in read]).mean(dim=0))

    # -- keeping -------------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, decoder: bool = True) -> None:
        """Writes decoder and encoder as folders that transformers reads, and the map between them.

        Args:
            folder: Where to.
            decoder: Whether the decoder too; low-rank updates are added to its weights.

        Raises:
            RunError: If the folder cannot be written.
        """
        place = made(folder)
        if self.language is not None and decoder:
            without_low_rank(self.language).save(place / "decoder")
        if self.encoder is not None:
            self.encoder.save(place / "encoder")
        write_weights(place / "model.safetensors", self.between(), {})
        told: dict[str, Any] = {"arm": self.arm}
        if self.encoder is not None:
            # A pooler was left out where there was one, and is not to be made up again.
            takes = inspect.signature(type(self.encoder.model).__init__).parameters
            options = {"add_pooling_layer": False} if "add_pooling_layer" in takes else {}
            told |= {"longest": self.encoder.longest, "encoder": options}
        write_whole(place / "embedder.json", (json.dumps(told, indent=2) + "\n").encode())

    @classmethod
    def load(cls, folder: str | Path, model: SequenceModel | None = None) -> Self:
        """What `save` wrote.

        Args:
            folder: That it wrote.
            model: The decoder, where it was not written.

        Raises:
            FormatError: If a part is missing or damaged, or is of another width.
        """
        place = Path(folder)
        told = read_json(place / "embedder.json", dict)
        with guarded(place / "embedder.json", "is damaged"):
            arm: Arm = told["arm"]
            reading = READINGS[arm]
            options = {"longest": int(told["longest"]), **told["encoder"]} if reading.encodes else {}
        encoder = None
        if reading.encodes:
            encoder = headless(load_language_model(place / "encoder", "encoder", **options))
        if model is None and reading.decodes:
            model = SequenceModel.load(place / "decoder")
        found = cls(arm, model, encoder)
        tensors, _ = read_weights(place / "model.safetensors")
        load_into(_Between(found), tensors, place / "model.safetensors")
        return found.eval()

    def between(self) -> dict[str, Tensor]:
        """What is neither the decoder's nor the encoder's."""
        return dict(_Between(self).state_dict())


class _Between(nn.Module):
    """The map of (1) with its m, s and usual token, as one module."""

    def __init__(self, embedder: ContextualEmbedder) -> None:
        super().__init__()
        if embedder.reading.slot:
            self.projection = embedder.projection
            for name in ("mean", "spread", "usual"):
                self.register_buffer(name, getattr(embedder, name))


def _seeing(model: SequenceModel, visibility: Visibility) -> SequenceModel:
    """The same model under a visibility, which is checked once and not at every call."""
    if model.visibility == visibility:
        return model
    return SequenceModel(model.model, model.vocabulary, visibility, model.longest)


def _batches(laid: Sequence[Laid], most: int, tokens: int | None) -> Iterator[list[int]]:
    """Rows of like length: so many at most, and so many tokens with padding unless one text has more."""
    found: list[int] = []
    for row in sorted(range(len(laid)), key=lambda row: laid[row].length):
        if found and (len(found) == most or (tokens is not None and (len(found) + 1) * laid[row].length > tokens)):
            yield found
            found = []
        found.append(row)
    if found:
        yield found


def headless(encoder: LanguageModel) -> LanguageModel:
    """The same without its head."""
    base = _base(encoder.model)
    if getattr(base, "pooler", None) is not None:
        base.pooler = None  # type: ignore[assignment]
    return LanguageModel(base, encoder.tokenizer, encoder.longest)


def _base(model: nn.Module) -> nn.Module:
    """The part that gives the states, low-rank updates in it."""
    held: Any = model
    held = held.get_base_model() if hasattr(held, "get_base_model") else held
    return cast(nn.Module, held.base_model)

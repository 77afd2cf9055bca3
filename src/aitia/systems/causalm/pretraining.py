"""Stages (i) and (ii): a language model, and the same one trained on while it hides a concept."""

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from aitia.data.subjects import Network
from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.nn.erasure import GradientReversal, reversal_strength
from aitia.nn.language import LanguageModel, mask_tokens, small_encoder
from aitia.nn.opening import open_language_model
from aitia.nn.text_heads import TextHead
from aitia.systems.causalm.config import CausaLMConfig
from aitia.systems.causalm.corpus import Corpus
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["CorpusTensors", "CounterfactualObjective", "balancing_weights", "first_model", "token_codes", "trained_on"]

NO_LABEL = -100
"""Code of a token without a tag."""
AT_CHANCE = 0.02
"""An adversary at most this far above chance is at chance."""
MEMORY = 0.95
"""Weight of the past in the running accuracy of an adversary."""


class CorpusTensors:
    """A corpus as tensors.

    Args:
        corpus: The texts.
        model: Whose tokens they become.
        tag: That a concept of words is about, or None.

    Attributes:
        ids: (n, tokens), with `mask`.
        label: (n,) codes.
        present: (n,) codes of the treated concept; of one of words, whether the text has it.
        treated: What the adversary is to tell: `present`, or 0 and 1 of every tagged token, one after another.
        tags: (n, tokens) codes of tags, -100 where there is none.
        controls: (n, controls) codes.
        strata: (n,) which texts have the same label and controls.
    """

    def __init__(self, corpus: Corpus, model: LanguageModel, tag: str | None) -> None:
        batch = model.batch(corpus.texts)
        self.ids, self.mask = batch["input_ids"], batch["attention_mask"]
        self.label, self.present = torch.from_numpy(corpus.label), torch.from_numpy(corpus.present)
        self.controls = torch.zeros(len(corpus.texts), len(corpus.controls), dtype=torch.long)
        for k, codes in enumerate(corpus.controls.values()):
            self.controls[:, k] = torch.from_numpy(codes)
        self.strata, self.treated = torch.from_numpy(corpus.strata), self.present
        self.tags, self.tag = torch.full_like(self.ids, NO_LABEL), NO_LABEL
        if corpus.tags is not None and tag is not None:
            place = {name: k for k, name in enumerate(corpus.values)}
            codes_of_words = [[place[name] for name in line] for line in corpus.tags]
            self.tags, self.tag = token_codes(model, corpus.texts, codes_of_words, self.ids.shape[1]), place[tag]
            self.treated = (self.tags[self.tags != NO_LABEL] == self.tag).long()


def token_codes(model: LanguageModel, texts: Sequence[str], words: Sequence[Sequence[int]], tokens: int) -> Tensor:
    """(n, tokens): for each token the code of the word that it is of, -100 for special tokens and padding.

    Args:
        model: Whose tokenizer counts.
        texts: n texts, words apart by white space.
        words: The code of each word.
        tokens: To pad to.

    Raises:
        OptionError: If the tokenizer does not tell where in the text a token stands.
    """
    if not model.tokenizer.is_fast:
        raise OptionError("tags of words need a tokenizer that tells where its tokens stand (a fast one)")
    made = model.tokenizer(list(texts), truncation=True, max_length=model.longest, return_offsets_mapping=True)
    right = model.tokenizer.padding_side == "right"
    codes = torch.full((len(texts), tokens), NO_LABEL)
    for row, (text, offsets) in enumerate(zip(texts, made["offset_mapping"], strict=True)):
        word_at, number = [], -1
        for k, letter in enumerate(text):
            number += not letter.isspace() and (k == 0 or text[k - 1].isspace())
            word_at.append(number)
        start = 0 if right else tokens - len(offsets)
        for k, (low, high) in enumerate(offsets):
            if high > low:  # some tokenizers count the space before a word as its first letter
                codes[row, start + k] = words[row][word_at[high - 1]]
    return codes


def balancing_weights(treated: Tensor, strata: Tensor) -> Tensor:
    """(n,) weights of mean 1 that make the concept independent of the strata, and each value as frequent as the others.

    A stratum in which a value never occurs cannot be balanced, and has weight 0.

    Args:
        treated: (n,) codes.
        strata: (n,) codes.

    Raises:
        DataError: If no stratum has every value.
    """
    count = torch.zeros(int(strata.max()) + 1, int(treated.max()) + 1)
    count.index_put_((strata, treated), torch.ones(len(treated)), accumulate=True)
    whole = (count > 0).all(dim=1)
    if not whole.any():
        raise DataError(
            "every combination of label and controls has texts with some values of the treated concept only: take "
            "fewer controls or balanced=False"
        )
    weight = torch.where(whole[strata], count.sum(dim=1)[strata] / count[strata, treated], torch.zeros(()))
    return weight / weight.mean()


def first_model(
    config: CausaLMConfig, corpus: Corpus, progress: Progress | None, named: Network | None = None
) -> LanguageModel:
    """Stage (i): the model that was named, or a small one over the most frequent words, trained on the texts.

    Raises:
        OptionError: If a torch module is given, which has no tokenizer, or a small model is to predict the next word.
        FormatError: If there is no such model.
    """
    if named is not None:
        return open_language_model(named, config.family, longest=config.longest)
    if config.family != "masked":
        raise OptionError("a small model predicts masked words: name a model for family='causal'")
    counts = Counter(word for text in corpus.texts for word in text.split())
    words = sorted(word for word, _ in counts.most_common(config.words))
    model = small_encoder(words, width=config.width, layers=config.layers, longest=config.longest, seed=config.seed)
    data = CorpusTensors(corpus, model, None)
    objective = CounterfactualObjective(model, config, data, None)
    training = _training(config, config.first_steps, config.first_learning_rate)
    batches = _Updates(objective.tensors, config.batch, config.seed, 1)
    train(objective, batches, training, progress=progress, what="language model")
    objective.cpu().eval()
    return model


def trained_on(
    start: LanguageModel,
    data: CorpusTensors,
    config: CausaLMConfig,
    treated: Tensor | None,
    progress: Progress | None,
) -> tuple[tuple[LanguageModel, dict[str, float]], int]:
    """Stage (ii) from a start that stays as it is: the model, how well the adversaries do at the end, and its updates.

    Args:
        start: The model after stage (i).
        data: The corpus.
        config: Options.
        treated: What the adversaries are to tell, like `data.treated`; None leaves the term out.
        progress: Told how far it is.
    """
    model = LanguageModel(copy.deepcopy(start.model), start.tokenizer, start.longest)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        objective = CounterfactualObjective(model, config, data, treated, controls=True)
    phases = 1 if treated is None else config.adversary_updates
    encoder = list(model.model.parameters())
    known = {id(parameter) for parameter in encoder}
    heads = [parameter for parameter in objective.parameters() if id(parameter) not in known]
    groups = [(encoder, config.learning_rate)] + ([(heads, config.head_learning_rate)] if heads else [])
    train(
        objective,
        _Updates(objective.tensors, config.batch, config.seed + 1, phases),
        _training(config, config.steps * phases, config.learning_rate),
        groups=groups,
        progress=progress,
        what="language model without the concept" if treated is not None else "language model, trained on",
    )
    objective.cpu().eval()
    found: dict[str, float] = {}
    if treated is not None:
        found |= {str(name): float(value) for name, value in zip(objective.pools, objective.accuracy, strict=True)}
        found["chance"] = objective.chance
    return (model, found), int(objective.updates)


def _training(config: CausaLMConfig, steps: int, rate: float) -> TrainConfig:
    return TrainConfig(
        steps=steps, learning_rate=rate, schedule="cosine", clip=1.0, seed=config.seed, device=config.device
    )


class _Updates:
    """Batches in which only the last of every few steps is an update of the encoder, the others of the adversaries.

    Update u sees the same texts and masks however many steps lie between two updates.
    """

    def __init__(self, tensors: tuple[Tensor, ...], size: int, seed: int, phases: int) -> None:
        self.whole, self.heads = RowBatches(tensors, size, seed), RowBatches(tensors, size, seed + 0x5EED)
        self.phases, self.seed = phases, seed

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        update, phase = divmod(step, self.phases)
        whole = phase == self.phases - 1
        drawn = self.whole(update, rank, ranks) if whole else self.heads(step, rank, ranks)
        width = int(drawn[1].any(dim=0).nonzero().max()) + 1
        first = 0 if drawn[1][:, 0].all() else int(drawn[1].any(dim=0).nonzero().min())
        tensors = tuple(t[:, first:width] if t.ndim == 2 and t.shape[1] == drawn[1].shape[1] else t for t in drawn[:4])
        mask_seed = np.random.SeedSequence([self.seed, update if whole else step, whole, rank]).generate_state(1)[0]
        return (*tensors, *drawn[4:], torch.tensor([int(whole), int(mask_seed), update]))


class CounterfactualObjective(nn.Module):
    """Equation (1): words, control concepts, and the treated concept with its adversaries.

    Args:
        model: Trained in place.
        config: Options.
        data: The corpus.
        treated: What the adversaries are to tell; None leaves the term out.
        controls: Whether there are heads for the control concepts.

    Attributes:
        tensors: n rows each, for the batches: ids, mask, treated tokens, tags, treated, weight, controls.
        accuracy: Running accuracy of each adversary.
        updates: Of the encoder so far.
    """

    accuracy: Tensor
    updates: Tensor

    def __init__(
        self,
        model: LanguageModel,
        config: CausaLMConfig,
        data: CorpusTensors,
        treated: Tensor | None,
        *,
        controls: bool = False,
    ) -> None:
        super().__init__()
        self.model, self.config, self.tokenizer = model.model, config, model.tokenizer
        self.of_words, self.tag = config.tag is not None and data.tag != NO_LABEL, data.tag
        n, width = len(data.ids), model.width
        tokens, labels, weight = torch.full_like(data.ids, NO_LABEL), torch.zeros(n, dtype=torch.long), torch.ones(n)
        classes, chance = 0, 0.5
        if treated is not None and self.of_words:
            tokens[data.tags != NO_LABEL], classes = treated, 2
        elif treated is not None:
            labels, classes = treated, int(treated.max()) + 1
            weight = balancing_weights(treated, data.strata) if config.balanced else weight
            share = torch.zeros(classes).index_add_(0, treated, weight) / weight.sum()
            chance = float(share.max())
        self.chance = chance
        kept = data.controls if controls else data.controls[:, :0]
        self.tensors = (data.ids, data.mask, tokens, data.tags, labels, weight, kept)
        self.pools = ("mean",) if self.of_words else config.adversaries
        self.adversaries = nn.ModuleList(
            [TextHead(width, classes, pooling) for pooling in self.pools] if classes else []
        )
        self.reverse = GradientReversal()
        sizes = [int(codes.max()) + 1 for codes in kept.T]
        self.keepers = nn.ModuleList([TextHead(width, size) for size in sizes])
        self.tagger = TextHead(width, int(data.tags.max()) + 1) if controls and self.of_words else None
        self.register_buffer("accuracy", torch.ones(len(self.adversaries)))
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(
        self,
        ids: Tensor,
        mask: Tensor,
        tokens: Tensor,
        tags: Tensor,
        treated: Tensor,
        weight: Tensor,
        controls: Tensor,
        when: Tensor,
    ) -> dict[str, Tensor]:
        """The loss of one step; only the adversaries' where it is not one of the encoder."""
        whole, mask_seed, update = (int(number) for number in when)
        shown, wanted = self._masked(ids, mask, tags, torch.Generator().manual_seed(mask_seed))
        with torch.set_grad_enabled(bool(whole) and torch.is_grad_enabled()):
            given = {"input_ids": shown, "attention_mask": mask}
            said = cast(Any, self.model)(**given, output_hidden_states=True)
        states: Tensor = said.hidden_states[-1]
        hide = self._hide(states, mask, tokens, wanted, treated, weight, update if whole else None)
        if not whole:
            return {"loss": hide}
        parts = {"words": nn.functional.cross_entropy(said.logits.flatten(0, 1), wanted.flatten())}
        for keeper, codes in zip(self.keepers, controls.T, strict=True):
            parts["kept"] = parts.get("kept", 0) + nn.functional.cross_entropy(keeper(states, mask), codes)
        if self.tagger is not None:
            kept = (tags != NO_LABEL) & (tags != self.tag)  # what is to be hidden is not to be kept
            single = states[kept].unsqueeze(1)
            scores = self.tagger(single, torch.ones_like(single[..., 0]))
            parts["kept"] = parts.get("kept", 0) + nn.functional.cross_entropy(scores, tags[kept])
        if len(self.adversaries):
            parts["treated"] = hide
        self.updates += 1
        return {"loss": torch.stack(list(parts.values())).sum(), **parts}

    def _masked(self, ids: Tensor, mask: Tensor, tags: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """What the model is shown, and what it is to say of each token."""
        batch = {"input_ids": ids, "attention_mask": mask}
        if self.config.family == "causal":
            following = torch.full_like(ids, NO_LABEL)
            following[:, :-1] = torch.where((mask[:, 1:] * mask[:, :-1]).bool(), ids[:, 1:], NO_LABEL)
            return ids, following
        if not self.of_words:
            return mask_tokens(batch, self.tokenizer, self.config.mask, generator)
        drawn = self._as_many(tags, generator)
        if not drawn.any():
            return mask_tokens(batch, self.tokenizer, self.config.mask, generator)
        return torch.where(drawn, self.tokenizer.mask_token_id, ids), torch.where(drawn, ids, NO_LABEL)

    def _as_many(self, tags: Tensor, generator: torch.Generator) -> Tensor:
        """In each text as many tokens with the treated tag as without it, together at most `mask` of its tokens."""
        number = torch.rand(tags.shape, generator=generator).to(tags.device)
        having, others = tags == self.tag, (tags != NO_LABEL) & (tags != self.tag)
        most = (self.config.mask * (tags != NO_LABEL).sum(dim=1) / 2).floor().clamp(min=1)
        count = torch.minimum(torch.minimum(having.sum(dim=1), others.sum(dim=1)), most).unsqueeze(1)
        drawn = torch.zeros_like(having)
        for group in (having, others):
            rank = torch.where(group, number, number + 2).argsort(dim=1).argsort(dim=1)
            drawn |= group & (rank < count)
        return drawn

    def _hide(
        self,
        states: Tensor,
        mask: Tensor,
        tokens: Tensor,
        wanted: Tensor,
        treated: Tensor,
        weight: Tensor,
        update: int | None,
    ) -> Tensor:
        """The adversaries' loss, and in an update of the encoder what makes it hide the concept from them."""
        if self.of_words:
            asked = (wanted != NO_LABEL) & (tokens != NO_LABEL)
            states, treated = states[asked].unsqueeze(1), tokens[asked]
            mask, weight = torch.ones_like(states[..., 0]), torch.ones(len(states), device=states.device)
        loss = states.new_zeros(())
        if not len(treated):
            return loss
        share = weight / weight.sum().clamp(min=1e-6)
        for k, head in enumerate(self.adversaries):
            push = 0.0 if update is None else self._push(k, update)
            self.reverse.strength = push
            reversal = self.config.objective == "reversal"
            scores = head(self.reverse(states) if reversal else states.detach(), mask)
            loss = loss + (share * nn.functional.cross_entropy(scores, treated, reduction="none")).sum()
            if not reversal and push > 0:
                frozen = {name: p.detach() for name, p in head.named_parameters()}
                blind = functional_call(head, frozen, (states, mask)).log_softmax(dim=-1).mean(dim=-1)
                loss = loss - push * (share * blind).sum()
            with torch.no_grad():
                right = (share * (scores.argmax(dim=-1) == treated)).sum()
                self.accuracy[k] = MEMORY * self.accuracy[k] + (1 - MEMORY) * right
        return loss

    def _push(self, adversary: int, update: int) -> float:
        """How strongly the encoder is turned against an adversary."""
        config = self.config
        if config.hold and float(self.accuracy[adversary]) <= self.chance + AT_CHANCE:
            return 0.0
        progress = update / max(config.steps - 1, 1)
        return reversal_strength(progress, config.strength) if config.ramp else config.strength

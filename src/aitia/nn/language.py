"""Language models of every size behind one surface: a model and its tokenizer, from the Hub, a folder, or made here.

What is trained in a minute on two cores and what is loaded by its id take the same path: a small encoder is a BERT of
small width with a tokenizer of whole words, so every method reads texts in one way.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from aitia.errors import DataError, FormatError, MissingExtraError, OptionError

__all__ = [
    "LanguageModel",
    "by_length",
    "last_states",
    "load_language_model",
    "mask_tokens",
    "mean_state",
    "small_encoder",
    "token_batch",
    "word_tokenizer",
]

Task = Literal["masked", "encoder", "causal", "classifier", "seq2seq"]

_CLASSES: Mapping[Task, str] = {
    "masked": "AutoModelForMaskedLM",
    "encoder": "AutoModel",
    "causal": "AutoModelForCausalLM",
    "classifier": "AutoModelForSequenceClassification",
    "seq2seq": "AutoModelForSeq2SeqLM",
}
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class LanguageModel:
    """A Hugging Face model in evaluation mode, and its tokenizer.

    Args:
        model: The model.
        tokenizer: Its tokenizer; one without a padding token pads with its end of sequence.
        longest: Tokens at most; None takes what the tokenizer says, at most 512.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, longest: int | None = None) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        self.longest = longest or int(min(tokenizer.model_max_length, 512))

    @property
    def width(self) -> int:
        """Of its hidden states."""
        return int(cast(Any, self.model).config.hidden_size)

    def batch(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """`token_batch` of texts."""
        return token_batch(self.tokenizer, texts, self.longest)

    def states(self, texts: Sequence[str], *, batch_size: int = 256) -> Tensor:
        """The mean last hidden state of each text, (n, width), without gradient."""
        found = torch.empty(len(texts), self.width)
        with torch.no_grad():
            for rows in by_length(texts, batch_size):
                inputs = self.batch([texts[row] for row in rows])
                states = last_states(self.model, inputs)
                found[rows] = mean_state(states, inputs["attention_mask"])
        return found

    def save(self, folder: str | Path) -> None:
        """Writes model and tokenizer as one folder that `load_language_model` reads."""
        cast(Any, self.model).save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def last_states(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """(rows, tokens, width) what the last layer of any Hugging Face model gives, without its head."""
    base = cast(Any, getattr(model, "base_model", model))
    return cast(Tensor, base(**inputs).last_hidden_state)


def load_language_model(
    source: str | Path,
    task: Task = "encoder",
    *,
    revision: str | None = None,
    longest: int | None = None,
    **options: Any,
) -> LanguageModel:
    """A model and its tokenizer, from a folder or by an id of the Hub.

    Args:
        source: Such as `bert-base-cased`, `owner/name`, or a folder that `save_pretrained` wrote.
        task: Which head: `masked`, `encoder` (none), `causal`, `classifier` or `seq2seq`.
        revision: Of the Hub's repository.
        longest: Tokens at most.
        options: Further ones of `from_pretrained`, such as `dtype` or `gguf_file`.

    Raises:
        FormatError: If there is no such model, a file of it is damaged, or its weights are a pickle.
        OptionError: If the task is unknown.
        MissingExtraError: If transformers is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError(
            "this needs transformers, which is not installed: pip install 'aitia[language]'"
        ) from error
    from safetensors import SafetensorError

    if task not in _CLASSES:
        raise OptionError(f"task is one of {', '.join(_CLASSES)}, got {task!r}")
    name = _checked_source(source, options)
    try:
        # A pickle can run any program when it is read, so only safetensors are.
        given = {"revision": revision, "use_safetensors": True, **options}
        if "gguf_file" in options:
            del given["use_safetensors"]
        model = getattr(transformers, _CLASSES[task]).from_pretrained(name, **given)
        kept = {key: options[key] for key in ("gguf_file",) if key in options}
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, revision=revision, **kept)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise FormatError(f"{source} cannot be loaded as a language model: {_first_line(error)}") from error
    return LanguageModel(model, tokenizer, longest)


def _checked_source(source: str | Path, options: Mapping[str, Any]) -> str:
    folder = Path(source).expanduser()
    if folder.is_dir():
        pickles = sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt")) + sorted(folder.glob("*.pth"))
        if pickles and not any(folder.glob("*.safetensors")) and "gguf_file" not in options:
            raise FormatError(
                f"{pickles[0]} is a pickle, which can run any program when it is read: save the model anew with "
                "save_pretrained, as safetensors"
            )
        return str(folder)
    if str(source).startswith((".", "/", "~")) or str(source).count("/") > 1:
        raise FormatError(f"there is no folder {source}")
    return str(source)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


# -- small models ------------------------------------------------------------------------------------------------------


def word_tokenizer(vocabulary: Sequence[str], longest: int = 512) -> Any:
    """A tokenizer of whole words, apart by white space; a word outside the vocabulary is `[UNK]`.

    Raises:
        OptionError: If a word is given twice, is empty or holds white space.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = [*_SPECIAL, *vocabulary]
    if len(set(words)) < len(words) or any(len(word.split()) != 1 for word in words):
        raise OptionError("a vocabulary holds single words, each once, and none of " + ", ".join(_SPECIAL))
    core = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), _SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=longest, **named)


def small_encoder(
    vocabulary: Sequence[str],
    *,
    width: int = 64,
    layers: int = 2,
    heads: int = 4,
    longest: int = 64,
    dropout: float = 0.0,
    seed: int = 0,
) -> LanguageModel:
    """A BERT with a masked-word head and random weights, over whole words.

    Args:
        vocabulary: The words.
        width: Of its hidden states.
        layers: How many.
        heads: Of attention.
        longest: Tokens at most.
        dropout: Share of units dropped in training.
        seed: Of the weights.

    Example:
        >>> model = small_encoder(["good", "bad", "food"], width=16, heads=2)
        >>> model.states(["good food", "bad"]).shape
        torch.Size([2, 16])
    """
    from transformers import BertConfig, BertForMaskedLM

    tokenizer = word_tokenizer(vocabulary, longest)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=longest,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertForMaskedLM(config)
    return LanguageModel(model, tokenizer, longest)


# -- texts as tensors --------------------------------------------------------------------------------------------------


def token_batch(tokenizer: Any, texts: Sequence[str], longest: int = 512) -> dict[str, Tensor]:
    """`input_ids` and `attention_mask`, (rows, tokens), padded to the longest of the batch and cut at `longest`.

    Raises:
        DataError: If a text is no string or is empty; names the row.
    """
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"row {row} is {text!r}, not a text")
        if not text.strip():
            raise DataError(f"the text of row {row} is empty: drop the row")
    made = tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
    return {"input_ids": made["input_ids"], "attention_mask": made["attention_mask"]}


def by_length(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """Rows in batches of texts of like length, so that little is padded."""
    order = np.argsort([len(text) for text in texts], kind="stable")
    for start in range(0, len(order), size):
        yield [int(row) for row in order[start : start + size]]


def mean_state(states: Tensor, mask: Tensor) -> Tensor:
    """(rows, width) the mean of (rows, tokens, width) over the tokens of the mask."""
    weight = mask.to(states.dtype).unsqueeze(-1)
    return (states * weight).sum(dim=-2) / weight.sum(dim=-2).clamp(min=1)


def mask_tokens(
    batch: Mapping[str, Tensor], tokenizer: Any, probability: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Inputs and labels of masked language modelling: of the tokens drawn, 80 % are masked, 10 % random, 10 % kept.

    Args:
        batch: `input_ids` and `attention_mask`.
        tokenizer: Whose mask and special tokens count.
        probability: That a token is drawn.
        generator: Draws them.

    Returns:
        `input_ids` with masks, and labels that are -100 where nothing is to be predicted. At least one token is drawn.

    Source:
        Devlin, Chang, Lee and Toutanova, BERT, NAACL 2019, section 3.1.
    """
    ids, mask = batch["input_ids"], batch["attention_mask"]
    plain = mask.bool() & ~torch.isin(ids, torch.tensor(tokenizer.all_special_ids, device=ids.device))
    number = torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)
    drawn = plain & (number < probability)
    if not drawn.any() and plain.any():
        drawn.view(-1)[int((number.view(-1) + (~plain.view(-1)) * 2).argmin())] = True
    labels = torch.where(drawn, ids, torch.full_like(ids, -100))
    fate = torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)
    other = torch.randint(len(tokenizer), ids.shape, generator=generator, device=generator.device).to(ids.device)
    masked = torch.where(drawn & (fate < 0.8), torch.full_like(ids, tokenizer.mask_token_id), ids)
    return torch.where(drawn & (fate >= 0.9), other, masked), labels

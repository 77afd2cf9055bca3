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

from aitia.errors import DataError, FormatError, InterventionError, MissingExtraError, OptionError

__all__ = [
    "LanguageModel",
    "by_length",
    "last_states",
    "load_language_model",
    "mask_tokens",
    "mean_state",
    "piece_tokenizer",
    "small_decoder",
    "small_encoder",
    "target_batch",
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

    @property
    def blocks(self) -> str:
        """The site of what each layer gives, such as `model.layers.*`: the residual stream.

        Raises:
            InterventionError: If the model has no list of layers.
        """
        count = getattr(cast(Any, self.model).config, "num_hidden_layers", None)
        lists = [(name, module) for name, module in self.model.named_modules() if isinstance(module, nn.ModuleList)]
        fitting = [name for name, module in lists if len(module) == count] or [n for n, m in lists if len(m) > 1]
        if not fitting:
            raise InterventionError(f"{type(self.model).__name__} has no list of layers: name the sites")
        return f"{min(fitting, key=lambda name: name.count('.'))}.*"

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(cast(nn.ModuleList, self.model.get_submodule(self.blocks.removesuffix(".*"))))

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

    def generate(self, prompts: Sequence[str], *, most: int = 64, batch_size: int = 256) -> list[str]:
        """What a causal model writes after each prompt, greedily and at most so many tokens, without special tokens.

        Raises:
            DataError: If a prompt is no string or is empty; names the row.
        """
        model, tokenizer = cast(Any, self.model), self.tokenizer
        device = next(self.model.parameters()).device
        found = [""] * len(prompts)
        for rows in by_length(prompts, batch_size):
            inputs = token_batch(tokenizer, [prompts[row] for row in rows], self.longest, side="left")
            inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
            with torch.no_grad():
                ids = model.generate(
                    **inputs, do_sample=False, max_new_tokens=most, pad_token_id=tokenizer.pad_token_id
                )
            texts = tokenizer.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
            for row, text in zip(rows, texts, strict=True):
                found[row] = text.strip()
        return found

    def state_dict(self) -> dict[str, Any]:
        """Of the model, as a torch module has it: by these numbers a system knows it again."""
        return dict(self.model.state_dict())

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

    core = Tokenizer(models.WordLevel(_vocabulary(vocabulary), unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), _SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=longest, **named)


def piece_tokenizer(words: Sequence[str], pieces: Sequence[str], longest: int = 512) -> Any:
    """A tokenizer of texts whose words are made of pieces, such as syllables; other words may be given whole.

    A word is cut from the left into the longest pieces there are, as WordPiece does. Its end of sequence is `[SEP]`,
    which it adds nowhere.

    Raises:
        OptionError: As for `word_tokenizer`.

    Example:
        >>> tokenizer = piece_tokenizer(["[west]"], ["ka", "to"])
        >>> tokenizer.tokenize("kato [west] tokato")
        ['ka', '##to', '[west]', 'to', '##ka', '##to']
        >>> tokenizer.decode(tokenizer("kato toka")["input_ids"])
        'kato toka'
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = _vocabulary([*words, *pieces, *(f"##{piece}" for piece in pieces)])
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, model_max_length=longest, pad_token="[PAD]", unk_token="[UNK]", eos_token="[SEP]"
    )


def _vocabulary(words: Sequence[str]) -> dict[str, int]:
    held = [*_SPECIAL, *words]
    if len(set(held)) < len(held) or any(len(word.split()) != 1 for word in held):
        raise OptionError("a vocabulary holds single words, each once, and none of " + ", ".join(_SPECIAL))
    return {word: k for k, word in enumerate(held)}


def small_decoder(
    tokenizer: Any,
    *,
    width: int = 64,
    layers: int = 3,
    heads: int = 4,
    longest: int = 64,
    seed: int = 0,
) -> LanguageModel:
    """A Llama of small width with random weights: what reads from left to right, and writes on.

    Args:
        tokenizer: Such as that of `piece_tokenizer`; it has a token for padding and one for the end of a sequence.
        width: Of its hidden states.
        layers: How many.
        heads: Of attention.
        longest: Tokens at most.
        seed: Of the weights.

    Example:
        >>> model = small_decoder(piece_tokenizer(["[west]"], ["ka", "to"]), width=16, layers=1)
        >>> len(model.generate(["kato [west]", "toka [west]"], most=3))
        2
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=longest,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    return LanguageModel(model, tokenizer, longest)


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


def token_batch(
    tokenizer: Any, texts: Sequence[str], longest: int = 512, side: Literal["left", "right"] = "right"
) -> dict[str, Tensor]:
    """`input_ids` and `attention_mask`, (rows, tokens), padded to the longest of the batch and cut at `longest`.

    Args:
        tokenizer: Makes the tokens.
        texts: One a row.
        longest: Tokens at most.
        side: On which side short rows are padded; a model that writes on wants the left one.

    Raises:
        DataError: If a text is no string or is empty; names the row.
    """
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"row {row} is {text!r}, not a text")
        if not text.strip():
            raise DataError(f"the text of row {row} is empty: drop the row")
    made = tokenizer(
        list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt", padding_side=side
    )
    return {"input_ids": made["input_ids"], "attention_mask": made["attention_mask"]}


def target_batch(
    tokenizer: Any, prompts: Sequence[str], targets: Sequence[str], longest: int = 512
) -> dict[str, Tensor]:
    """Prompts with what is to be written after them, for teaching a causal model, (rows, tokens) each.

    The target begins with a space where the tokenizer makes one part of a word, and ends with the end of sequence.

    Args:
        tokenizer: Makes the tokens; it has an end of sequence.
        prompts: One a row.
        targets: One a row.
        longest: Tokens at most, prompt and target together.

    Returns:
        `input_ids` and `attention_mask`, padded on the right; `labels`, -100 outside the target; `content`, whether a
        token is of the target's text.

    Raises:
        DataError: If a row has no text, or has more tokens than `longest`; names it.
    """
    for what, texts in (("prompt", prompts), ("target", targets)):
        if empty := [row for row, text in enumerate(texts) if not isinstance(text, str) or not text.strip()]:
            raise DataError(f"the {what} of row {empty[0]} is empty: drop the row")
    first = [ids[:-1] if ids[-1] == tokenizer.eos_token_id else ids for ids in tokenizer(list(prompts))["input_ids"]]
    second = tokenizer([f" {text.strip()}" for text in targets], add_special_tokens=False)["input_ids"]
    lengths = [len(a) + len(b) + 1 for a, b in zip(first, second, strict=True)]
    if (most := max(lengths)) > longest:
        raise DataError(f"row {lengths.index(most)} has {most} tokens, at most {longest} fit: cut or drop it")
    ids = torch.full((len(lengths), most), tokenizer.pad_token_id)
    labels = torch.full_like(ids, -100)
    content = torch.zeros_like(ids, dtype=torch.bool)
    for row, (a, b) in enumerate(zip(first, second, strict=True)):
        ids[row, : lengths[row]] = torch.tensor([*a, *b, tokenizer.eos_token_id])
        labels[row, len(a) : lengths[row]] = ids[row, len(a) : lengths[row]]
        content[row, len(a) : lengths[row] - 1] = True
    mask = torch.arange(most) < torch.tensor(lengths)[:, None]
    return {"input_ids": ids, "attention_mask": mask.long(), "labels": labels, "content": content}


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

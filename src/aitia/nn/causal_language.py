"""Language models that read from left to right, for tracing and editing: their tokens, their layers, their answers.

A GGUF file is read too: its weights are taken out of quantisation, after which it is a model like any other, that can
be edited and saved. Reading one takes half a minute even where the model is small, so save it once as a folder.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.errors import FormatError, InterventionError, OptionError
from aitia.nn.device_maps import check_device_map, first_device, held_weight, read_device_map
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.sites.weight_paths import oriented

__all__ = ["CausalLanguageModel", "load_causal_language_model"]

_DTYPES = {"float32": "float32", "bfloat16": "bfloat16", "bf16": "bfloat16", "float16": "float16", "auto": "auto"}
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)


class CausalLanguageModel(LanguageModel):
    """A causal Hugging Face model in evaluation mode, without gradients of its weights, and its tokenizer.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        name: What it is called in reports.
        stored: The type of the numbers in the files that it is from; None where they are as the model's.

    Raises:
        InterventionError: If the model reads ahead, so that what it says after a prompt is not determined by it.
    """

    def __init__(
        self, model: nn.Module, tokenizer: Any, name: str = "model", stored: torch.dtype | None = None
    ) -> None:
        super().__init__(model.requires_grad_(False), tokenizer)
        self.name, self.stored = name, stored
        self._check_causal()

    def _check_causal(self) -> None:
        if getattr(cast(Any, self.model).config, "is_encoder_decoder", False):
            raise InterventionError(f"{self.name} has an encoder: tracing and editing take a causal language model")
        ids = torch.tensor([[0, 1], [0, 2]], device=self.device)
        with torch.no_grad():
            first = self.model(input_ids=ids).logits[:, 0]
        if not torch.allclose(first[0], first[1], rtol=1e-2, atol=1e-2):
            raise InterventionError(
                f"{self.name} reads ahead, as encoders do: tracing and editing take a causal language model"
            )

    def save(self, folder: str | Path) -> None:
        """Writes model and tokenizer as one folder that `load_causal_language_model` reads.

        The numbers are of the type that those of the files were which the model is from.
        """
        model = cast(Any, self.model)
        now = model.dtype
        with _quietly():
            if self.stored in (None, now):
                super().save(folder)
                return
            kept = _as_type(model.state_dict(), self.stored)
            model.save_pretrained(folder, state_dict=kept)
            model.config.dtype = self.stored  # it wrote that of the model into the folder, and here
            model.config.save_pretrained(folder)
            model.config.dtype = now
            self.tokenizer.save_pretrained(folder)

    @property
    def device(self) -> torch.device:
        """Where a run starts: where the weights are, or where the first of a model in parts works."""
        return first_device(self.model)

    def encode(self, text: str) -> Tensor:
        """Token ids (1, tokens), with the tokens that the tokenizer puts before a text, and none after it.

        Raises:
            OptionError: If the text has no tokens, or more than the model takes.
        """
        ids = [*self.tokenizer(text)["input_ids"]]
        while ids and ids[-1] == self.tokenizer.eos_token_id and not text.endswith(str(self.tokenizer.eos_token)):
            ids.pop()
        if not text.strip() or not ids:
            raise OptionError("the prompt is empty: give at least one word")
        most = getattr(cast(Any, self.model).config, "max_position_embeddings", None)
        if most is not None and len(ids) > most:
            raise OptionError(f"the prompt has {len(ids)} tokens, {self.name} takes {most}")
        return torch.tensor([ids], device=self.device)

    def words(self, ids: Sequence[int]) -> list[str]:
        """The text of each token."""
        return [self.tokenizer.decode([int(token)]) for token in ids]

    def continuation(self, text: str, what: str = "answer") -> list[int]:
        """The tokens of a text that goes on a prompt, such as " Paris", without any token before it.

        Raises:
            OptionError: If there are none, or the vocabulary lacks one.
        """
        ids = [int(token) for token in self.tokenizer(text, add_special_tokens=False)["input_ids"]]
        if not ids:
            raise OptionError(f"the {what} is empty: give what the model may say next, such as --{what} ' Paris'")
        if (unknown := self.tokenizer.unk_token_id) is not None and unknown in ids:
            raise OptionError(
                f"the {what} {text!r} is outside of the vocabulary of {self.name}, which reads it as "
                f"{'|'.join(self.words(ids))}: give one in words that it knows"
            )
        return ids

    def spans(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """Where each word begins and ends, (first, behind the last) token; special tokens are no words."""
        special = set(self.tokenizer.all_special_ids)
        found: list[tuple[int, int]] = []
        for k in range(len(ids)):
            if int(ids[k]) in special:
                continue
            before, both = (self.tokenizer.decode([int(t) for t in ids[max(k - 1, 0) : end]]) for end in (k, k + 1))
            if found and found[-1][1] == k and both.startswith(before) and both[len(before) :][:1].isalnum():
                found[-1] = (found[-1][0], k + 1)
            else:
                found.append((k, k + 1))
        return found

    def span_of(self, text: str, ids: Sequence[int]) -> tuple[int, int]:
        """Where a part of the prompt is, (first, behind the last) token; the last time that it occurs.

        Raises:
            OptionError: If the prompt does not hold it.
        """
        wanted = text.strip()
        for behind in range(len(ids), 0, -1):
            for first in range(behind - 1, -1, -1):
                if wanted and self.tokenizer.decode([int(token) for token in ids[first:behind]]).strip() == wanted:
                    return first, behind
        words = [self.tokenizer.decode(ids[a:b]).strip() for a, b in self.spans(ids)]
        raise OptionError(f"the prompt does not hold {text!r} as whole tokens; its words are {', '.join(words)}")

    def memory(self, layer: int) -> str:
        """The name of the linear layer by which a layer's perceptron writes into the residual stream.

        Raises:
            OptionError: If there is no such layer.
            InterventionError: If it is not a single linear layer, as in mixtures of experts, is quantised, or the
                model does not fit into memory.
        """
        if any(weight.is_meta for weight in self.model.parameters()):
            raise InterventionError(
                f"parts of {self.name} are not in memory, where an edit is written: leave out device_map"
            )
        stem, count = self.blocks.removesuffix("*"), self.layers
        modules = dict(self.model.named_modules())
        if not -count <= layer < count:
            raise OptionError(f"layer {layer} is not one of the {count} layers, 0 to {count - 1}")
        block, width = f"{stem}{layer % count}", self.width
        found: list[str] = []
        for name, module in modules.items():
            inside = name.removeprefix(block + ".")
            weight = module._parameters.get("weight")
            if not name.startswith(block + ".") or _ATTENTION.search(inside) or weight is None or weight.ndim != 2:
                continue
            shape = oriented(module, name).shape
            if shape[0] == width and shape[1] > width:
                found.append(name)
        if len(found) != 1:
            held = ", ".join(found[:4]) or "none"
            raise InterventionError(f"{block} has not one layer that writes what its perceptron found, but {held}")
        return found[0]

    @property
    def fingerprint(self) -> str:
        """Tells two models apart: a hash of every weight's name and shape and of 64 of its numbers."""
        import hashlib

        found = hashlib.sha256()
        for name, weight in self.model.named_parameters():
            flat = held_weight(self.model, name, weight).detach().reshape(-1)
            few = flat[:: max(1, flat.numel() // 64)][:64].cpu()
            few = few.double() if few.is_floating_point() else few
            found.update(f"{name} {tuple(weight.shape)} {few.tolist()}".encode())
        return found.hexdigest()[:16]

    def log_probabilities(self, texts: Sequence[str]) -> Tensor:
        """(texts, vocabulary) of the next token after each text, in float64."""
        found = []
        with torch.no_grad():
            for text in texts:
                logits = self.model(input_ids=self.encode(text), use_cache=False).logits[0, -1]
                found.append(logits.cpu().double().log_softmax(dim=-1))
        return torch.stack(found)


def load_causal_language_model(
    source: str | Path,
    *,
    revision: str | None = None,
    dtype: str = "float32",
    device: str = "auto",
    device_map: str | Mapping[str, str | int] | None = None,
) -> CausalLanguageModel:
    """A causal language model and its tokenizer, from a folder, a GGUF file, or by an id of the Hub.

    Args:
        source: Such as `gpt2`, `owner/name`, a folder that `save_pretrained` wrote, a GGUF file or a folder with one.
        revision: Of the Hub's repository.
        dtype: `float32`, `bfloat16` (`bf16`), `float16`, or `auto` for that of the weights.
        device: `cpu`, `cuda`, `mps`, or `auto` for the fastest there is.
        device_map: For models that do not fit on one device, where each part works: `auto`, `balanced` or `sequential`
            spread it over what there is, graphics cards first, then memory, then the files; or from names of modules
            to devices, `cpu` or `disk`, as a mapping or a JSON file. None takes one device.

    Raises:
        FormatError: If there is no such model or tokenizer, a file of it is damaged, or its weights are a pickle.
        OptionError: If the type, device or map is unknown.
        MissingExtraError: If transformers is not installed, or accelerate, which maps ask for.
        InterventionError: If it is no causal model.
    """
    if dtype not in _DTYPES:
        raise OptionError(f"dtype is one of {', '.join(_DTYPES)}, got {dtype!r}")
    dtype = _DTYPES[dtype]
    options: dict[str, Any] = {"dtype": dtype if dtype == "auto" else getattr(torch, dtype)}
    place, file = _gguf(source)
    if device_map is not None:
        if file is not None:
            raise OptionError(f"{file} is unpacked in memory, so no device_map is of use: save it as a folder first")
        options["device_map"] = read_device_map(device_map, device)
    if file is not None:
        from transformers import GgufConfig

        unpacked = GgufConfig(dequantize=True)
        with _quietly(), _read_once():
            loaded = load_language_model(
                place, "causal", gguf_file=file, dtype=torch.float32, quantization_config=unpacked
            )
        loaded.model = _plain(loaded.model)
        if dtype != "auto":
            loaded.model.to(options["dtype"])
    else:
        with _quietly():
            loaded = load_language_model(place, "causal", revision=revision, **options)
        check_device_map(options.get("device_map", "auto"), loaded.model)
    tokens, rows = len(loaded.tokenizer), int(cast(Any, loaded.model).get_input_embeddings().weight.shape[0])
    if not rows / 2 < tokens < 2 * rows:  # a few more or less are rows that fill up, or tokens for images
        raise FormatError(
            f"{source} has a tokenizer of {tokens} tokens for a model of {rows}: its files are missing, or are "
            "those of another model"
        )
    try:
        if device_map is None:
            loaded.model.to(_device(device))
    except (RuntimeError, AssertionError) as error:
        raise OptionError(f"device is auto, cpu, cuda or mps, and here {device!r} does not work: {error}") from error
    stored = None if file is not None else _stored_type(place, revision)
    return CausalLanguageModel(loaded.model, loaded.tokenizer, Path(source).name or str(source), stored)


def _stored_type(place: str | Path, revision: str | None) -> torch.dtype | None:
    """The type of the numbers in a model's files: as its config says, else as the first of them has it."""
    from safetensors import safe_open
    from transformers import AutoConfig

    said = getattr(AutoConfig.from_pretrained(place, revision=revision, trust_remote_code=False), "dtype", None)
    if isinstance(said, torch.dtype):
        return said
    for path in sorted(Path(place).glob("*.safetensors")):
        with safe_open(path, framework="pt") as held:
            for name in held.keys():  # noqa: SIM118  # it is no mapping
                weight: Tensor = held.get_tensor(name)
                if weight.is_floating_point():
                    return weight.dtype
    return None


def _as_type(weights: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Weights of another type; those that share their numbers still do."""
    made: dict[tuple[int, torch.Size], Tensor] = {}
    return {
        name: made.setdefault((w.data_ptr(), w.shape), w.to(dtype)) if w.is_floating_point() else w
        for name, w in weights.items()
    }


def _device(device: str) -> str:
    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _gguf(source: str | Path) -> tuple[str | Path, str | None]:
    """The folder and the GGUF file in it, None where the source is no GGUF."""
    path = Path(source).expanduser()
    if path.is_file():
        if path.suffix != ".gguf":
            raise FormatError(f"{path} is a file: give the folder of the model, or a GGUF file")
        return path.parent, path.name
    if not path.is_dir() or (path / "config.json").is_file():
        return source, None
    files = sorted(path.glob("*.gguf"))
    if not files:
        if any(path.glob("*.bin")) or any(path.glob("*.pt")) or any(path.glob("*.pth")):
            return source, None  # refused by the reader, with the reason
        raise FormatError(f"{path} holds no model: neither config.json nor a GGUF file")
    if len(files) > 1:
        raise FormatError(f"{path} holds {len(files)} GGUF files: name one of them, such as {files[0]}")
    return path, files[0].name


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the notes of transformers, about which nothing is to be done; errors are raised as ever."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with redirect_stderr(io.StringIO()):  # the bar of a GGUF file asks nobody
            yield
    finally:
        logging.set_verbosity(level)


@contextmanager
def _read_once() -> Iterator[None]:
    """While a model is loaded, its GGUF file is parsed once: transformers asks three times, ten seconds each."""
    try:
        import gguf
    except ImportError as error:
        raise FormatError("a GGUF file is read with the package gguf: pip install gguf") from error
    reader, kept = gguf.GGUFReader, {}

    def once(path: Any, *args: Any) -> Any:
        if path not in kept:
            kept[path] = reader(path, *args)
        return kept[path]

    setattr(gguf, "GGUFReader", once)  # noqa: B010  # transformers looks it up in the package at each reading
    try:
        yield
    finally:
        setattr(gguf, "GGUFReader", reader)  # noqa: B010


def _plain(model: nn.Module) -> nn.Module:
    """The model without the marks of quantisation, which keep transformers from saving it."""
    config = cast(Any, model).config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        made = type(model)(config)
    made.load_state_dict(model.state_dict(), assign=True)
    for name, buffer in model.named_buffers():
        owner, _, last = name.rpartition(".")
        made.get_submodule(owner)._buffers[last] = buffer  # those that no file holds, such as frequencies
    cast(Any, made).tie_weights()
    cast(Any, made).generation_config = cast(Any, model).generation_config
    return made.eval()

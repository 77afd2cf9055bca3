"""Models that draw pictures, of one kind for all who study them: any pipeline folder of diffusers, UNet or transformer.

    pipeline = load_pipeline("folder")                         safetensors only; no code of a repository is run
    said = pipeline.embed(["a red circle", "a blue ring"])
    x = pipeline.draw(said, pipeline.noise(2, seed=0), steps=20, guidance=3.0)     (2, 3, height, width)
    back = pipeline.invert(x, said, steps=50)                  the noise again, and how far off it is

Drawing is deterministic (`aitia.nn.diffusion`), whatever scheduler the folder names: its noise schedule is used, not
its steps. Noise is always an argument, never a hidden seed. The pipeline is a torch module whose children are the parts
of the folder (`unet` or `transformer`, `text_encoder`, `vae`), so every place of `aitia.nn.sites` is named as in the
folder: `unet.mid_block[step=3]`, `text_encoder.encoder.layers.0.self_attn[position=4]`. Under guidance the denoiser
runs once on both halves, the empty prompts first; `Conditional` of `aitia.nn.conditions` acts on the second half alone.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor, nn

from aitia.errors import DataError, FormatError, OptionError, join_names
from aitia.nn.conditions import Condition
from aitia.nn.diffusion import Denoise, Inversion, Schedule, draw, guided, invert
from aitia.nn.pipeline_folders import load_library_pipeline
from aitia.nn.quiet import without_bars
from aitia.nn.sites.site import Site

__all__ = ["ImagePipeline", "Part", "load_pipeline"]

Part = Literal["self_attention", "cross_attention", "mlp", "resnet", "layer"]
_KINDS = {
    "UNet2DModel": "unconditional",
    "UNet2DConditionModel": "text",
    "DiTTransformer2DModel": "class",
    "PixArtTransformer2DModel": "text",
    "SD3Transformer2DModel": "text",
}
"""How each denoiser is told what to draw."""
_SITES: Mapping[str, Mapping[str, str]] = {
    "text": {
        "self_attention": r".*layers?\.\d+\.self_attn|.*block\.\d+\.layer\.0\.SelfAttention",
        "mlp": r".*layers\.\d+\.mlp|.*block\.\d+\.layer\.1\.DenseReluDense",
        "layer": r".*layers\.\d+|.*encoder\.block\.\d+",
    },
    "denoiser": {
        "self_attention": r".*transformer_blocks\.\d+\.(attn1|attn)",
        "cross_attention": r".*transformer_blocks\.\d+\.attn2",
        "mlp": r".*transformer_blocks\.\d+\.ff",
        "resnet": r".*resnets\.\d+",
        "layer": r"(unet\.)?(down_blocks|up_blocks)\.\d+|(unet\.)?mid_block|(transformer\.)?transformer_blocks\.\d+",
    },
}


class ImagePipeline(nn.Module):
    """A model that draws pictures; see the module.

    Args:
        library: The opened pipeline of diffusers.
        source: Where it came from, for messages.

    Raises:
        FormatError: If its denoiser is of no kind that is driven here, or it has none.
    """

    def __init__(self, library: Any, source: str = "the pipeline") -> None:
        super().__init__()
        self.library, self.source = library, source
        for name, part in library.components.items():
            if isinstance(part, nn.Module):
                self.add_module(name, part)
        named = next((name for name in ("unet", "transformer") if name in self._modules), None)
        if named is None:
            raise FormatError(f"{source} has no denoiser: it has {join_names(self._modules) or 'no network'}")
        self.denoiser_name = named
        kind = type(self.denoiser).__name__
        if kind not in _KINDS:
            raise FormatError(f"{source} draws with a {kind}, and these are driven here: {join_names(_KINDS)}")
        self.kind = _KINDS[kind]
        if kind == "UNet2DModel" and self.denoiser.class_embedding is not None:
            self.kind = "class"
        self.schedule = Schedule.of(library.scheduler)
        self.eval()

    @property
    def denoiser(self) -> Any:
        """The network that takes noise away."""
        return self._modules[self.denoiser_name]

    @property
    def autoencoder(self) -> Any:
        """What turns latents into pictures; None where the denoiser works on pixels."""
        return self._modules.get("vae")

    @property
    def text_encoders(self) -> tuple[str, ...]:
        """Names of the text encoders, the first being `text_encoder`."""
        return tuple(name for name in self._modules if name.startswith("text_encoder"))

    # -- what is told --------------------------------------------------------------------------------------------------

    def embed(self, prompts: Sequence[str]) -> Condition:
        """What the denoiser is told of each prompt, by the text encoders of the pipeline; "" is the empty prompt.

        Raises:
            OptionError: If the pipeline reads no text.
            DataError: If there is no prompt, or one is no text.
        """
        if self.kind != "text":
            raise OptionError(f"{self.source} reads no prompts: it is {self.kind}")
        texts = list(prompts)
        if not texts or not all(isinstance(text, str) for text in texts):
            raise DataError("embed takes a list of one prompt at least, each a text")
        kind, rows = type(self.denoiser).__name__, len(texts)
        encode = self.library.encode_prompt
        once: dict[str, Any] = {"num_images_per_prompt": 1, "do_classifier_free_guidance": False}
        if kind == "PixArtTransformer2DModel":
            states, mask, *_ = encode(texts, device=self._device, **once)
            return Condition({"encoder_hidden_states": states, "encoder_attention_mask": mask}, rows)
        if kind == "SD3Transformer2DModel":
            states, _, pooled, _ = encode(texts, None, None, device=self._device, **once)
            return Condition({"encoder_hidden_states": states, "pooled_projections": pooled}, rows)
        if len(self.text_encoders) == 1:
            return Condition({"encoder_hidden_states": encode(texts, self._device, 1, False)[0]}, rows)
        states, _, pooled, _ = encode(texts, device=self._device, **once)
        side = self._side * (1 if self.autoencoder is None else self.library.vae_scale_factor)
        ids = states.new_tensor([side, side, 0, 0, side, side]).expand(rows, -1)
        return Condition({"encoder_hidden_states": states, "text_embeds": pooled, "time_ids": ids}, rows)

    def of_classes(self, labels: Sequence[int]) -> Condition:
        """What the denoiser is told of each class.

        Raises:
            OptionError: If the pipeline draws no classes, or there is none of this number.
        """
        if self.kind != "class":
            raise OptionError(f"{self.source} draws no classes: it is {self.kind}")
        count = self.denoiser.config.get("num_embeds_ada_norm") or self.denoiser.config.get("num_class_embeds") or 0
        if odd := [label for label in labels if not 0 <= label <= count]:
            raise OptionError(f"classes are 0 to {count}, got {odd[0]}")
        return Condition({"class_labels": torch.tensor(list(labels), device=self._device)}, len(labels))

    def nothing(self, rows: int) -> Condition:
        """What stands for no condition: empty prompts, or the class that a DiT keeps for it.

        Raises:
            OptionError: If the denoiser was given nothing of the kind.
        """
        if self.kind == "text":
            return self.embed([""] * rows)
        if self.kind == "unconditional":
            return Condition({}, rows)
        if (null := self.denoiser.config.get("num_embeds_ada_norm")) is None:
            raise OptionError(f"{self.source} has no class for none of them, so there is no guidance: take guidance=1")
        return self.of_classes([int(null)] * rows)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def noise(self, rows: int, seed: int) -> Tensor:
        """Standard normal numbers (rows, channels, height, width) of the denoiser's own size, equal on all devices."""
        shape = (rows, int(self.denoiser.config.in_channels), self._side, self._side)
        made = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        return made.to(self._device, self._dtype)

    def denoise(self, said: Condition, guidance: float | Tensor = 1.0, empty: Condition | None = None) -> Denoise:
        """The denoiser with its condition inside, for `aitia.nn.diffusion`.

        Args:
            said: One row a picture.
            guidance: Weight; 1 asks the conditional model alone. One number, or one a row.
            empty: What it is guided away from; None takes `nothing`.
        """
        if isinstance(guidance, (int, float)) and guidance == 1:
            return lambda x, time: self._say(x, time, said)
        none = self.nothing(len(said)) if empty is None else empty
        both = none.over(said)

        def ask(x: Tensor, time: Tensor) -> Tensor:
            without, within = self._say(torch.cat([x, x]), torch.cat([time, time]), both).chunk(2)
            return guided(within, without, guidance)

        return ask

    def draw(
        self,
        said: Condition,
        noise: Tensor,
        *,
        steps: int | Sequence[int] = 50,
        guidance: float | Tensor = 1.0,
        empty: Condition | None = None,
        gradients: bool = False,
    ) -> Tensor:
        """Pictures (n, 3, height, width) of -1 to 1, give or take; the same noise gives the same picture.

        Args:
            said: What to draw, one row a picture.
            noise: (n, channels, height, width), as of `noise`.
            steps: How many, or which, the noisiest first.
            guidance: As in `denoise`.
            empty: As in `denoise`.
            gradients: Keep the graph of gradients.

        Raises:
            DataError: If rows do not match.
            OptionError: If there are no such steps.
        """
        self._match(said, noise)
        with torch.set_grad_enabled(gradients):
            return self.decode(draw(self.denoise(said, guidance, empty), noise, self.schedule, steps))

    @torch.no_grad()
    def invert(self, x: Tensor, said: Condition, *, steps: int | Sequence[int] = 50, refine: int = 0) -> Inversion:
        """The noise of pictures under a condition, without guidance; see `aitia.nn.diffusion.invert`.

        With a VAE the error is that of its latents; what the VAE itself loses comes on top.

        Raises:
            DataError: If rows or sizes do not match.
        """
        latents = self.encode(x)
        self._match(said, latents)
        return invert(self.denoise(said), latents, self.schedule, steps, refine=refine)

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures of what was denoised."""
        if self.autoencoder is None:
            return latents
        settings = self.autoencoder.config
        plain = latents / settings.scaling_factor + (settings.get("shift_factor") or 0.0)
        return cast(Tensor, self.autoencoder.decode(plain).sample)

    def encode(self, x: Tensor) -> Tensor:
        """What the denoiser works on, of pictures."""
        if self.autoencoder is None:
            return x
        settings = self.autoencoder.config
        mode: Tensor = self.autoencoder.encode(x).latent_dist.mode()
        shifted: Tensor = (mode - (settings.get("shift_factor") or 0.0)) * settings.scaling_factor
        return shifted

    # -- places --------------------------------------------------------------------------------------------------------

    def sites(self, part: Part, of: str = "") -> list[Site]:
        """The places of a kind, in the order of the network: outputs of attentions, perceptrons, ResNets or layers.

        Args:
            part: `self_attention` (in SD3 that of text and picture together), `cross_attention`, `mlp`, `resnet`, or
                `layer`: whole layers of a text encoder, whole blocks of a denoiser.
            of: A text encoder or the denoiser, by name; empty takes the denoiser.

        Raises:
            OptionError: If there is no such part or network, or it has no such places.
        """
        if part not in get_args(Part):
            raise OptionError(f"places are of {join_names(get_args(Part))}, got {part!r}")
        name = of or self.denoiser_name
        if name not in self._modules:
            raise OptionError(f"{self.source} has no {name!r}, but {join_names(self._modules)}")
        pattern = _SITES["denoiser" if name == self.denoiser_name else "text"].get(part)
        found = [known for known, _ in self.named_modules() if known.startswith(f"{name}.")]
        places = [Site(known) for known in found if pattern and re.fullmatch(pattern, known)]
        if not places:
            raise OptionError(f"{name} of {self.source} has no {part}")
        return places

    def token_positions(self, prompt: str, words: str, of: str = "text_encoder") -> tuple[int, ...]:
        """Positions of the tokens of some words in a prompt, as a site counts them; the last occurrence counts.

        Raises:
            OptionError: If the pipeline has no such text encoder.
            DataError: If the prompt does not hold the words, or holds them beyond the encoder's last position.
        """
        tokenizer = self.library.components.get(of.replace("text_encoder", "tokenizer"))
        if tokenizer is None:
            raise OptionError(f"{self.source} has no {of!r}, but {join_names(self.text_encoders) or 'no text encoder'}")
        start = prompt.lower().rfind(words.lower())
        if not words or start < 0:
            raise DataError(f"the prompt {prompt!r} does not hold {words!r}")
        longest = tokenizer.model_max_length
        made = tokenizer(prompt, truncation=True, max_length=longest, return_offsets_mapping=True)
        spans, end = made["offset_mapping"], start + len(words)
        found = tuple(k for k, (first, last) in enumerate(spans) if first < end and last > start and last > first)
        if not found or max(last for _, last in spans) < end:
            raise DataError(f"{words!r} lies beyond the {longest} tokens that {of} of {self.source} reads")
        return found

    # -- files ---------------------------------------------------------------------------------------------------------

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the pipeline folder, in safetensors; diffusers opens it again, as `load_pipeline` does.

        A part that is absent, such as the VAE of a model of pixels, is null in the index: to diffusers itself say
        `from_pretrained(folder, vae=None)`.
        """
        import diffusers

        told = diffusers.utils.logging.get_verbosity()
        diffusers.utils.logging.set_verbosity_error()  # that what is absent cannot be saved
        try:
            with without_bars():
                self.library.save_pretrained(str(folder), safe_serialization=True)
        finally:
            diffusers.utils.logging.set_verbosity(told)

    # -- their parts ---------------------------------------------------------------------------------------------------

    @property
    def _device(self) -> torch.device:
        return cast(torch.device, next(self.denoiser.parameters()).device)

    @property
    def _dtype(self) -> torch.dtype:
        return cast(torch.dtype, next(self.denoiser.parameters()).dtype)

    @property
    def _side(self) -> int:
        size = self.denoiser.config.sample_size
        if size is None:
            raise FormatError(f"{self.source} says no sample_size in its {self.denoiser_name}: put it into config.json")
        return int(size if isinstance(size, int) else size[0])

    def _match(self, said: Condition, x: Tensor) -> None:
        channels = int(self.denoiser.config.in_channels)
        if x.ndim != 4 or x.shape[1] != channels:
            raise DataError(f"the denoiser takes (n, {channels}, height, width), got {tuple(x.shape)}")
        if len(said) != len(x):
            raise DataError(f"there are {len(said)} rows of a condition and {len(x)} pictures: one each")

    def _say(self, x: Tensor, time: Tensor, said: Condition) -> Tensor:
        """What the denoiser predicts, in its own way of being called."""
        told, kind = dict(said.tensors), type(self.denoiser).__name__
        if kind.startswith("UNet"):
            added = {name: told.pop(name) for name in ("text_embeds", "time_ids") if name in told}
            more = {"added_cond_kwargs": added} if added else {}
            return cast(Tensor, self.denoiser(x, time, **told, **more).sample)
        if kind == "PixArtTransformer2DModel":
            told["added_cond_kwargs"] = {"resolution": None, "aspect_ratio": None}  # type: ignore[assignment]
        out: Tensor = self.denoiser(hidden_states=x, timestep=time, **told).sample
        return out[:, : x.shape[1]]  # a learnt variance stands behind


def load_pipeline(source: str | Path) -> ImagePipeline:
    """Opens a pipeline folder of diffusers, or a repository of the Hub; see `aitia.nn.pipeline_folders`.

    Raises:
        FormatError: If it is none, something is missing or pickled, or its denoiser is of no kind that is driven here.
        MissingExtraError: If diffusers or transformers is not installed.
    """
    return ImagePipeline(load_library_pipeline(source), str(source))

"""Pictures at the size of Stable Diffusion 1.5 and of a large generator, on a GPU: one run, under 8 minutes.

python benchmarks/gpu_pictures.py [--parts pictures,edit,units] [--tiny] [--json FILE]

All weights are random and nothing is loaded; diffusers and transformers must be there.

pictures  Counterfactuals: the pictures are inverted under one prompt (and drawn again, for the error) and drawn under
          another, all rows at once beside a loop over rows. VAE included, which in both works row by row. In bf16; a
          few rows in float32, without TF32, show which differences are those of bf16.
edit      One matrix of the text encoder in closed form beside 100 updates of keys and values of all cross-attentions
          on 16 pictures, which are drawn first. In bf16.
units     Each unit of a layer is set to a high level: maps once and units side by side, beside a loop of hooks. The
          generator draws 128 x 128, a SegFormer with 150 names looks at the pictures. In float32, without TF32.

On a GPU seconds of the wall, after one run to warm up, with the device waited for; peaks of memory are those of torch.
A loop that reaches its limit of seconds stops, and its figures are of what it did. Rows are written to FILE as they
come; a part that runs out of memory says so, and the next begins. `--tiny` tries all of it on a CPU, in CPU seconds.
"""

import argparse
import gc
import json
import platform
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from _measure import best
from aitia.evidence.pictures import WORDS
from aitia.nn.gan import Generator
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import to_bytes
from aitia.nn.segmenters import LibrarySegmenter
from aitia.nn.text_to_image import clip_tokenizer
from aitia.systems.diff_quickfix.closed_form import solve_edit
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.rivals import tuned
from aitia.systems.gan_dissection.effects import swept
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.systems.gan_dissection.tail import Change, Tail

LAYER, LEVEL = "blocks.1", 3.0
"""Whose units are set, and to what: their maps have batch norm and ReLU behind them."""
PAIRS = [
    Pair(f"a {size} red {shape}", f"a {size} blue {shape}", "red", "blue")
    for size in ("small", "large")
    for shape in ("circle", "square")
]


@dataclass(frozen=True)
class Size:
    """How large all is; the defaults are those of the GPU."""

    unet: tuple[int, ...] = (320, 640, 1280, 1280)
    vae: tuple[int, ...] = (128, 256, 512, 512)
    latents: int = 64
    text: int = 768
    layers: int = 12
    heads: int = 12
    vocabulary: int = 49408
    batches: tuple[int, ...] = (32, 8)
    steps: int = 20
    exact: int = 4
    updates: int = 100
    generator: tuple[int, ...] = (512, 512, 256, 128, 64)
    segmenter: tuple[int, ...] = (32, 64, 160, 256)
    names: int = 150
    seen: int = 32
    limit: float = 80.0


TINY = Size(
    unet=(32, 32, 32, 32),
    vae=(32, 32, 32, 32),
    latents=16,
    text=32,
    layers=2,
    heads=4,
    vocabulary=1000,
    batches=(4, 2),
    steps=4,
    exact=2,
    updates=5,
    generator=(16, 16, 8),
    segmenter=(8, 16, 24, 32),
    names=6,
    seen=4,
    limit=5.0,
)


class Meter:
    """Times calls, keeps the rows, and goes on where a part fails.

    Args:
        device: Where all runs.
        path: Of the JSON file, if any.
    """

    def __init__(self, device: torch.device, path: Path | None) -> None:
        self.device, self.path, self.failed = device, path, False
        self.rows: list[dict[str, Any]] = []
        self.machine = self._machine()

    def seconds(self, call: Callable[[], Any], repeats: int = 1) -> tuple[float, dict[str, float], Any]:
        """Least seconds, the peak of memory in GiB where there is a GPU, and the last answer."""
        gpu = self.device.type == "cuda"
        self.wait()
        if gpu:
            torch.cuda.reset_peak_memory_stats()
        cpu, wall, answer = best(lambda: (call(), self.wait())[0], repeats)
        peak = {"peak GiB": torch.cuda.max_memory_allocated() / 2**30} if gpu else {}
        return wall if gpu else cpu, peak, answer

    def wait(self) -> None:
        """Until the device has done what it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def tell(self, what: str, **row: Any) -> None:
        """Prints a row and writes all so far."""
        self.rows.append({"what": what} | row)
        told = (f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items())
        print("  ".join([what, *told]), flush=True)
        if self.path is not None:
            self.path.write_text(json.dumps(self.machine | {"rows": self.rows}, indent=2) + "\n")

    @contextmanager
    def going_on(self, what: str) -> Iterator[None]:
        """Says of what is inside that it failed, if it did, and frees what it held."""
        try:
            yield
        except torch.OutOfMemoryError as error:
            self.tell(what, outcome=f"ran out of memory on this GPU: {'. '.join(str(error).split('. ')[:2])}")
        except Exception as error:  # a lent machine is not lent again for one part that failed
            self.failed = True
            traceback.print_exc()
            self.tell(what, outcome=f"failed: {type(error).__name__}: {error}")
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _machine(self) -> dict[str, Any]:
        device = f"{platform.machine()}, no GPU"
        if self.device.type == "cuda":
            held = torch.cuda.get_device_properties(self.device)
            device = f"{held.name}, {held.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"
        versions = {"torch": torch.__version__}
        for name in ("diffusers", "transformers"):
            try:
                versions[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                versions[name] = "not installed"
        return {"machine": f"{device}, Python {platform.python_version()}", "versions": versions}


def text_to_image(size: Size, device: torch.device, dtype: torch.dtype) -> ImagePipeline:
    """A pipeline of the classes and sizes of Stable Diffusion 1.5, with random weights."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer = clip_tokenizer(WORDS, 77)
    torch.manual_seed(0)
    with torch.device(device):
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=size.vocabulary,
                hidden_size=size.text,
                intermediate_size=4 * size.text,
                projection_dim=size.text,
                num_hidden_layers=size.layers,
                num_attention_heads=size.heads,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
        unet = UNet2DConditionModel(
            sample_size=size.latents, block_out_channels=size.unet, cross_attention_dim=size.text
        )
        levels = len(size.vae)
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=size.vae,
            layers_per_block=2,
            sample_size=size.latents * 2 ** (levels - 1),
        )
    vae.enable_slicing()
    library = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    library.set_progress_bar_config(disable=True)
    return ImagePipeline(library, "a model of the size of Stable Diffusion 1.5").to(dtype)


# -- counterfactual pictures -------------------------------------------------------------------------------------------


class Asked:
    """Pictures, the prompts that they are inverted under, and those that they are drawn under."""

    def __init__(self, pipeline: ImagePipeline, size: Size, device: torch.device) -> None:
        self.pipeline, self.steps = pipeline, size.steps
        rows, side = max(size.batches), int(pipeline.autoencoder.config.sample_size)
        dtype = pipeline.noise(1, 0).dtype
        self.x = (torch.rand(rows, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1).to(device, dtype)
        pairs = [PAIRS[k % len(PAIRS)] for k in range(rows)]
        with torch.no_grad():
            self.fact = pipeline.embed([pair.prompt for pair in pairs])
            self.other = pipeline.embed([pair.other for pair in pairs])

    def __call__(self, rows: Sequence[int], steps: int | None = None) -> tuple[NDArray[np.uint8], Tensor]:
        """The pictures under the other prompts, and the errors of the inversion in units of latents."""
        steps = steps or self.steps
        found = self.pipeline.invert(self.x[list(rows)], self.fact.take(rows), steps=steps)
        return to_bytes(self.pipeline.draw(self.other.take(rows), found.noise, steps=steps)), found.error.float().cpu()

    def one_by_one(self, rows: int, limit: float) -> NDArray[np.uint8]:
        """As many of the rows as the limit of seconds lets through."""
        found, started = [], time.perf_counter()
        while len(found) < rows and time.perf_counter() - started < limit:
            found.append(self([len(found)])[0])
        return np.concatenate(found)


def pictures(meter: Meter, size: Size) -> None:
    pipeline = text_to_image(size, meter.device, torch.bfloat16)
    for name in ("unet", "text_encoder", "vae"):
        count = sum(parameter.numel() for parameter in pipeline.get_submodule(name).parameters())
        meter.tell(f"{name}, millions of weights", count=count / 1e6)
    beside(meter, Asked(pipeline, size, meter.device), size.batches, size.limit, "bf16")
    pipeline.to(torch.float32)
    beside(meter, Asked(pipeline, size, meter.device), (size.exact,), size.limit, "float32")


def beside(meter: Meter, asked: Asked, batches: Sequence[int], limit: float, numbers: str) -> None:
    """Batches of these sizes, and the loop over the rows of the largest."""
    together: dict[int, NDArray[np.uint8]] = {}
    speed: dict[int, float] = {}
    for batch in batches:
        what = f"pictures, {numbers}, {batch} rows at once"
        with meter.going_on(what):
            asked(range(batch), steps=1)
            spent, peak, (together[batch], error) = meter.seconds(lambda batch=batch: asked(range(batch)))
            speed[batch] = batch / spent
            row = {
                "seconds": spent,
                "a second": speed[batch],
                "steps": asked.steps,
                "error of latents": float(error.mean()),
                "spread of bytes": float(together[batch].std()),
            }
            meter.tell(what, **row, **peak)
    what = f"pictures, {numbers}, row by row"
    with meter.going_on(what):
        asked([0], steps=1)
        spent, peak, single = meter.seconds(lambda: asked.one_by_one(max(batches), limit))
        row = {"rows": len(single), "seconds": spent, "a second": len(single) / spent}
        meter.tell(what, **row, **peak)
        for batch, drawn in together.items():
            count = min(batch, len(single))
            apart = np.abs(drawn[:count].astype(int) - single[:count].astype(int))
            meter.tell(
                f"pictures, {numbers}, {batch} rows at once beside the loop",
                times=speed[batch] * spent / len(single),
                **{"largest difference in levels": int(apart.max()), "mean difference": float(apart.mean())},
                **{"share of equal bytes": float((apart == 0).mean())},
            )


# -- an edit -----------------------------------------------------------------------------------------------------------


def edit(meter: Meter, size: Size) -> None:
    pipeline = text_to_image(size, meter.device, torch.bfloat16)
    config, kept = DiffQuickfixConfig(steps=min(8, size.steps)), ["a small green ring"]

    def ours() -> float:
        return float(solve_edit(pipeline, 0, PAIRS, kept, config).delta.norm())

    ours()
    quick, peak, length = meter.seconds(ours, 5)
    meter.tell("edit, closed form", seconds=quick, length=length, **peak)

    pipeline.requires_grad_(False)  # fine-tuning pays for no gradient that it has no use for
    for name, parameter in pipeline.denoiser.named_parameters():
        parameter.requires_grad_(".attn2.to_k" in name or ".attn2.to_v" in name)
    tuned(pipeline, PAIRS, config, 1)
    slow, peak, _ = meter.seconds(lambda: tuned(pipeline, PAIRS, config, size.updates))
    meter.tell(f"edit, {size.updates} updates", seconds=slow, times=slow / quick, **peak)


# -- units of a generator ----------------------------------------------------------------------------------------------


def painted(size: Size, device: torch.device) -> tuple[ImageGenerator, LibrarySegmenter]:
    """The generator, its batch norms measured so that its pictures differ, and the segmenter."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    torch.manual_seed(0)
    with torch.device(device):
        net = Generator(128, size.generator)
        look = SegformerForSemanticSegmentation(
            SegformerConfig(hidden_sizes=list(size.segmenter), decoder_hidden_size=256, num_labels=size.names)
        )
        for part in net.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = None  # a plain mean over batches
        with torch.no_grad():
            net.train()(torch.randn(256, 128))
    names = [f"name {k}" for k in range(size.names)]
    segmenter = LibrarySegmenter(look.eval(), names, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return ImageGenerator(net.eval()), segmenter


@torch.no_grad()
def hooked(
    generator: ImageGenerator, segmenter: LibrarySegmenter, z: Tensor, units: int, batch: int, limit: float
) -> NDArray[np.float64]:
    """(units, rows, names) shares with each unit set, of as many units as the limit of seconds lets through."""
    module, found, started = generator.model.get_submodule(LAYER), [], time.perf_counter()
    while len(found) < units and time.perf_counter() - started < limit:

        def put(_: object, __: object, output: Tensor, unit: int = len(found)) -> Tensor:
            output = output.clone()
            output[:, unit] = LEVEL
            return output

        handle = module.register_forward_hook(put)
        try:
            said = torch.cat(
                [segmenter.probabilities(generator.draw(part)).argmax(1) for part in torch.split(z, batch)]
            )
        finally:
            handle.remove()
        counts = z.new_zeros(len(z), len(segmenter.names))
        counts.scatter_add_(1, said.flatten(1), torch.ones_like(said.flatten(1), dtype=counts.dtype))
        found.append(counts.double() / said[0].numel())
    return torch.stack(found).cpu().numpy()


def units(meter: Meter, size: Size) -> None:
    generator, segmenter = painted(size, meter.device)
    count, z = size.generator[int(LAYER.split(".")[1])], generator.noise(size.seen, 0)

    def ours(several: int) -> NDArray[np.float64]:
        return swept([Tail(generator, LAYER, z)], segmenter, [Change((unit,), LEVEL) for unit in range(several)])

    ours(2)
    spent, peak, table = meter.seconds(lambda: ours(count))
    moved = float(np.abs(table[1:] - table[0]).max(axis=(1, 2)).mean())
    meter.tell(
        f"units, {count} side by side, {size.seen} pictures of {generator.size[0]} pixels",
        seconds=spent, **{"units a second": count / spent, "largest effect, mean over units": moved}, **peak,
    )  # fmt: skip
    for batch in (1, 2, size.seen):
        what = f"units, loop of hooks, batches of {batch}"
        with meter.going_on(what):
            hooked(generator, segmenter, z, 1, batch, size.limit)
            slow, peak, other = meter.seconds(
                lambda batch=batch: hooked(generator, segmenter, z, count, batch, size.limit / 2)
            )
            done = len(other)
            # a pixel between two names may change sides with the last digits
            apart = float(np.abs(table[1 : done + 1] - other).max())
            row = {"times": slow / done * count / spent, "largest difference of a share": apart}
            meter.tell(what, units=done, seconds=slow, **row, **peak)


PARTS: dict[str, Callable[[Meter, Size], None]] = {"pictures": pictures, "edit": edit, "units": units}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--parts", default=",".join(PARTS), help="which, with commas between them")
    parser.add_argument("--tiny", action="store_true", help="tiny networks, on the CPU")
    given = parser.parse_args()
    parts = given.parts.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"parts are {', '.join(PARTS)}, got {unknown[0]!r}")
    if not given.tiny and not torch.cuda.is_available():
        parser.error("torch sees no GPU here: --tiny tries the script on the CPU")
    torch.backends.cudnn.allow_tf32 = False  # or rows of float32 would hang on the batch they are in
    size, meter = Size(), Meter(torch.device("cpu" if given.tiny else "cuda"), given.json)
    if given.tiny:
        torch.set_num_threads(1)
        size = TINY
    print(meter.machine["machine"], meter.machine["versions"], flush=True)
    started = time.perf_counter()
    for part in parts:
        with meter.going_on(part):
            PARTS[part](meter, size)
    meter.tell("all", seconds=time.perf_counter() - started)
    if meter.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

"""Generators of pictures that are opened, not trained here: StyleGAN and its kin, any module from z to pictures.

What a generator is asked for is in its module. Three ways of being called are known:

- mapping and synthesis: StyleGAN 2 and 3; w = mapping(z, c, truncation_psi), x = synthesis(w, noise_mode="const");
- style and style_dim: its translation by rosinality; x, _ = G([z], randomize_noise=False, truncation);
- any other: x = G(z), or x = G(z, labels); z of (n, latents), or (n, latents, 1, 1) where a convolution comes first.

Noise inside of a generator is held still, so that the same z gives the same picture. Its places (`layers`) are those
whose output is a map (n, units, height, width). In StyleGAN a style scales each unit of a convolution: intervene on the
output of the convolution or of its layer, `synthesis.b16.conv1`, and not on w.

No pickle is opened, and those in which StyleGAN comes hold code: build the generator in a module of your own, load its
`state_dict` from safetensors there, and give `package.module:function`.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aitia.data.subjects import Network, Subject
from aitia.errors import DataError, FormatError, OptionError
from aitia.guard import read_json
from aitia.nn.gan import Generator, SmallGan
from aitia.nn.opening import open_module
from aitia.nn.sites.site import Site

__all__ = ["ImageGenerator", "load_generator", "open_generator"]

_NAMES = ("z_dim", "latent_dim", "latent_size", "nz", "latents", "style_dim")
"""What modules call the length of z."""
_PICKLES = (".pkl", ".pt", ".pth", ".bin", ".ckpt", ".tar")


class ImageGenerator:
    """A module from z to pictures, called in its own way; see the module.

    Args:
        model: The module, in evaluation mode.
        latents: Numbers of z; None takes what the module says of itself.
        truncation: Psi, of StyleGAN; 1 leaves w as it is.
        labels: Classes of a conditional generator, 0 for one without; None takes what the module says.

    Raises:
        OptionError: If it does not say how long z is.
        DataError: If what it gives is no picture.
    """

    def __init__(
        self, model: nn.Module, latents: int | None = None, *, truncation: float = 1.0, labels: int | None = None
    ) -> None:
        self.model, self.truncation = model.eval(), float(truncation)
        net: Any = model
        self._way = "plain"
        if isinstance(getattr(net, "mapping", None), nn.Module) and isinstance(
            getattr(net, "synthesis", None), nn.Module
        ):
            self._way = "stylegan"
        elif hasattr(net, "style_dim") and isinstance(getattr(net, "style", None), nn.Module):
            self._way = "rosinality"
        first = next((part for part in model.modules() if isinstance(part, (nn.Linear, nn.modules.conv._ConvNd))), None)
        self._spatial = (
            self._way == "plain" and isinstance(first, nn.modules.conv._ConvNd) and not isinstance(model, Generator)
        )
        said = next((getattr(net, name) for name in _NAMES if isinstance(getattr(net, name, None), int)), None)
        if said is None and self._way == "plain" and first is not None:
            said = first.in_features if isinstance(first, nn.Linear) else first.in_channels
        if latents is None and said is None:
            raise OptionError(f"this {type(model).__name__} does not say how long z is: give latents=")
        self.latents = int(latents or said or 0)
        self.labels = int(getattr(net, "c_dim", 0) or 0) if labels is None else int(labels)
        self.size = tuple(self.draw(self.noise(2, 0)).shape[2:])
        """Height and width of its pictures."""

    def noise(self, rows: int, seed: int) -> Tensor:
        """z: standard normal numbers, (rows, latents), equal on all devices."""
        device = next((parameter.device for parameter in self.model.parameters()), torch.device("cpu"))
        return torch.randn(rows, self.latents, generator=torch.Generator().manual_seed(seed)).to(device)

    def draw(self, z: Tensor, classes: Tensor | None = None, *, gradients: bool = False) -> Tensor:
        """Pictures (n, 3, height, width), of -1 to 1 as such generators learn them.

        Args:
            z: (n, latents).
            classes: (n,) of a conditional generator; None draws class 0.
            gradients: Keep the graph of gradients.

        Raises:
            DataError: If z is of another length, or what comes is no picture.
        """
        if z.ndim != 2 or z.shape[1] != self.latents:
            raise DataError(f"z is (n, {self.latents}) here, got {tuple(z.shape)}")
        with torch.set_grad_enabled(gradients):
            x = self._called(z, classes)
        x = x[0] if isinstance(x, (tuple, list)) else x
        if not isinstance(x, Tensor) or x.ndim != 4 or x.shape[:2] != (len(z), 3):
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise DataError(f"{type(self.model).__name__} gives {got}, and pictures are ({len(z)}, 3, height, width)")
        return x

    def layers(self) -> dict[Site, tuple[int, int, int]]:
        """Places whose output is a map, with units, height and width, in the order in which they run.

        A module whose output is the picture is none of them, nor one that runs several times.
        """
        found: dict[Site, tuple[int, int, int]] = {}
        runs: dict[Site, int] = {}
        handles = []
        for name, module in self.model.named_modules():
            site = Site(name or ".")

            def look(_: nn.Module, __: Any, output: Any, site: Site = site) -> None:
                if isinstance(output, Tensor) and output.ndim == 4 and output.shape[1] != 3:
                    runs[site] = runs.get(site, 0) + 1
                    found[site] = (int(output.shape[1]), int(output.shape[2]), int(output.shape[3]))

            handles.append(module.register_forward_hook(look))
        try:
            self.draw(self.noise(2, 0))
        finally:
            for handle in handles:
                handle.remove()
        return {site: shape for site, shape in found.items() if runs[site] == 1 and str(site) != "."}

    def _called(self, z: Tensor, classes: Tensor | None) -> Any:
        model: Any = self.model
        if self._way == "stylegan":
            hot = None
            if self.labels:
                hot = nn.functional.one_hot(self._classes(z, classes), self.labels).to(z)
            w = model.mapping(z, hot, truncation_psi=self.truncation)
            return model.synthesis(w, noise_mode="const")
        if self._way == "rosinality":
            more: dict[str, Any] = {}
            if self.truncation != 1:
                more = {"truncation": self.truncation, "truncation_latent": model.mean_latent(4096)}
            return model([z], randomize_noise=False, **more)
        given = z[:, :, None, None] if self._spatial else z
        return model(given, self._classes(z, classes)) if self.labels else model(given)

    def _classes(self, z: Tensor, classes: Tensor | None) -> Tensor:
        found = torch.zeros(len(z), dtype=torch.long, device=z.device) if classes is None else classes.long()
        if found.shape != (len(z),) or int(found.min()) < 0 or int(found.max()) >= self.labels:
            raise DataError(f"classes are ({len(z)},) of 0 to {self.labels - 1}, got {tuple(found.shape)}")
        return found


def load_generator(source: str | Path) -> ImageGenerator:
    """The generator in the folder of a `SmallGan`.

    Raises:
        FormatError: If it is no such folder, or a pickle; says how to bring a StyleGAN.
    """
    path = Path(source)
    if path.suffix in _PICKLES:
        raise FormatError(
            f"{source} is a pickle, which can run any program: load its state_dict where you trust it, save it with "
            "safetensors, and give package.module:function that builds the generator and loads that file"
        )
    config = path / "config.json"
    if not config.is_file() or read_json(config, dict).get("class") != SmallGan.__name__:
        raise FormatError(
            f"{source} is no folder of a SmallGan: a generator of another kind is given as package.module:function, "
            "which builds it and loads its weights from safetensors"
        )
    return ImageGenerator(SmallGan.from_pretrained(path).generator)


def open_generator(network: Subject, latents: int | None = None, **options: Any) -> ImageGenerator:
    """A generator: a folder of a `SmallGan`, `package.module:name`, or a module as it is.

    Args:
        network: The subject.
        latents: Numbers of z, where the module does not say.
        options: Further ones of `ImageGenerator`.

    Raises:
        FormatError: As `load_generator`, or if the code gives no module.
        OptionError: If it does not say how long z is.
        DataError: If what it gives is no picture.
        RunError: If it is another one than that of the hash.
    """
    if isinstance(network, Network) and (network.opened is not None or ":" in network.id):
        found = network.opened
        if isinstance(found, ImageGenerator):
            return found
        return ImageGenerator(
            found.generator if isinstance(found, SmallGan) else open_module(network), latents, **options
        )
    return load_generator(network.where())

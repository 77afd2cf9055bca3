"""The Parquet folder with a data card that the `datasets` library and the Hub read."""

import json
from collections.abc import Mapping
from typing import Any

from aitia.files import write_whole
from aitia.version import __version__
from aitia.worlds.export.parquet import ParquetFile

__all__ = ["DatasetsFolder"]

_LICENSE = "apache-2.0"


class DatasetsFolder(ParquetFile):
    """What `ParquetFile` writes, and README.md, the card."""

    def finish(self, described: Mapping[str, Any]) -> None:
        """Writes manifest and card."""
        super().finish(described)
        write_whole(self.folder / "README.md", _card(described, self.features))


def _card(described: Mapping[str, Any], features: Mapping[str, str]) -> str:
    """A YAML header that `datasets` reads, then what a reader has to know."""
    header = [
        "---",
        f"license: {_LICENSE}",
        f"pretty_name: {json.dumps('aitia world: ' + described['world'])}",
        "tags:",
        "- causal-representation-learning",
        "- synthetic",
        "- aitia",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        "    path: data/*.parquet",
        "dataset_info:",
        "  features:",
        *(line for name, kind in features.items() for line in (f"  - name: {json.dumps(name)}", f"    dtype: {kind}")),
        "---",
    ]
    edges = [f"{a} -> {b}" for a, b in described["graph"]["edges"]]
    changes = [
        f"- `{label}`: {', '.join(described['changes'].get(label, ())) or 'none'}"
        for label in described["environments"]
    ]
    body = [
        "",
        f"# {described['world']}",
        "",
        f"{described['rows']} rows of the simulated world `{described['class']}`, seen as {described['seen']}, with "
        "the latents that made them. The frames and views of one `id` belong together: split by `id`.",
        "",
        "## Graph",
        "",
        *([f"    {edge}" for edge in edges] or ["    no edges"]),
        "",
        "## Latents",
        "",
        "| name | range | unit | kind | over time | written | noise |",
        "|---|---|---|---|---|---|---|",
        *(_latent_row(latent, described) for latent in described["latents"]),
        "",
        "## Environments",
        "",
        "The mechanisms that differ from those of the first:",
        "",
        *changes,
        "",
        "## How it was made",
        "",
        f"aitia {__version__}, `export_world` with n={described['rows']}, seed={described['seed']}, "
        f"env={described['env']!r}, size={described['size']}, views={described['views']}; everything is simulated. "
        f"Done: {json.dumps(described['done'])}; held for some frames: {json.dumps(described['held'])}. "
        "`manifest.json` has all of this for programs.",
        "",
        "## Assumptions offered",
        "",
        *(f"- {assumption}" for assumption in described["assumptions"]),
        "",
    ]
    return "\n".join([*header, *body])


def _latent_row(latent: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    name = latent["name"]
    cells = (
        name,
        ", ".join(latent["labels"]) or f"{latent['low']:.6g} to {latent['high']:.6g}",
        latent["unit"],
        latent["kind"],
        "varies" if latent["varies"] else "constant",
        "yes" if name in described["written"] else "no",
        described["noise"][name].replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"

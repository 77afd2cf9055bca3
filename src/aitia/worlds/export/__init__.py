"""A sample of a world as a folder of files that other programs read.

    png        labels.csv, images/
    parquet    data/train-00000-of-00001.parquet, the pictures inside as PNG
    arrow      data/train-00000-of-00001.arrow, likewise
    datasets   the parquet folder with a data card, README.md, that `datasets.load_dataset(folder)` reads

and in each of them manifest.json: graph, laws of the noise, latents, environments and what changes between them. A new
format is one file with a `Writer`.
"""

from aitia.worlds.export.folder import Format, export_world

__all__ = ["Format", "export_world"]

"""The command that pretrains: see `aitia.systems.tabpfn.training`.

python -m aitia.systems.tabpfn.recipe weights --steps 2400 --seed 0
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from aitia.systems.tabpfn.network import NetworkConfig
from aitia.systems.tabpfn.prior import PriorConfig
from aitia.systems.tabpfn.training import PretrainConfig, pretrain

__all__ = ["main"]


def _plain(kind: type) -> dict[str, int | float]:
    """The options that are one number, with their defaults."""
    return {field.name: field.default for field in fields(kind) if isinstance(field.default, (int, float))}


def main(arguments: list[str] | None = None) -> int:
    """The command: trains and writes a folder that `TabPFN(weights=FOLDER)` takes."""
    parser = argparse.ArgumentParser(
        prog="python -m aitia.systems.tabpfn.recipe",
        description="Trains a network on tables of the prior; the same command again goes on where it stopped.",
    )
    parser.add_argument("out", type=Path, help="folder of the result and of the checkpoint")
    kinds = {"recipe": PretrainConfig, "network": NetworkConfig, "prior": PriorConfig}
    for group, kind in kinds.items():
        told = parser.add_argument_group(group, (kind.__doc__ or "").splitlines()[0])
        for name, default in _plain(kind).items():
            if group != "network" or name not in _plain(PriorConfig):  # columns and classes: one option for both
                told.add_argument(f"--{name.replace('_', '-')}", type=type(default), help=f"{default} unless given")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    out = given.pop("out")

    def options_of(kind: type) -> dict[str, Any]:
        return {name: given[name] for name in _plain(kind) if name in given}

    def say(what: str, done: int, total: int) -> None:
        print(f"\r{what} {done}/{total}", end="", file=sys.stderr, flush=True)

    made = pretrain(
        out,
        network=NetworkConfig(**options_of(NetworkConfig)),
        prior=PriorConfig(**options_of(PriorConfig)),
        recipe=PretrainConfig(**options_of(PretrainConfig)),
        progress=say,
    )
    print(f"\n{out}: {made.record['cpu_minutes']} CPU minutes, hash {made.record['sha256'][:12]}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One small network, trained for a few steps, for tests of everything but how good a network is."""

import pytest

from aitia.systems.tabpfn import NetworkConfig, PretrainConfig, PriorConfig, pretrain


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    """A folder of a network of 6 columns, 4 classes and 28 rows at most."""
    folder = tmp_path_factory.mktemp("small")
    pretrain(
        folder,
        network=NetworkConfig(features=6, classes=4, width=16, layers=2, heads=2),
        prior=PriorConfig(features=6, classes=4),
        recipe=PretrainConfig(steps=20, rows=256, lengths=(16, 32), shares=(0.5, 0.5), seed=100),
    )
    return folder

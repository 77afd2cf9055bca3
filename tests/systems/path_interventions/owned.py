"""What the user of the page of this system has."""

import shutil

import torch
from tests.docs.files import example


def owned(folder):
    from transformers import ResNetConfig, ResNetForImageClassification

    found = example("path-interventions", folder)
    shutil.copytree(found.files, folder / "dogs")
    place = folder / "microsoft" / "resnet-18"
    shutil.copytree(folder / "example" / "network", place)
    config = ResNetConfig(
        embedding_size=4, hidden_sizes=[4, 4, 4, 20], depths=[1, 1, 1, 2], layer_type="basic", num_labels=3,
        id2label={0: "Samoyed, Samoyede", 1: "tabby, tabby cat", 2: "goldfish"},
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ResNetForImageClassification(config).eval()
    with torch.no_grad():
        network.classifier[-1].bias.copy_(torch.tensor([5.0, 0.0, 0.0]))
    network.save_pretrained(place)
    for file in (folder / "dogs").glob("*.csv"):
        file.write_text("\n".join(line.rpartition(",")[0] for line in file.read_text().splitlines()) + "\n")
    return {}

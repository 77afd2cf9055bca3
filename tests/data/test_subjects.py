"""Subjects: their hash, what is stored of them, and what stands in for what."""

import dataclasses

import pytest

from aitia.data.subjects import Client, Network, World
from aitia.errors import FormatError, RunError


def weights(folder, content="w"):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_text(content)
    return folder


def test_a_folder_is_its_bytes_wherever_it_stands(tmp_path):
    here, there = Network.of(weights(tmp_path / "a")), Network.of(str(weights(tmp_path / "b")))
    assert here.hash == there.hash != Network.of(weights(tmp_path / "c", "other")).hash
    there.check(here.to_json())  # it only moved
    with pytest.raises(RunError, match=rf"has the hash .*, this was fitted with {here.id} of hash {here.hash[:12]}"):
        Network.of(tmp_path / "c").check(here.to_json())


def test_names_of_the_hub_and_places_in_code():
    assert Network.of("owner/name@v1") == Network("owner/name", "v1")
    assert Network.of("package.module:Net") == Network("package.module:Net")
    Network.of("owner/name").check(Network.of("owner/name").to_json())
    with pytest.raises(RunError, match=r"owner/name@v2 is not owner/name@v1"):
        Network.of("owner/name@v2").check(Network.of("owner/name@v1").to_json())


def test_a_module_is_hashed_by_its_parameters():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Linear(2, 2).to(torch.bfloat16)
    network = Network.of(module)
    assert network.opened is module
    assert network.id == "torch.nn.modules.linear:Linear"
    assert network.hash == Network.of(module).hash
    with torch.no_grad():
        module.weight[0, 0] += 1
    assert network.hash != Network.of(module).hash


@pytest.mark.parametrize(
    "subject",
    [
        Network("owner/name", "v1", "abc"),
        Client("https://host/v1", "", "abc", "small"),
        World.of("pendulum", noise=0.1),
    ],
)
def test_what_is_stored_comes_back(subject):
    assert type(subject).from_json(subject.to_json()) == subject
    with pytest.raises(FormatError, match=f"a stored {subject.kind} has the kind"):
        type(subject).from_json({"kind": "table"})
    with pytest.raises(FormatError, match="the hash of a stored"):
        type(subject).from_json({**subject.to_json(), "hash": 3})


def test_clients(tmp_path):
    client = Client.of("https://host/v1/#small")
    assert (client.id, client.model, client.is_endpoint) == ("https://host/v1", "small", True)
    one, other = client.probed(["yes", "5", "white"]), client.probed(["yes", "4", "white"])
    assert one.hash != other.hash
    with pytest.raises(RunError, match="has the hash"):
        other.check(one.to_json())
    assert Client.of(weights(tmp_path / "a")).hash == Network.of(tmp_path / "a").hash
    with pytest.raises(FormatError, match="say which, as in https://host/v1#NAME"):
        Client.of("https://host/v1")
    with pytest.raises(FormatError, match="holds no password"):
        Client.of("https://me:secret@host/v1#x")


def test_worlds_are_their_name_and_arguments():
    @dataclasses.dataclass(frozen=True)
    class Pendulum:
        noise: float = 0.0
        name = "pendulum"

    assert World.of(Pendulum(0.1)) == World.of("pendulum", noise=0.1)
    assert World.of(Pendulum()) == World.of("pendulum")
    assert World.of("pendulum", noise=0.1).arguments == {"noise": 0.1}
    with pytest.raises(RunError, match="the world pendulum has the hash"):
        World.of("pendulum").check(World.of("pendulum", noise=0.1).to_json())


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (Network, "gone", "there is no folder gone"),
        (Network, "./a/b", "there is no folder"),
        (Network, 3, "got a int"),
        (Client, "gone", "there is no folder gone"),
        (Client, None, "got a NoneType"),
        (World, 3, "a world is its name or a simulator"),
    ],
)
def test_what_is_no_subject(kind, given, sentence):
    with pytest.raises(FormatError, match=sentence):
        kind.of(given)


def test_a_folder_without_files_is_no_network(tmp_path):
    with pytest.raises(FormatError, match="holds no file"):
        Network.of(tmp_path)
    (tmp_path / "f").write_text("x")
    with pytest.raises(FormatError, match="is a file: a network is the folder that holds it"):
        Network.of(tmp_path / "f")


def test_a_function_or_an_object_that_answers_is_a_client():
    def says(texts):
        return [[0.5, 0.5] for _ in texts]

    client = Client.of(says)
    assert client.opened is says
    assert client.id.endswith("says")
    stored = client.to_json()
    assert "opened" not in stored
    client.check(stored)
    assert Client.from_json(stored).opened is None
    assert client.probed(["a", "b", "c"]).opened is says

    class Answers:
        def complete(self, prompts, seed=0):
            return list(prompts)

    assert Client.of(Answers()).id.endswith("Answers")
    with pytest.raises(FormatError, match="a client is an address, a folder or what answers, got a int"):
        Client.of(3)

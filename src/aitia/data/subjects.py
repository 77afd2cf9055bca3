"""What is studied or used but not fitted as rows: a network, something that only answers, a world.

A subject here is its name, revision and hash, without torch. Opening it stands in `nn/`, `text/client.py` and
`worlds/`. A saved system stores `to_json`, never weights; `check` says at loading whether what was given is what it was
fitted with.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from aitia.errors import FormatError, OptionError, RunError

__all__ = ["Answers", "Client", "Network", "Subject", "World", "hash_folder"]

PROBES = ("Say yes.", "What is 2 + 3?", "Name the colour of snow.")
"""What a client is asked for its hash; always the same."""
ANSWERING = ("complete", "choose", "predict_proba")
"""Methods by which an object of Python is known to answer."""


class Answers(Protocol):
    """Something that answers prompts."""

    def complete(self, prompts: Sequence[str], seed: int = 0) -> Sequence[Any]:
        """For each prompt an answer, whose `text` is what was said."""

    def choose(self, prompts: Sequence[str], options: Sequence[str]) -> Any:
        """(prompts, options) log-probability of each option after each prompt."""


@dataclass(frozen=True)
class Subject(ABC):
    """A named thing beside the rows.

    Args:
        id: Its name as it was given: a path, `owner/name`, `package.module:name`, or an address.
        revision: Which version of it, where that is said.
        hash: SHA-256 of what it is; empty where nobody knows yet.
        place: The folder in full, on this machine; not stored, so that what is saved may move.
    """

    kind: ClassVar[str]
    id: str
    revision: str = ""
    hash: str = ""
    place: str = field(default="", compare=False, repr=False, kw_only=True)

    @classmethod
    @abstractmethod
    def of(cls, given: Any, /) -> Self:
        """The subject that a user named or gave."""

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": self.kind, "id": self.id, "revision": self.revision, "hash": self.hash}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The subject that `to_json` gave; not opened, and not looked for.

        Raises:
            FormatError: If it is of another kind, or lacks a part.
        """
        if not isinstance(stored, Mapping) or stored.get("kind") != cls.kind or not isinstance(stored.get("id"), str):
            raise FormatError(f"a stored {cls.kind} has the kind {cls.kind!r} and an id, got {str(stored)[:80]}")
        known = {name: stored[name] for name in cls._fields() if name in stored}
        if odd := [name for name, value in known.items() if not isinstance(value, str)]:
            raise FormatError(f"the {odd[0]} of a stored {cls.kind} is text, got {str(known[odd[0]])[:40]}")
        return cls(**known)

    @classmethod
    def _fields(cls) -> tuple[str, ...]:
        return ("id", "revision", "hash")

    def where(self) -> str:
        """What it is opened by: its folder, which is that of the hash, or its name on the Hub or the net.

        Raises:
            RunError: If the folder is not there, or has another hash; says which is expected.
        """
        if not self.hash or "://" in self.id:
            return self.id
        place = Path(self.place or self.id).expanduser()
        if not place.exists():
            raise RunError(
                f"this was fitted with the {self.kind} {self.id} of hash {self.hash[:12]}, and there is no folder "
                f"{place}: say where that one is"
            )
        found = hash_folder(place) if place.is_dir() else _hash_file(place)
        type(self)(str(place), "", found).check(self.to_json())
        return str(place)

    def check(self, stored: Mapping[str, Any]) -> None:
        """Refuses to stand in for another subject than the stored one; one that only moved is the same.

        Raises:
            RunError: If its hash is another; says which is expected.
            FormatError: If what is stored is no such subject.
        """
        expected = type(self).from_json(stored)
        if expected.hash and self.hash and expected.hash != self.hash:
            raise RunError(
                f"the {self.kind} {self.id} has the hash {self.hash[:12]}, this was fitted with {expected.id} of hash "
                f"{expected.hash[:12]}: give that one"
            )
        if not (expected.hash and self.hash) and (expected.id, expected.revision) != (self.id, self.revision):
            raise RunError(
                f"the {self.kind} {_named(self)} is not {_named(expected)}, which this was fitted with, and no hash "
                "says that they are the same: give that one"
            )


def _named(subject: Subject) -> str:
    return f"{subject.id}@{subject.revision}" if subject.revision else subject.id


@dataclass(frozen=True)
class Network(Subject):
    """What is opened, trained or traced: a folder of weights, a model of the Hub, or a torch module.

    Args:
        id: A folder, `owner/name`, or `package.module:name`.
        revision: Of the Hub.
        hash: Of a folder by its files; of a module by its parameters.
        opened: The module itself, where it was given.
    """

    kind: ClassVar[str] = "network"
    opened: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, given: Any, /) -> Self:
        """A folder, `owner/name` (`owner/name@revision`), `package.module:name`, a torch module, or a network.

        Raises:
            FormatError: If a path is no folder, or what is given is no network.
        """
        if isinstance(given, cls):
            return given
        if callable(getattr(given, "state_dict", None)):
            kind = type(given)
            return cls(f"{kind.__module__}:{kind.__qualname__}", "", _hash_module(given), given)
        if not isinstance(given, str | Path):
            raise FormatError(
                f"a network is a folder, owner/name of the Hub, package.module:name or a torch module, got a "
                f"{type(given).__name__}"
            )
        text = str(given)
        path = Path(text).expanduser()
        if path.is_dir():
            return cls(text, "", hash_folder(path), place=str(path.resolve()))
        if path.is_file():
            raise FormatError(f"{text} is a file: a network is the folder that holds it")
        if _is_place_in_code(text):
            return cls(text)
        name, _, revision = text.partition("@")
        if _is_hub_name(name):
            return cls(name, revision)
        raise FormatError(f"there is no folder {text}; a network is a folder, owner/name or package.module:name")


def _is_hub_name(name: str) -> bool:
    return name.count("/") == 1 and all(name.split("/")) and not name.startswith((".", "~"))


def _is_place_in_code(text: str) -> bool:
    module, colon, name = text.partition(":")
    return bool(colon) and all(part.isidentifier() for part in (*module.split("."), *name.split(".")))


@dataclass(frozen=True)
class Client(Subject):
    """What only answers: an endpoint, a model in a folder, or a function or object of Python.

    Args:
        id: An address (http or https), a folder, a GGUF file, `owner/name`, or the name of the function or class.
        revision: Of the Hub; of an endpoint what a user calls it.
        hash: Of a folder by its files, of a file by its bytes; of an endpoint by address, model and its answers to
            three fixed probes; a function of Python has none.
        model: The name of the model at the endpoint.
        opened: What answers, where it was given itself.
    """

    kind: ClassVar[str] = "client"
    model: str = ""
    opened: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, given: Any, /, model: str = "") -> Self:
        """A folder, a GGUF file, `owner/name` of the Hub, an address (`https://host/v1#model`), a function, an object
        that answers, or a client.

        Raises:
            FormatError: If there is no such folder, an address names no model or has a password in it, or it is nothing
                that answers.
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, str | Path):
            if isinstance(subject := getattr(given, "subject", None), cls):  # an open client of aitia.text
                return replace(subject, opened=given)
            if not any(callable(getattr(given, name, None)) for name in ("__call__", *ANSWERING)):
                raise FormatError(f"a client is an address, a folder or what answers, got a {type(given).__name__}")
            named = given if hasattr(given, "__qualname__") else type(given)
            return cls(f"{named.__module__}:{named.__qualname__}", "", "", model, given)
        text = str(given)
        if text.startswith(("http://", "https://")):
            address, _, named = text.partition("#")
            name = model or named
            if not name:
                raise FormatError(f"{address} is an endpoint of many models: say which, as in {address}#NAME")
            if "@" in address.split("/")[2]:
                raise FormatError("an address holds no password: give it in the environment")
            return cls(address.rstrip("/"), model=name)
        path = Path(text).expanduser()
        if path.is_dir():
            return cls(text, "", hash_folder(path), model, place=str(path.resolve()))
        if path.is_file() and path.suffix == ".gguf":
            return cls(text, "", _hash_file(path), model, place=str(path.resolve()))
        if path.is_file():
            raise FormatError(f"{text} is a file and no GGUF: a client is the folder of a model")
        if _is_hub_name(name := text.partition("@")[0]):
            return cls(name, text.partition("@")[2], model=model)
        raise FormatError(
            f"there is no folder {text}; a client is an address with http:// or https://, a folder, a GGUF file or "
            "owner/name of the Hub"
        )

    @property
    def is_endpoint(self) -> bool:
        """Whether it is an address."""
        return self.id.startswith(("http://", "https://"))

    def probed(self, answers: Sequence[str]) -> "Client":
        """The client with its hash, from its answers to `PROBES`."""
        if len(answers) != len(PROBES):
            raise OptionError(f"there are {len(PROBES)} probes, got {len(answers)} answers")
        packed = json.dumps([self.id, self.model, list(answers)], ensure_ascii=False)
        return Client(self.id, self.revision, hashlib.sha256(packed.encode()).hexdigest(), self.model, self.opened)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**super().to_json(), "model": self.model}

    @classmethod
    def _fields(cls) -> tuple[str, ...]:
        return ("id", "revision", "hash", "model")


@dataclass(frozen=True)
class World(Subject):
    """A simulator with known truth, by its name and arguments.

    Args:
        id: Its name, such as `pendulum`.
        revision: The arguments as JSON with sorted names.
        hash: Of name and arguments.
        opened: The world itself, where it was given.
    """

    kind: ClassVar[str] = "world"
    opened: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, given: Any, /, **arguments: Any) -> Self:
        """The name of a world with its arguments, or a world.

        Raises:
            FormatError: If it has no name, or an argument is no JSON value.
        """
        if isinstance(given, cls):
            return given
        name = given if isinstance(given, str) else getattr(given, "name", None)
        if not isinstance(name, str) or not name:
            raise FormatError(f"a world is its name or a simulator, got a {type(given).__name__}")
        opened = None if isinstance(given, str) else given
        if opened is not None and not arguments:
            arguments = _arguments(opened)
        try:
            told = (
                json.dumps(arguments, sort_keys=True, default=repr if opened is not None else None) if arguments else ""
            )
        except (TypeError, ValueError) as error:
            raise FormatError(f"the arguments of the world {name} are plain values: {error}") from error
        return cls(name, told, hashlib.sha256(f"{name} {told}".encode()).hexdigest(), opened)

    @property
    def arguments(self) -> dict[str, Any]:
        """By name."""
        return dict(json.loads(self.revision)) if self.revision else {}


def _arguments(world: Any) -> dict[str, Any]:
    """Of a dataclass, those that are not the default."""
    import dataclasses

    if not dataclasses.is_dataclass(world):
        return {}
    found = {}
    for part in dataclasses.fields(world):
        default = part.default if part.default is not dataclasses.MISSING else None
        if part.default_factory is not dataclasses.MISSING:
            default = part.default_factory()
        value = getattr(world, part.name)
        if part.init and repr(value) != repr(default):
            found[part.name] = value
    return found


def hash_folder(folder: Path) -> str:
    """SHA-256 of the names and bytes of all files of a folder; what begins with a dot is passed over.

    Raises:
        FormatError: If it holds no file, or one cannot be read.
    """
    inside = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in inside}
    kept = {name: path for name, path in names.items() if not any(part.startswith(".") for part in name.split("/"))}
    if not kept:
        raise FormatError(f"{folder} holds no file")
    digest = hashlib.sha256()
    for name, path in kept.items():
        digest.update(f"{name}\n{_hash_file(path)}\n".encode())
    return digest.hexdigest()


def _hash_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error


def _hash_module(module: Any) -> str:
    """SHA-256 of the names, shapes and bytes of a module's parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        if not hasattr(tensor, "detach"):
            raise FormatError(f"{type(module).__name__} keeps {name!r}, which is no tensor: it cannot be hashed")
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {tuple(plain.shape)} {plain.dtype}\n".encode())
        digest.update(_bytes(plain))
    return digest.hexdigest()


def _bytes(tensor: Any) -> bytes:
    import torch  # here only where a module was given, which brought it

    return bytes(tensor.reshape(-1).view(torch.uint8).numpy().tobytes()) if tensor.numel() else b""

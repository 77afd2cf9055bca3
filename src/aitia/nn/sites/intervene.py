"""Recording and intervening: hooks that are there for the length of a block, and nothing written into the model.

    run = record(model, inputs, ["transformer.h.*.mlp"])              what is at these sites
    with intervene(model, {"transformer.h.3.mlp[unit=17]": 0.0}):     what the model does without unit 17
        logits = model(**inputs).logits
    do(Network(model), {Site("transformer.h.3.mlp", unit=17): 0.0})   the same as a system, for the verbs of `aitia.do`

Laws, tested on models of eleven families: without an intervention the output is the plain model's bit for bit; a run
patched with its own activations is unchanged; leaving the block, also by an exception, leaves no hook behind.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from aitia.do import Intervention
from aitia.errors import InterventionError, UnknownVariableError
from aitia.nn.sites.operations import Operation, as_operation
from aitia.nn.sites.places import Place, argument_names, find_places, get_part, set_part
from aitia.nn.sites.site import Site
from aitia.nn.sites.weight_paths import ChangedWeights
from aitia.nn.sites.windows import Window, WindowReader, readers_around

__all__ = ["Network", "Recording", "call", "check_ready", "intervene", "record"]


class Recording(Mapping[Site, Tensor]):
    """Activations by site, and what the model gave.

    Attributes:
        output: What the model gave; None where the block ran it.
    """

    def __init__(self) -> None:
        self.output: Any = None
        self._runs: dict[Site, list[tuple[Tensor, Tensor | None]]] = {}

    def __getitem__(self, site: str) -> Tensor:
        """The activations at the site, rows first; an axis of a single place stays. A single run of the module only."""
        return _one(self._known(site), site)

    def runs(self, site: str) -> list[Tensor]:
        """The activations of every run of the module, such as each denoising step."""
        return [value for value, _ in self._known(site)]

    def _known(self, site: str) -> list[tuple[Tensor, Tensor | None]]:
        if Site(site) not in self._runs:
            held = ", ".join(list(self._runs)[:6])
            raise UnknownVariableError(f"{site} was not recorded; there are {held or 'none'}")
        return self._runs[Site(site)]

    def __iter__(self) -> Iterator[Site]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)


def _one(runs: list[tuple[Tensor, Tensor | None]], site: str) -> Tensor:
    """The one run, or the pieces of cached decoding put together, each position being in one of them."""
    if len(runs) == 1 and runs[0][1] is None:
        return runs[0][0]
    here = torch.stack([torch.ones(value.shape[:2], dtype=torch.bool) if h is None else h.cpu() for value, h in runs])
    if all(h is None for _, h in runs) or (here.sum(dim=0) > 1).any():
        raise InterventionError(f"{site} ran {len(runs)} times: name the step ([step=0]), or read `runs(site)`")
    if not (here.sum(dim=0) == 1).all():
        raise InterventionError(f"{site} has rows with fewer such positions than others: record rows of one length")
    whole = runs[0][0].clone()
    for (value, _), mine in zip(runs[1:], here[1:], strict=True):
        whole[mine.to(whole.device)] = value[mine.to(whole.device)]
    return whole


@dataclass(eq=False)
class Step:
    """One thing to do at a place.

    Args:
        place: Where.
        operation: What is done; None records.
        rows: For these rows only.
    """

    place: Place
    operation: Operation | None
    rows: slice | None = None
    done: bool = False


@contextmanager
def intervene(
    model: nn.Module,
    interventions: Mapping[Any, Any] | str | None = None,
    /,
    *,
    record: Iterable[str] = (),
    training: bool = False,
    gradients: bool = False,
) -> Iterator[Recording]:
    """While the block lasts, the model runs under the interventions. It may be run, generate, or be part of a pipeline.

    Args:
        model: Any module.
        interventions: From site to operation, number or tensor, later ones on top of earlier; or their text.
        record: Sites whose activations are kept, after what is done there.
        training: Allow a model in training mode, whose dropout makes two runs differ.
        gradients: Record with the graph of gradients.

    Yields:
        The recording, filled as the model runs.

    Raises:
        UnknownVariableError: If a site names no module; says the nearest.
        InterventionError: If the model is compiled or in training mode, a tensor does not fit, a position is beyond
            the prompt, or a site did not run in the block.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).eval()
        >>> with intervene(model, {"1[unit=0+1]": 0.0}, record=["1"]) as run:
        ...     _ = model(torch.ones(4, 2))
        >>> run["1"].shape, run["1"][:, :2].abs().max().item()
        (torch.Size([4, 3]), 0.0)
    """
    given = Intervention.parse(interventions) if isinstance(interventions, str) else interventions or {}
    check_ready(model, training)
    steps = [
        Step(place, as_operation(action, site))
        for site, action in given.items()
        for place in find_places(model, [site])
    ]
    steps += [Step(place, None) for place in {place.site: place for place in find_places(model, record)}.values()]
    with hooked(model, steps, gradients) as recording:
        yield recording


@contextmanager
def hooked(model: nn.Module, steps: Sequence[Step], gradients: bool = False) -> Iterator[Recording]:
    """What `intervene` does, with places found and operations made."""
    recording = Recording()
    groups: dict[tuple[nn.Module, str], list[Step]] = {}
    readers: dict[nn.Module, WindowReader] = {}
    around: dict[Place, list[WindowReader]] = {}
    for step in steps:
        groups.setdefault((step.place.module, step.place.at), []).append(step)
        if step.operation is None:
            recording._runs[step.place.site] = []
        if step.place.site.position is not None or step.place.site.token is not None:
            around[step.place] = readers_around(step.place.around, readers)
            readers |= {reader.module: reader for reader in around[step.place]}
    handles: list[RemovableHandle] = []
    try:
        handles += [m.register_forward_pre_hook(reader, with_kwargs=True) for m, reader in readers.items()]
        for (module, at), group in groups.items():
            worker = _Worker(module, group, around, recording, gradients)
            if at == "in":
                handles.append(module.register_forward_pre_hook(worker.before, with_kwargs=True))
            else:
                handles.append(module.register_forward_hook(worker.after, with_kwargs=True))
        yield recording
    finally:
        for handle in handles:
            handle.remove()
        for reader in readers.values():
            reader.forget()
    if idle := next((step.place.site for step in steps if not step.done), None):
        raise InterventionError(
            f"{idle} did not run in the block: the model was not called, was compiled before, calls the module by "
            "another way, or never reached that position or step"
        )


class _Worker:
    """The hook at one side of one module."""

    def __init__(
        self,
        module: nn.Module,
        steps: Sequence[Step],
        around: Mapping[Place, Sequence[WindowReader]],
        recording: Recording,
        gradients: bool,
    ) -> None:
        self._steps, self._around = steps, around
        self._recording, self._gradients = recording, gradients
        self._names = argument_names(module)
        self._runs = 0
        among_weights = [step for step in steps if step.place.site.source is not None or step.place.site.to is not None]
        if recorded := next((step.place.site for step in among_weights if step.operation is None), None):
            raise InterventionError(f"{recorded} is among the weights, which no run changes: read them from the module")
        self._of_weights = among_weights
        edits = [(step.place.site, step.operation) for step in among_weights if step.operation is not None]
        self._weights = ChangedWeights(module, edits) if edits else None

    def before(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A forward pre-hook: positional arguments are parts by number, keyword arguments by name."""
        given: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        changed = self._work(given, {name: k for k, name in enumerate(self._names) if k in given})
        if changed is given:
            return None
        return tuple(changed[k] for k in range(len(args))), {name: changed[name] for name in kwargs}

    def after(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        """A forward hook."""
        given = output
        if self._weights is not None:
            given = self._weights.forward(args, kwargs)
            for step in self._of_weights:
                step.done = True
        changed = self._work(given, {})
        return None if changed is output else changed

    def _work(self, value: Any, numbers: Mapping[str, int]) -> Any:
        """Goes through the steps; the tensor is copied once, before the first change."""
        run, self._runs = self._runs, self._runs + 1
        copied: set[Any] = set()
        for step in self._steps:
            site = step.place.site
            if step in self._of_weights or not _is_step(site.step, run):
                continue
            part = numbers.get(site.part, site.part)
            x = get_part(value, part, site)
            window = self._window(step.place, step.rows)
            mine = x if step.rows is None else x[step.rows]
            choice = step.place.choose(mine, window)
            now = choice.read(mine)
            step.done = step.done or choice.here is None or bool(choice.here.any())
            if step.operation is None:
                kept = now.clone() if self._gradients else now.detach().clone()
                self._recording._runs[site].append((kept, choice.here))
                continue
            new = step.operation.change(now, step.place.unit_axis(x))
            if part not in copied:
                x = x.clone()
                value = set_part(value, part, x, site)
                copied.add(part)
            choice.write_(x if step.rows is None else x[step.rows], new)
        return value

    def _window(self, place: Place, rows: slice | None) -> Window | None:
        found = next((r.window for r in self._around.get(place, ()) if r.window is not None), None)
        return found if found is None or rows is None else found.rows(rows)


def _is_step(step: Any, run: int) -> bool:
    if step is None:
        return True
    if isinstance(step, slice):
        return run in range(*step.indices(run + 1))
    return run in step if isinstance(step, tuple) else run == step


def check_ready(model: nn.Module, training: bool = False) -> None:
    """Refuses a model on which hooks would not work, or whose runs would not be comparable.

    Raises:
        InterventionError: If it is compiled, scripted or, unless allowed, in training mode.
    """
    for module in model.modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise InterventionError("the model is TorchScript, whose modules cannot be reached: give the Python model")
        if type(module).__name__ == "OptimizedModule" or module._compiled_call_impl is not None:
            raise InterventionError(
                "the model is compiled, and compiled code runs past hooks: intervene on the model that was compiled "
                "(model._orig_mod), or before model.compile()"
            )
    if not training and any(module.training for module in model.modules()):
        raise InterventionError(
            "the model is in training mode, where dropout makes two runs differ: call model.eval(), "
            "or say training=True if that is meant"
        )


def call(model: Callable[..., Any], inputs: Any) -> Any:
    """Runs a model on its inputs: a mapping gives arguments by name, a tuple by place, anything else the only one."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, (tuple, list)) else model(inputs)


def record(
    model: nn.Module,
    inputs: Any,
    sites: Iterable[str],
    interventions: Mapping[Any, Any] | str | None = None,
    *,
    training: bool = False,
    gradients: bool = False,
) -> Recording:
    """The activations at sites, and the output, of one run.

    Args:
        model: Any module.
        inputs: A mapping of arguments by name, a tuple of them, or a single one.
        sites: Where; names may have wildcards.
        interventions: What is done meanwhile.
        training: Allow a model in training mode.
        gradients: Keep the graph of gradients.

    Raises:
        UnknownVariableError: If a site names no module.
        InterventionError: As for `intervene`.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()).eval()
        >>> run = record(model, torch.ones(4, 2), ["*", "0[unit=2]"])
        >>> {str(site): tuple(value.shape) for site, value in run.items()}
        {'0': (4, 3), '1': (4, 3), '0[unit=2]': (4, 1)}
    """
    with (
        torch.set_grad_enabled(gradients),
        intervene(model, interventions, record=sites, training=training, gradients=gradients) as recording,
    ):
        recording.output = call(model, inputs)
    return recording


class Network:
    """A trained network as a causal system: its mechanisms are its modules, and `do` holds places in it.

    Args:
        model: Any module; it is left as it is.
        done: What is held.

    Example:
        >>> from aitia.do import do
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1, bias=False))
        >>> without = do(Network(model.eval()), {Site("1"): 0.0})
        >>> without(torch.ones(4, 2)).abs().max().item(), without.done
        (0.0, do(1=0))
    """

    def __init__(self, model: nn.Module, done: Mapping[Any, Any] | None = None) -> None:
        self.model = model
        self.done = Intervention(done)
        find_places(model, self.done.targets)

    def do(self, intervention: Intervention, /) -> Self:
        """The network under the intervention; the latest one wins on the same site.

        Raises:
            UnknownVariableError: If a site names no module.
        """
        return type(self)(self.model, self.done | {Site(site): action for site, action in intervention.items()})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the model gives under the interventions."""
        with intervene(self.model, self.done):
            return self.model(*args, **kwargs)

    def generate(self, *args: Any, **kwargs: Any) -> Any:
        """What the model generates under the interventions."""
        with intervene(self.model, self.done):
            return self.model.generate(*args, **kwargs)  # type: ignore[operator]  # of transformers

    def counterfactual(self, rows: Any, intervention: Intervention) -> Any:
        """What the network gives for these inputs under a further intervention; its input is all its noise."""
        return call(self.do(intervention), rows)

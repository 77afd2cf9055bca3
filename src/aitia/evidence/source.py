"""A hash of the code that a claim rests on, which a comment, a docstring or an empty line does not change.

From the claim's module on, every import statement is followed, those inside functions too; nothing is executed. What
is hashed is the abstract syntax of each module, without bare strings and without what only type checkers read.

A package whose `__init__` does no more than to hand on names (by `from ... import`, or lazily, see `aitia.lazy`) is
no code of its own: a name that is imported from it leads to the module that has it. So a claim rests on the world that
it draws from, and not on all of them. `context.rival("slug")` counts as an import of that system.

Left out: `aitia.evidence`, since values are stored and judged anew whenever they are read, and the version; but where
one of its modules is asked for itself (it trains what several claims begin with) its own code counts.
"""

import ast
import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aitia.collector import uncollected
from aitia.errors import OptionError

__all__ = ["homes_of", "modules_of", "rivals_of", "syntax_hash"]

_LEFT_OUT = ("aitia.evidence", "aitia.version", "aitia.lazy")
_ROOT = Path(__file__).parents[1]


def syntax_hash(module: str, packages: Mapping[str, Path] | None = None) -> str:
    """SHA-256 over the syntax of all that a module imports from the packages.

    Args:
        module: Dotted name, such as `aitia.systems.cd_nod.claim`.
        packages: Folders by name of top-level package; aitia and the module's own if absent.

    Raises:
        OptionError: If there is no such module.
    """
    total = hashlib.sha256()
    with uncollected():  # syntax trees
        for name, path in sorted(modules_of(module, packages).items()):
            total.update(f"{name} {_digest(str(path), path.stat().st_mtime_ns)}\n".encode())
    return total.hexdigest()


def modules_of(module: str, packages: Mapping[str, Path] | None = None) -> dict[str, Path]:
    """The modules that a module rests on, itself among them, with their files.

    Raises:
        OptionError: If there is no such module.
    """
    walk = _Walk(homes_of(module) if packages is None else packages)
    if walk.file(module) is None:
        raise OptionError(f"there is no source of {module}")
    walk.read(module)
    return walk.found


def rivals_of(module: str, packages: Mapping[str, Path] | None = None) -> set[str]:
    """The slugs that `rival("slug")` names in what a module rests on."""
    return {slug for path in modules_of(module, packages).values() for slug in _rivals(path)}


def homes_of(module: str) -> dict[str, Path]:
    """The folders that are hashed where nobody names them: that of aitia, and of the module's own package."""
    top = module.partition(".")[0]
    homes = {"aitia": _ROOT}
    if top not in homes and (spec := importlib.util.find_spec(top)) is not None and spec.origin is not None:
        homes[top] = Path(spec.origin).parent
    return homes


class _Walk:
    """Follows imports through the files of the packages."""

    def __init__(self, packages: Mapping[str, Path]) -> None:
        self.packages = packages
        self.found: dict[str, Path] = {}
        self._resolved: set[tuple[str, str]] = set()

    def file(self, module: str) -> Path | None:
        top, *inner = module.split(".")
        if top not in self.packages:
            return None
        place = self.packages[top].joinpath(*inner)
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path.is_file() and (inner or path.name == "__init__.py"):
                return path
        return None

    def visit(self, module: str) -> None:
        """Counts a module that is imported, and the packages that it lies in where they do anything of their own."""
        if module in self.found or any(module == name or module.startswith(f"{name}.") for name in _LEFT_OUT):
            return
        self.read(module)

    def read(self, module: str) -> None:
        """Counts a module wherever it lies, and follows what it imports."""
        path = self.file(module)
        if path is None:
            return
        package, _, _ = module.rpartition(".")
        if package:
            self.visit_package(package)
        self.found[module] = path
        for imported in _imports(_parsed(path), module, path.name == "__init__.py"):
            self.follow(imported)
        for slug in _rivals(path):
            self.all_of(f"aitia.systems.{slug.replace('-', '_')}")

    def visit_package(self, package: str) -> None:
        path = self.file(package)
        if path is None:
            return
        if _handed_on(path, package) is None:
            self.visit(package)
        elif "." in package:
            self.visit_package(package.rpartition(".")[0])

    def follow(self, imported: "_Import") -> None:
        if imported.name is None:
            self.all_of(imported.module)
        elif self.file(f"{imported.module}.{imported.name}") is not None:
            self.all_of(f"{imported.module}.{imported.name}")
        else:
            self.resolve(imported.module, imported.name)

    def resolve(self, module: str, name: str) -> None:
        """Counts the module that has a name which is imported from another."""
        if (module, name) in self._resolved:
            return
        self._resolved.add((module, name))
        homes = self.handed_on(module)
        if homes is None:
            self.visit(module)
        elif name in homes:
            self.visit_package(module)
            self.follow(homes[name])

    def all_of(self, module: str) -> None:
        homes = self.handed_on(module)
        if homes is None:
            self.visit(module)
        else:
            for name in homes:
                self.resolve(module, name)

    def handed_on(self, module: str) -> "dict[str, _Import] | None":
        path = self.file(module)
        if path is None or path.name != "__init__.py":
            return None
        return _handed_on(path, module)


@dataclass(frozen=True)
class _Import:
    """`from module import name`, or `import module` where the name is None."""

    module: str
    name: str | None
    bound: str = ""


def _handed_on(path: Path, package: str) -> dict[str, _Import] | None:
    """By public name where a package that does nothing else has it from; None for one that does more."""
    homes: dict[str, _Import] = {}
    for node in _parsed(path).body:
        match node:
            case ast.Expr(value=ast.Constant(value=str())) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.ImportFrom():
                made = _of_statement(node, package, True)
                homes |= {i.bound: i for i in made if i.module.partition(".")[0] == package.partition(".")[0]}
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                continue
            case ast.Assign(targets=[ast.Name(id="__getattr__")], value=ast.Call(args=[_, ast.Dict() as mapping])):
                for name, home in ast.literal_eval(mapping).items():
                    homes[name] = _Import(f"{package}.{home}", name, name)
            case ast.Assign(targets=[ast.Name(id="_HOMES")], value=ast.Dict() as mapping):
                for home, names in ast.literal_eval(mapping).items():
                    homes |= {name: _Import(f"{package}.{home}", name, name) for name in names.split()}
            case ast.Assign(targets=[ast.Name(id="__getattr__")], value=ast.Call(args=[_, ast.DictComp()])):
                continue
            case _:
                return None
    return homes


def _imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[_Import]:
    """Every import, those inside functions too, but none that only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.expr):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for other in node.orelse:
                yield from _imports(other, module, is_package)
        elif isinstance(node, ast.Import):
            yield from (_Import(alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _of_statement(node, module, is_package)
        else:
            yield from _imports(node, module, is_package)


def _of_statement(node: ast.ImportFrom, module: str, is_package: bool) -> list[_Import]:
    base = node.module or ""
    if node.level:
        above = module.split(".")[: None if is_package and node.level == 1 else (1 if is_package else 0) - node.level]
        base = ".".join([*above, *([base] if base else [])])
    return [_Import(base, None if a.name == "*" else a.name, a.asname or a.name) for a in node.names]


def _rivals(path: Path) -> set[str]:
    found: set[str] = set()
    if b"rival" not in path.read_bytes():
        return found
    for node in ast.walk(_parsed(path)):
        match node:
            case ast.Call(func=ast.Attribute(attr="rival"), args=[ast.Constant(value=str(slug)), *_]):
                found.add(slug)
    return found


@cache
def _digest(path: str, changed: int) -> str:
    return hashlib.sha256(_told(_tree(path, changed)).encode()).hexdigest()


def _told(node: object) -> str:
    """`ast.dump` without what differs between versions of Python: empty fields, contexts and kinds of strings."""
    if isinstance(node, list):
        return f"[{', '.join([_told(part) for part in node if not _is_silent(part)])}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, getattr(node, name, None)) for name in node._fields if name not in _UNTOLD]
    told = [f"{name}={_told(value)}" for name, value in fields if value is not None and value != []]
    return f"{type(node).__name__}({', '.join(told)})"


_UNTOLD = ("ctx", "kind", "type_comment")


def _is_silent(node: object) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            return True
    return False


def _parsed(path: Path) -> ast.Module:
    return _tree(str(path), path.stat().st_mtime_ns)


@cache
def _tree(path: str, changed: int) -> ast.Module:
    """`changed` is when the file was written, so that it is read again after an edit."""
    return ast.parse(Path(path).read_text(encoding="utf-8"))

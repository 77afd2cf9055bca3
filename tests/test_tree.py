"""The shape of the tree: parts lie no lower than they must, files and functions are short, and nothing lists systems.

Each exception has its reason; an exception that is no longer one is told as well.
"""

import ast
import gc
import re
import sys
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from tests.order import Order, functions_of_sets

from aitia.system import systems

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "aitia"
LONG: dict[str, str] = {}
"""Files of over 400 lines."""
LONG_FUNCTIONS = {"stats/search/_fisher_z_kernel.py:level": "one compiled kernel"}
"""Functions of over 80 lines."""
WORDS = {"vae", "pc", "supervised", "multi-view", "ivae", "tcl", "tdrl", "idol", "causalverse", "sufficient-change"}
"""Slugs that are words of the field, or names that members say of their suite."""
IMPORTED_AS = {"scikit-learn": "sklearn", "pillow": "PIL"}
"""Packages whose modules have another name."""
COMES_WITH = {"llvmlite": "numba", "tokenizers": "transformers", "huggingface_hub": "transformers",
              "starlette": "fastapi"}  # fmt: skip
"""Modules of packages that another one cannot be without."""
OWN_SENTENCE = {"babel": "asked for by name where names in real languages are learnt",
                "gymnasium": "asked for by name where its cart is drawn",
                "gguf": "asked for by name where a GGUF file is opened", "graph_tool": "not on the package index",
                "pgmpy": "asked for by name where its networks are searched",
                "statsmodels": "asked for by name where its series are judged",
                "trl": "asked for by name where its policy optimisation is"}  # fmt: skip
"""Modules that are used where they are there, and no extra brings."""
ASKING = {"systems/tabpfn/inputs.py": "takes whatever an estimator of scikit-learn is given, a table among others"}
"""Files outside of data/ that ask what kind of rows they have."""
MOST_FILES = 3
NAMED = {
    "corr2cause": "its world has its name, as it is typed, and files of questions that name it are read",
    "cd-nod": "the example of most help texts, and what discovery runs over a context",
    "domain-counterfactuals": "the example of run in help texts and of files of a user in tests",
    "gcrl": "the example of show and bench in help texts and tests",
    "causal-motion": "examples and tests set it beside gcrl",
    "causal-vae": "the example of a world of pictures in help texts and tests",
    "faithful-matching": "its word for writers stands in tests of the parts that it shares",
    "path-interventions": "its units are tested on parts that it shares",
    "gde": "its saved arrays and its sets stand in tests of damaged files, of stopped runs and of alarms",
    "boss": "the search to which others send a table that they cannot order",
    "fci": "the search to which others send who fears a hidden cause",
    "hca": "its leaderboard is a table of the tests of real tables",
}
"""Systems that more files outside of their folder name than a new one may."""


@pytest.fixture(scope="module", autouse=True)
def read_once():
    yield
    for kept in (text_of, tree_of, ours, others):
        kept.cache_clear()


@cache
def text_of(path):
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path):
    """Its syntax; the collector would walk all that were read before again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text_of(path))
    finally:
        if was:
            gc.enable()


@cache
def ours():
    return tuple(sorted(SOURCE.rglob("*.py")))


@cache
def others():
    """Where else systems could be named, with the text of each file."""
    places = [*ours(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    places += [ROOT / "Makefile", ROOT / "pyproject.toml"]
    return [(path.relative_to(ROOT).as_posix(), text_of(path)) for path in places if path != Path(__file__)]


def modules():
    """Dotted name without `aitia.` -> file."""
    return {".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path for path in ours()}


def users():
    """For each module the modules that import it."""
    known, found = modules(), defaultdict(set)
    for name, path in known.items():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aitia."):
                of = node.module.removeprefix("aitia.")
                found[of].add(name)
                for alias in node.names:
                    if f"{of}.{alias.name}" in known:
                        found[f"{of}.{alias.name}"].add(name)
    return found


def test_a_part_of_the_machinery_has_two_users():
    by, lonely = users(), set()
    for name, path in modules().items():
        if name.split(".")[0] not in ("nn", "stats", "text") or path.name == "__init__.py":
            continue
        seen, todo, top = set(), [name], set()
        while todo:
            for user in by[todo.pop()] - seen:
                seen.add(user)
                first = user.split(".")
                if first[0] in ("nn", "stats", "text"):
                    todo.append(user)
                else:
                    top.add(".".join(first[:2]) if first[0] == "systems" else first[0])
        if len(top) <= 1:
            lonely.add(name)
    assert lonely == set(), "a part with one user stands in the folder of that user"


def test_files_and_functions_are_short_or_have_a_reason():
    files, functions = set(), set()
    for path in ours():
        text, place = text_of(path), str(path.relative_to(SOURCE))
        if len(text.splitlines()) > 400:
            files.add(place)
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 80:
                functions.add(f"{place}:{node.name}")
    assert files == set(LONG)
    assert functions == set(LONG_FUNCTIONS)


@pytest.mark.parametrize("slug", sorted(systems()))
def test_a_system_is_named_in_few_files_outside_of_its_folder(slug):
    if slug in WORDS or not systems()[slug].package.startswith("aitia."):
        return
    name = slug.replace("-", "_")
    word = re.compile(rf"(?<![\w-])({name}|{slug})(?![\w-])")
    own = tuple(f"{place}/" for place in (f"src/aitia/systems/{name}", f"tests/systems/{name}", "tests/golden"))
    naming = [
        place
        for place, text in others()
        if (slug in text or name in text) and not place.startswith(own) and word.search(text)
    ]
    assert len(naming) <= MOST_FILES or slug in NAMED, naming


def test_nothing_outside_of_a_folder_imports_a_system_by_name():
    named = re.compile(r"^\s*(?:from|import) aitia\.systems\.(\w+)", re.MULTILINE)
    wrong = [
        f"{path.relative_to(SOURCE)} imports {system}"
        for path in ours()
        for system in named.findall(text_of(path))
        if path.relative_to(SOURCE).parts[:2] != ("systems", system)
    ]
    assert wrong == []


def text_without_encoding(tree):
    """Lines of calls that read or write text in whatever codec the machine has."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(k.arg == "encoding" for k in node.keywords):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        words = [a.value for a in [*node.args, *(k.value for k in node.keywords if k.arg == "mode")]
                 if isinstance(a, ast.Constant) and isinstance(a.value, str)]  # fmt: skip
        binary = any("b" in word and len(word) <= 3 for word in words)
        of_a_file = isinstance(node.func, ast.Attribute) and (not node.args or isinstance(node.args[0], ast.Constant))
        asks_for_text = any(k.arg in ("text", "universal_newlines") for k in node.keywords)
        if (
            (name == "read_text" and not node.args)
            or (name == "write_text" and len(node.args) == 1)  # with two, a file of a run, which is UTF-8
            or (name == "fdopen" and not binary)
            or (name == "open" and not binary and (of_a_file or isinstance(node.func, ast.Name)))
            or (name in ("run", "Popen", "check_output") and asks_for_text)
        ):
            yield node.lineno


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("p.read_text()", True),
        ("p.read_text(encoding='utf-8')", False),
        ("p.write_text('a')", True),
        ("run.write_text('graph.json', text)", False),
        ("open(p)", True),
        ("open(p, 'rb')", False),
        ("p.open()", True),
        ("p.open('w', newline='')", True),
        ("p.open(mode='r+b')", False),
        ("os.fdopen(handle, 'w')", True),
        ("pillow.open(p)", False),
        ("subprocess.run(['git'], text=True)", True),
    ],
)
def test_text_without_a_codec_is_found(line, found):
    assert bool(list(text_without_encoding(ast.parse(line)))) == found


def test_all_text_is_read_and_written_as_utf_8():
    wrong = [
        f"{path.relative_to(SOURCE)}, line {line}" for path in ours() for line in text_without_encoding(tree_of(path))
    ]
    assert wrong == []


def imported(tree):
    """Top-level modules that code imports, by a statement or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("import_extra", "import_module", "_import")
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.args[0].value.split(".")[0]


def extras():
    """Modules by extra; those of every install by the empty name."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = {"": told["dependencies"], **told["optional-dependencies"]}
    names = {extra: [re.match(r"[\w-]+", line).group() for line in lines] for extra, lines in listed.items()}
    return {
        extra: {IMPORTED_AS.get(name, name.replace("-", "_")) for name in packages if name != "aitia"}
        for extra, packages in names.items()
    }


def test_extras_are_what_code_imports():
    used = {name for path in ours() for name in imported(tree_of(path))}
    used -= {*sys.stdlib_module_names, "aitia", *OWN_SENTENCE}
    shipped = ("", "data", "nets", "language", "vision", "ask", "studio", "cluster", "recordings")
    listed = set().union(*(extras()[extra] for extra in shipped))
    assert {COMES_WITH.get(name, name) for name in used} == listed


def test_an_extra_that_a_sentence_names_is_there():
    named = {
        extra
        for path in ours()
        for extra in re.findall(r"aitia\[(\w+)\]|import_extra\([^,)]+, \"(\w+)\"|\"PIL.Image\", \"(\w+)\"",
                                text_of(path))
        for extra in extra if extra
    }  # fmt: skip
    assert named | {entry.card.extra for entry in systems().values()} - {""} <= set(extras())


def test_nothing_outside_of_data_asks_for_a_kind_of_rows():
    kinds = r"(?:Table|Clips|Tracks|Recordings)"
    asks = re.compile(
        rf"isinstance\([^()]*,\s*\(?[^()]*\b{kinds}\b"
        r"|\.form (?:==|!=|is|in) [\"(](?:table|clips|tracks|recordings)"
        r"|\.data\.form\b|\.kind\([^()]*\) ==|hasattr\([^()]*, \"(?:images|tracks|signals)\"\)"
    )
    found = {
        str(path.relative_to(SOURCE))
        for path in ours()
        if path.relative_to(SOURCE).parts[0] != "data" and asks.search(text_of(path))
    }
    assert found == set(ASKING)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("sum({len(x) for x in rows})", True),
        ("sum(sorted({len(x) for x in rows}))", False),
        ("for label in set(labels):\n    total += means[label]", True),
        ("for label in sorted(set(labels)):\n    total += means[label]", False),
        ("for label in dict.fromkeys(labels):\n    total += means[label]", False),
        ("wanted = set(labels)\nrows = [means[label] for label in wanted]", True),
        ("def f(wanted: set[str]):\n    return list(wanted)", True),
        ("self.kept = {1, 2}\ndef f(self):\n    return [*self.kept]", True),
        ("def f() -> set[str]: ...\ndef g():\n    return np.array(f())", True),
        ("for name in one.keys() & other.keys():\n    print(name)", True),
        ("{name: 1 for name in names | {'x'}}", True),
        ("max(set(labels), key=labels.count)", True),
        ("max(set(labels))", False),
        ("any(x > 1 for x in set(labels))", False),
        ("{f(x) for x in set(labels)}", False),
        ("x in (*set(labels), 'y')", False),
        ("name = set(labels).pop()", True),
        ("rows.pop()", False),
        ("for file in folder.glob('*.csv'):\n    read(file)", True),
        ("files = list(os.listdir(folder))", True),
        ("sorted(folder.glob('*.csv'))", False),
        ("any(folder.iterdir())", False),
    ],
)
def test_an_order_that_is_no_order_is_found(code, found):
    tree = ast.parse(code)
    assert bool(list(Order(tree, functions_of_sets([tree])).without())) == found


def test_nothing_takes_the_order_of_a_set_or_of_a_folder():
    trees = {path: tree_of(path) for path in ours()}
    known = functions_of_sets(trees.values())
    wrong = [
        f"{path.relative_to(SOURCE)}, line {line}: {what}"
        for path, tree in trees.items()
        for line, what in Order(tree, known).without()
    ]
    assert wrong == [], "sort it, or keep the order in which it was given with dict.fromkeys"

"""Places in code where the order of a set, or of the files in a folder, would reach what is computed.

A set of texts comes in another order in every process (PYTHONHASHSEED), one of objects where memory lies otherwise, and
files of a folder as the file system has them: a sum over such a set differs in its last digits, a list in its rows.
"""

import ast

SETS = ("set", "frozenset", "Set", "AbstractSet", "MutableSet")
OF_SETS = ("union", "intersection", "difference", "symmetric_difference")
FREE = {
    "sorted", "len", "any", "all", "min", "max", "set", "frozenset", "bool", "isdisjoint", "issubset", "issuperset",
    "update", "difference_update", "intersection_update", *OF_SETS,
}  # fmt: skip
"""Functions to which the order of what they are given means nothing."""
TAKES_ORDER = {
    "list", "tuple", "sum", "fsum", "enumerate", "zip", "map", "filter", "join", "array", "asarray", "stack",
    "concatenate", "fromiter", "tensor", "dict", "fromkeys", "next", "iter", "extend", "reversed", "deque", "chain",
    "product", "combinations", "permutations", "starmap", "reduce", "join_names",
}  # fmt: skip
BY_KEY = ("sorted", "min", "max", "sort")
"""Functions that leave what is equal by their key in the order in which it came."""
FILES = ("glob", "rglob", "iterdir", "listdir", "scandir", "iglob")
ANNOTATED = (ast.FunctionDef, ast.AsyncFunctionDef)


def called(node):
    """The last name of what a call calls."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def says_set(annotation):
    """Whether an annotation is that of a set."""
    text = "" if annotation is None else ast.unparse(annotation).strip("'\"")
    return text.split("[")[0].rsplit(".", 1)[-1] in SETS


def functions_of_sets(trees):
    """Names of functions and attributes, over all files, that are always annotated as sets."""
    sets, others = set(), set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ANNOTATED) and node.returns is not None:
                (sets if says_set(node.returns) else others).add(node.name)
            elif isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        (sets if says_set(part.annotation) else others).add(part.target.id)
    return sets - others


class Order:
    """The places of one file.

    Args:
        tree: Of its syntax.
        known: Names of functions and attributes that are sets, see `functions_of_sets`.
    """

    def __init__(self, tree, known=frozenset()):
        self.tree, self.known = tree, known
        self.parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self.names = {}
        for _ in range(2):  # a name may stand for another
            self._gather()

    def _gather(self):
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and self.is_set(node.value):
                for target in node.targets:
                    self._keep(target, node)
            elif isinstance(node, ast.AnnAssign) and says_set(node.annotation):
                self._keep(node.target, node)
            elif isinstance(node, ANNOTATED):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                named = {argument.arg for argument in arguments if says_set(argument.annotation)}
                self.names.setdefault(node, set()).update(named)

    def _keep(self, target, node):
        if isinstance(target, ast.Name):
            self.names.setdefault(self.scope(node), set()).add(target.id)
        elif isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
            self.names.setdefault(self.tree, set()).add(f"self.{target.attr}")

    def scope(self, node):
        while node in self.parent:
            node = self.parent[node]
            if isinstance(node, ANNOTATED):
                break
        return node

    def is_set(self, node):
        """Whether an expression is a set, as far as the file tells."""
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call):
            name = called(node)
            return name in ("set", "frozenset", *OF_SETS) or name in self.known
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
            views = any(
                isinstance(side, ast.Call) and called(side) in ("keys", "items") for side in (node.left, node.right)
            )
            return views or self.is_set(node.left) or self.is_set(node.right)
        if isinstance(node, ast.IfExp):
            return self.is_set(node.body) or self.is_set(node.orelse)
        if isinstance(node, ast.Name | ast.Attribute):
            if isinstance(node, ast.Attribute) and node.attr in self.known:
                return True
            text, here = node.id if isinstance(node, ast.Name) else ast.unparse(node), node
            while here in self.parent:
                here = self.scope(here)
                if text in self.names.get(here, ()):
                    return True
        return False

    def is_files(self, node):
        return isinstance(node, ast.Call) and called(node) in FILES

    def without(self):
        """(line, what is written) of each place."""
        for node in ast.walk(self.tree):
            for what in self._walked(node):
                if (self.is_set(what) or self.is_files(what)) and not self._is_free(node):
                    yield getattr(node, "lineno", what.lineno), ast.unparse(what)

    def _walked(self, node):
        """Expressions whose order a node takes."""
        if isinstance(node, ast.For | ast.YieldFrom):
            yield node.iter if isinstance(node, ast.For) else node.value
        elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
            yield from (part.iter for part in node.generators)
        elif isinstance(node, ast.Call):
            if called(node) in TAKES_ORDER or (called(node) in BY_KEY and any(k.arg == "key" for k in node.keywords)):
                yield from node.args
            elif called(node) == "pop" and not node.args:
                yield node.func.value
        elif isinstance(node, ast.Starred):
            yield node.value

    def _is_free(self, node):
        """Whether what is made of it has no order, or goes to what sees none."""
        above = self.parent.get(node)
        if isinstance(node, ast.Starred):
            return isinstance(above, ast.Set) or (isinstance(above, ast.Call) and self._blind(above)) or (
                isinstance(above, ast.List | ast.Tuple) and self._is_free(above)
            )  # fmt: skip
        if isinstance(above, ast.Compare) and all(isinstance(op, ast.In | ast.NotIn) for op in above.ops):
            return True
        return isinstance(above, ast.Call) and self._blind(above) and node in above.args

    def _blind(self, call):
        return called(call) in FREE and not (called(call) in BY_KEY and any(k.arg == "key" for k in call.keywords))

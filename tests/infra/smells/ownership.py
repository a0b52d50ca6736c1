"""Whose object a write goes to: a module's, a class's, a wide fixture's, or the test's own.

Objects that a test makes itself are its own; a local name hides all others.
"""

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from .chains import CALL, Chain, is_own_logger, read_chain, read_imports, resolve
from .changes import Change, Form, Write, cut, is_saved, read_writes
from .modules import WIDE, Module
from .project import Declared, Project
from .scopes import ClassScope, Kind, Scope
from .values import Sort, find_sort

PLAIN_METHODS: Final = frozenset({"append", "extend", "setdefault", "popitem", "appendleft"})
"""Methods that nothing but a container has."""

MAKERS: Final = ("logging.getLogger()", "decimal.getcontext()")
"""Calls that return the process's own object."""

WIDTHS: Final = ("function", *WIDE)


class Reader:
    """Reads the changes of one scope."""

    def __init__(self, project: Project, module: Module, scope: Scope) -> None:
        self._project = project
        self._module = module
        self._scope = scope
        self._locals = scope.locals
        self.names = self._read_names()
        self._statements = {
            id(spot.node.value) for spot in scope.spots if isinstance(spot.node, ast.Expr)
        }

    def _read_names(self) -> dict[str, str]:
        """Return what names stand for here: imports, and local names for something shared."""
        module, scope = self._module, self._scope
        names = {name: text for name, text in module.names.items() if name not in self._locals}
        assigned: dict[str, list[ast.expr]] = {}
        for spot in scope.spots:
            node = spot.node
            if isinstance(node, ast.Import | ast.ImportFrom):
                names.update(read_imports(node))
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
        self._aliases = {} if scope.kind is Kind.IMPORT else dict(_find_aliases(assigned))
        self.saved = {
            name: text
            for name, values in assigned.items()
            if (text := resolve(values[0], names)) and not text.startswith("os.path")
        }
        outer = {n: [v] for n, v in module.values.items() if n not in self._locals}
        for name, values in {**outer, **assigned}.items():
            chain = read_chain(values[0]) if len(values) == 1 else None
            text = chain.render(names.get(chain.root)) if chain else ""
            if is_own_logger(values[0]):
                continue
            if text in MAKERS or text in ("os.environ", "sys.modules", "sys.path"):
                names[name] = text
        return names

    def read_changes(self) -> Iterator[Change]:
        """Read all writes to objects that outlive the test."""
        for spot in self._scope.spots:
            if isinstance(
                spot.node, ast.Call | ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete
            ):
                for write in read_writes(spot):
                    if (change := self._find_owner(write)) is not None:
                        yield change

    def _find_owner(self, write: Write) -> Change | None:
        root = write.chain.root
        if root in self._scope.globals and not write.chain.steps:
            return self._change("PTI202", root, write)
        if not write.chain.steps and write.form != Form.METHOD:
            return None
        if root in ("self", "cls", "mcs"):
            # A nested class has a self of its own.
            is_own = self._scope.parameters[:1] == (root,) and not write.spot.place.nested
            owner = self._scope.owner if is_own else None
            return self._find_class_owner(write, owner, write.chain.steps, root) if owner else None
        chain = self._follow(write.chain)
        if chain.root in self._locals and chain.root not in self.names:
            return self._find_fixture_owner(write, chain)
        return self._find_module_owner(write, chain)

    def _follow(self, chain: Chain) -> Chain:
        """Replace a local name for part of something by what it stands for."""
        alias = self._aliases.get(chain.root)
        if alias is None or CALL in alias.steps:
            return chain
        return Chain(alias.root, (*alias.steps, *chain.steps))

    def _find_module_owner(self, write: Write, chain: Chain) -> Change | None:
        root, module = chain.root, self._module
        if (owner := module.classes.get(root)) is not None and root not in self._locals:
            return self._find_class_owner(write, owner, chain.steps, root)
        if CALL in chain.steps:
            return None
        if root in self.names:
            return self._find_import_owner(write, chain)
        if root in module.functions and chain.steps and _is_plain(write, chain):
            return self._change("PTI201", chain.render(), write)
        value = None if self._scope.kind is Kind.IMPORT else module.values.get(root)
        sort = find_sort(value, module.names)
        if sort is Sort.OTHER:
            return None
        is_plain = _is_plain(write, chain) and not self._is_used(write)
        is_certain = sort is Sort.CONTAINER or is_plain
        return replace(self._change("PTI201", chain.render(), write), is_certain=is_certain)

    def _find_import_owner(self, write: Write, chain: Chain) -> Change | None:
        text = chain.render(self.names[chain.root])
        is_made_here = chain.root not in self._module.names and self._makes_modules()
        if CALL in text or text.startswith("pytest.") or is_made_here:
            return None
        change = self._change("PTI204", text, write)
        is_certain = _is_plain(write, chain) and not self._is_used(write)
        return replace(change, is_certain=is_certain)

    def _is_used(self, write: Write) -> bool:
        """Whether a method's result is used: `np.append(a, b)` makes, `REG.append(a)` changes."""
        return write.form == Form.METHOD and id(write.node) not in self._statements

    def _makes_modules(self) -> bool:
        """Whether the test writes the modules that it imports, and so nobody else has them."""
        return bool({"syspath_prepend", "path", "modules", "import_module", "write_text"}
                    & self._scope.attributes)  # fmt: skip

    def _find_class_owner(
        self, write: Write, owner: ClassScope, steps: tuple[str, ...], root: str
    ) -> Change | None:
        is_instance = root == "self" or steps[:1] == (CALL,)
        if steps[:1] in (("__class__",), (CALL,)):
            is_instance = steps[0] == CALL
            steps = steps[1:]
        if not steps or CALL in steps or (steps[0].startswith("__") and steps[0] != "[]"):
            return None
        path = f"{owner.name}.{steps[0]}"
        is_in_place = write.form == Form.METHOD or len(steps) > 1
        if not is_instance and not is_in_place:
            return self._change("PTI203", path, write)
        if not is_in_place or not self._is_class_value(owner, steps[0], write, is_instance):
            return None
        return self._change("PTI203", path, write)

    def _is_class_value(
        self,
        owner: ClassScope,
        name: str,
        write: Write,
        is_instance: bool,  # noqa: FBT001  a fact about the write
    ) -> bool:
        """Whether an attribute holds one object for the whole class."""
        value: ast.expr | None = None
        for module, base in self._project.find_bases(self._module, owner):
            if is_instance and any(_sets(method, name) for method in base.methods):
                return False
            if value is None and name in base.values:
                value = base.values[name]
                names = module.names
            if value is None and (found := _find_set_up(base, name)) is not None:
                value, names = found, module.names
        sort = find_sort(value, names) if value is not None else Sort.OTHER
        return sort is Sort.CONTAINER or (sort is Sort.OBJECT and write.form == Form.ASSIGN)

    def _find_fixture_owner(self, write: Write, chain: Chain) -> Change | None:
        if chain.root not in self._scope.parameters or CALL in chain.steps:
            return None
        if self._scope.kind not in (Kind.TEST, Kind.FIXTURE, Kind.SETUP):
            return None
        declared = self._project.find_fixture(chain.root, self._module, self._scope)
        if declared is None or not self._is_wider(declared):
            return None
        sort = find_handed_out(declared)
        if sort is Sort.OTHER:
            return None
        is_certain = sort is Sort.CONTAINER or (bool(chain.steps) and _is_plain(write, chain))
        change = self._change("PTI301", f"fixture {chain.render()}", write)
        return replace(change, is_certain=is_certain)

    def _is_wider(self, declared: Declared) -> bool:
        own = "function"
        for fixture in self._module.fixtures:
            if fixture.scope is self._scope:
                own = fixture.width
        if declared.fixture.width not in WIDTHS or own not in WIDTHS:
            return False
        return WIDTHS.index(declared.fixture.width) > WIDTHS.index(own)

    def _change(self, rule_id: str, path: str, write: Write) -> Change:
        is_back = write.form == Form.DELETE or write.method in ("pop", "remove", "discard")
        is_back = is_back or (write.value is not None and is_saved(write.value))
        return Change(rule_id, cut(path), write, write.chain.render(), is_back)


def _find_aliases(assigned: dict[str, list[ast.expr]]) -> Iterator[tuple[str, Chain]]:
    """Find local names that stand for a part of something else."""
    for name, values in assigned.items():
        chain = read_chain(values[0]) if len(values) == 1 else None
        if chain is not None and chain.root != name:
            yield name, chain


def _is_plain(write: Write, chain: Chain) -> bool:
    """Whether a write to something of unknown type surely changes it."""
    if write.form != Form.METHOD:
        return bool(chain.steps)
    last = chain.steps[-1] if chain.steps else chain.root
    return write.method in PLAIN_METHODS or last.strip("_").isupper()


def _sets(method: Scope, name: str) -> bool:
    """Whether a method gives the instance an attribute of its own."""
    if method.kind in (Kind.WIDE_SETUP, Kind.WIDE_TEARDOWN) or name not in method.attributes:
        return False
    return any(
        write.chain.root == "self" and write.chain.steps == (name,) and write.form == Form.ASSIGN
        for spot in method.spots
        for write in read_writes(spot)
    )


def _find_set_up(owner: ClassScope, name: str) -> ast.expr | None:
    """Find what `setUpClass` assigns to an attribute of the class."""
    for method in owner.methods:
        if method.kind is Kind.WIDE_SETUP and name in method.attributes:
            for spot in method.spots:
                for write in read_writes(spot):
                    if write.chain.steps == (name,) and write.form == Form.ASSIGN:
                        return write.value
    return None


def find_handed_out(declared: Declared) -> Sort:
    """Tell what a fixture hands out."""
    scope, names = declared.fixture.scope, declared.module.names
    assigned = {
        target.id: spot.node.value
        for spot in scope.spots
        if isinstance(spot.node, ast.Assign) and not spot.place.nested
        for target in spot.node.targets
        if isinstance(target, ast.Name)
    }
    entered = {
        item.optional_vars.id
        for spot in scope.spots
        if isinstance(spot.node, ast.With | ast.AsyncWith)
        for item in spot.node.items
        if isinstance(item.optional_vars, ast.Name)
    }
    for spot in scope.spots:
        if isinstance(spot.node, ast.Return | ast.Yield) and not spot.place.nested:
            value = spot.node.value
            if isinstance(value, ast.Name):
                if value.id in entered:
                    return Sort.OBJECT
                value = assigned.get(value.id)
            if (sort := find_sort(value, names)) is not Sort.OTHER:
                return sort
    return Sort.OTHER

"""The ranks of `tests/infra/DESIGN.md`: a module imports from lower ranks only."""

import ast
import functools
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
INFRA = TESTS / "infra"

RANKS = [
    {
        *("records", "errors", "options", "guard", "ignored", "gate"),
        *("failures", "sampling", "circumstances"),
    },
    {"nursery_client", "nursery_request", "stage", "database_url"},
    {"access_records", "hookspecs"},
    {"touches", "settings", "locks", "identity", "standins", "machine", "nursery", "preloads"},
    {
        *("estimates", "durations", "expressions", "leaks", "smells", "repeats", "known_flakes"),
        *("nursery_handle", "rate_limits"),
    },
    {"seeds", "schedules", "early_start"},
    {"flakes", "repetition"},
    {"clusters", "flake_report", "flake_properties"},
    {"environment", "lanes", "vmids", "report", "roster", "status", "timeline", "audit", "listing"},
    {"accesses", "access_log", "contention"},
    {"contention_report"},
    {"history", "selection"},
    {"brake", "tokens", "plan", "benchmarks"},
    {"backlog", "desks"},
    {"stealing"},
    {"dispatch"},
    {"recorded_dispatch"},
    {"scheduler", "simulation", "session", "archive", "recorder", "forecast", "workers"},
    {"sharing"},
    {"warmstart", "shelf", "staging"},
    {
        "staging",
        "access_watch",
        "chronicle",
        "verdict",
        "collection",
        *("session_fixtures", "rate_limit_fixtures", "ledger_fixtures"),
        "guard_side",
    },
    {"database_fixtures", "isolation", "proving", "flake_watch", "replaying", "marking"},
    {"hunting", "measuring", "phases"},
    {"tuning"},
    {"conductor", "soloist", "commands", "rehearsal"},
    {"controller_side", "solo_side", "worker_side", "forked", "loads"},
    {"sharing_side", "unique_fixtures", "tracker_fixtures"},
    {"plugin", "cli", "forkserver"},
    {"tries"},
    {"restaging"},
    {"__main__"},
]

# Within a rank, these imports are allowed: the left one needs the right one's words.
NEIGHBOURS = {
    ("errors", "records"),
    ("records", "errors"),
    ("identity", "locks"),
    ("standins", "identity"),
    ("roster", "report"),
    ("timeline", "lanes"),
    ("audit", "lanes"),
    ("audit", "timeline"),
    ("report", "audit"),
    ("report", "status"),
    ("report", "timeline"),
    ("listing", "lanes"),
    ("listing", "report"),
    ("listing", "timeline"),
    ("commands", "collection"),
    ("workers", "forecast"),
}


@functools.cache
def find_imports(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Find all statements of a file that import; several tests ask for them."""
    tree = ast.parse(path.read_bytes())
    return tuple(n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))


def read_imports(path: Path) -> set[str]:
    """Read the modules of `infra` that a file imports, apart from those of its own sub-package."""
    depth = len(path.relative_to(INFRA).parts)
    found = [node for node in find_imports(path) if isinstance(node, ast.ImportFrom)]
    imports = [node for node in found if node.level == depth]
    return {(node.module or name.name).split(".")[0] for node in imports for name in node.names}


def get_rank(module: str) -> int:
    return next(rank for rank, modules in enumerate(RANKS) if module in modules)


@pytest.mark.parametrize(
    "path", sorted(INFRA.rglob("*.py")), ids=lambda path: str(path.relative_to(INFRA))
)
def test_module_imports_from_lower_ranks_only(path: Path) -> None:
    module = path.relative_to(INFRA).parts[0].removesuffix(".py")
    if module == "__init__":
        return

    for imported in read_imports(path):
        is_lower = get_rank(imported) < get_rank(module)
        assert is_lower or (module, imported) in NEIGHBOURS, f"{module} imports {imported}"


@pytest.mark.parametrize("island", ["infra", "fixtures"])
def test_islands_do_not_know_each_other(island: str) -> None:
    other = {"infra": "fixtures", "fixtures": "infra"}[island]

    for path in (TESTS / island).rglob("*.py"):
        for node in find_imports(path):
            if isinstance(node, ast.ImportFrom):
                names = {node.module or "", *(alias.name for alias in node.names)}
                # A relative import never leaves the island: its dots end at the island's package.
                depth = len(path.relative_to(TESTS / island).parts)
                assert node.level <= depth, f"{path} imports from outside its island"
                assert other not in names, f"{path} imports {other}"
                assert not any(name.split(".")[0] == "tests" for name in names), path
            else:
                assert not any(alias.name.split(".")[0] == "tests" for alias in node.names), path

"""What a rule hands back: a rule, a place in the tree, and what to say."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sighting:
    """A smell before it has its file and its tests."""

    rule_id: str
    node: ast.expr | ast.stmt
    message: str

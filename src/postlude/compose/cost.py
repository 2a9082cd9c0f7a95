"""Templates whose cost is known before they run: so little that they need no process of their own with limits.

What a template may cost is decided by what is in it. Looking up fields, asking whether they are there, and a few
filters that make little of them: that is nearly every mailing, and a copy of it costs at most so much a field. Loops,
arithmetic, macros, joining in a variable and filters with a width can cost anything.
"""

from typing import Final

from jinja2 import nodes

_FILTERS: Final = frozenset(
    (
        *("default", "d", "upper", "lower", "capitalize", "title", "trim", "int", "float", "string", "first", "last"),
        *("length", "count", "e", "escape", "safe", "urlencode", "striptags", "truncate", "round", "abs"),
    )
)
_TESTS: Final = frozenset(
    ("defined", "undefined", "none", "string", "number", "eq", "ne", "lt", "le", "gt", "ge", "in")
)
_NODES: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Const),
    *(nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Filter, nodes.Test, nodes.Keyword),
)
_MOST_NODES: Final = 5_000
LARGEST: Final = 10_000
"""Number in a template that costs nothing: `round(-1000000000)` computes a power of ten."""


def is_cheap(tree: nodes.Template) -> bool:
    """A copy costs little, whatever its fields hold; False also where that cannot be seen."""
    pending: list[nodes.Node] = [tree]
    seen = 0
    while pending:
        node = pending.pop()
        seen += 1
        if seen > _MOST_NODES or not _is_cheap_alone(node):
            return False
        pending.extend(node.iter_child_nodes())
    return True


def _is_cheap_alone(node: nodes.Node) -> bool:
    if not isinstance(node, _NODES):
        return False
    if isinstance(node, nodes.Filter):
        return node.name in _FILTERS and node.node is not None and not (node.dyn_args or node.dyn_kwargs)
    if isinstance(node, nodes.Test):
        return node.name in _TESTS
    if isinstance(node, nodes.Const) and isinstance(node.value, int | float):
        return abs(node.value) <= LARGEST
    return True

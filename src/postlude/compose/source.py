"""One template text: plain fields are taken out and filled in fast; whatever is logic runs in the sandbox."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from jinja2 import nodes
from jinja2.runtime import Undefined
from markupsafe import escape

from postlude.compose.cost import LARGEST, is_cheap
from postlude.compose.errors import author_mistakes
from postlude.compose.sandbox import parse_template, template_environment
from postlude.compose.template import ROOTS
from postlude.kit.bounded import WeightedCache

Names = Mapping[str, Any]
"""Values of a template's names: views of fields, and strings."""
Evaluate = Callable[[Names], object]

_PURE: Final = frozenset(("default", "d", "upper", "lower", "capitalize", "title", "trim", "round", "int", "urlencode"))
_DEAD: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CLEANED: Final = 8 << 20
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")


class Plain(NamedTuple):
    """A field that is printed: `{{ contact.first_name|default("friend") }}`."""

    shown: str
    """Its form in lists for users."""
    evaluate: Evaluate


class Marks:
    """Placeholders for fields while a template is parsed. They cannot be guessed."""

    def __init__(self, nonce: str) -> None:
        self._nonce: Final = nonce
        self.pattern: Final = re.compile(f"Pf{nonce}([0-9]{{4}})e")
        self.in_bytes: Final = re.compile(self.pattern.pattern.encode())
        self.leading: Final = re.compile(f"(?:https://)?{self.pattern.pattern}")
        """A placeholder, with the scheme that is put before one at the beginning of an address."""
        self.fields: Final[list[Plain]] = []
        self._known: Final[dict[str, int]] = {}

    def mark(self, field: Plain) -> str:
        """The placeholder of a field."""
        index = self._known.setdefault(field.shown, len(self.fields))
        if index == len(self.fields):
            self.fields.append(field)
        return f"Pf{self._nonce}{index:04d}e"

    def readable(self, text: str) -> str:
        """The text with the fields as their author wrote them."""
        return self.leading.sub(lambda match: "{{ " + self.fields[int(match[1])].shown + " }}", text)


class TemplateSource:
    """One text. `fill` and `skeleton` raise MissingFieldError and TemplateError."""

    def __init__(
        self, text: str, where: str, names: frozenset[str], marks: Marks, pages: Mapping[str, str], *, html: bool
    ) -> None:
        self._where: Final = where
        with author_mistakes(where):
            env = template_environment(html=html)
            tree = parse_template(text, where, names, html=html)
            self.paths: Final = frozenset(_paths(tree))
            """Every field it looks at."""
            self.cheap: Final = is_cheap(tree)
            """A copy costs little, whatever its fields hold."""
            self._whole: Final = env.from_string(parse_template(text, where, names, html=html))
            _Extraction(marks, _assigned(tree), pages, html=html).run(tree.body)
            self._constant: Final = _constant(tree)
            self.constant: Final = self._constant is not None
            """It contains only text and fields, no logic."""
            self._html: Final = html
            cut = marks.pattern.split(self._constant) if self._constant is not None else None
            self._pieces: Final = None if cut is None else cut[::2]
            self._fields: Final = [] if cut is None else [marks.fields[int(each)] for each in cut[1::2]]
            self.fixed: Final = None if self._fields or cut is None else cut[0]
            """The text, when it is equal for all recipients."""
            self._marked: Final = None if self._constant is not None else env.from_string(tree)
            # Looking for line ends in a newsletter takes ten times as long as finding it among those seen before.
            self._cleaned: Final[WeightedCache[str, str]] = WeightedCache(_CLEANED)
            self.everything: Final = mail_text("".join(_everything(tree, marks)))
            """All branches one after the other, with placeholders: what the template may show at all."""

    def fill(self, names: Names) -> str:
        """The text for one recipient."""
        if self._pieces is None:
            return self.fill_by_jinja(names)
        out = [self._pieces[0]]
        for field, piece in zip(self._fields, self._pieces[1:], strict=True):
            out += (value_text(field.evaluate(names), html=self._html), piece)
        return "".join(out)

    def fill_by_jinja(self, names: Names) -> str:
        """The same text, rendered completely by Jinja: the reference for `fill`."""
        return mail_text(self._render(self._whole, names))

    def skeleton(self, names: Names) -> str:
        """The text with every plain field's placeholder in its place; the same string while the logic decides alike."""
        if self._marked is None:
            assert self._constant is not None
            return self._constant
        raw = self._render(self._marked, names)
        cleaned = self._cleaned.get(raw)
        if cleaned is None:
            cleaned = mail_text(raw)
            self._cleaned.put(raw, cleaned, 2 * len(raw))
        return cleaned

    def _render(self, template: Any, names: Names) -> str:  # noqa: ANN401 - Jinja's own class
        with author_mistakes(self._where):
            return str(template.render(names))


def value_text(value: object, *, html: bool) -> str:
    """A field as inserted in the text."""
    return mail_text(str(escape(value)) if html else str(value))


def mail_text(text: str) -> str:
    """CRLF line ends, without control characters that are not allowed in mail."""
    if "\n" in text or "\r" in text:
        text = _NEWLINE.sub("\r\n", text)
    return _DEAD.sub("", text) if _DEAD.search(text) else text


def _paths(tree: nodes.Template) -> Iterator[str]:
    """`contact.first_name` for every field the template looks at."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        path = _path(node)
        if path and "." in path:
            yield path


def _path(node: nodes.Node) -> str:
    """`contact.first_name`, or a single name; empty when the node is something else."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name in ROOTS:
        return f"{node.node.name}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Name) and node.node.name in ROOTS:
        arg = node.arg
        return f"{node.node.name}.{arg.value}" if isinstance(arg, nodes.Const) and isinstance(arg.value, str) else ""
    return ""


def _assigned(tree: nodes.Template) -> frozenset[str]:
    """Names the template itself gives another meaning somewhere."""
    return frozenset(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")


class _Extraction:
    """Puts placeholders where plain fields are printed; not inside blocks whose output is worked on."""

    def __init__(self, marks: Marks, assigned: frozenset[str], pages: Mapping[str, str], *, html: bool) -> None:
        self._marks: Final = marks
        self._assigned: Final = assigned
        self._pages: Final = pages
        self._html: Final = html

    def run(self, body: list[nodes.Node]) -> None:
        """Change the tree in place."""
        for node in body:
            if isinstance(node, nodes.Output):
                node.nodes = [self._marked(each) for each in node.nodes]
            elif isinstance(node, nodes.If):
                for branch in (node.body, *(each.body for each in node.elif_), node.else_):
                    self.run(branch)
            elif isinstance(node, nodes.For):
                self.run(node.body)
                self.run(node.else_)

    def _marked(self, node: nodes.Expr) -> nodes.Expr:
        if isinstance(node, nodes.Const):
            return nodes.TemplateData(self._text(node.value))
        if isinstance(node, nodes.Name) and node.name in self._pages and node.name not in self._assigned:
            return nodes.TemplateData(self._text(self._pages[node.name]))
        field = _plain(node, self._assigned)
        return node if field is None else nodes.TemplateData(self._marks.mark(field))

    def _text(self, value: object) -> str:
        return str(escape(value)) if self._html else str(value)


def _everything(node: nodes.Node, marks: Marks) -> Iterator[str]:
    """The text of every branch; a placeholder for what only the logic knows."""
    for child in node.iter_child_nodes():
        if not isinstance(child, nodes.Output):
            yield from _everything(child, marks)
            continue
        for each in child.nodes:
            yield each.data if isinstance(each, nodes.TemplateData) else marks.mark(Plain(_shown(each), _unknown))


def _shown(node: nodes.Node | None) -> str:
    """An expression as its author may have written it, roughly: for lists that people read."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_shown(node.node)}.{node.attr}"
    if isinstance(node, nodes.Filter):
        return f"{_shown(node.node)}|{node.name}"
    return "..."


def _unknown(_names: Names) -> object:
    return ""


def _plain(node: nodes.Expr, assigned: frozenset[str]) -> Plain | None:
    """The expression as a field with simple filters; None when it is more than that."""
    if isinstance(node, nodes.Filter):
        inner = _plain(node.node, assigned) if node.node is not None else None
        args = node.args
        if (
            inner is None
            or node.name not in _PURE
            or node.kwargs
            or node.dyn_args
            or node.dyn_kwargs
            or not all(isinstance(each, nodes.Const) and _is_small(each.value) for each in args)
        ):
            return None
        values = [each.value for each in args if isinstance(each, nodes.Const)]
        given = f"({', '.join(map(repr, values))})" if values else ""
        return Plain(f"{inner.shown}|{node.name}{given}", _filtered(inner.evaluate, node.name, values))
    path = _path(node)
    root, _, name = path.partition(".")
    if not path or root in assigned or (not name and root in ROOTS):
        return None
    return Plain(path, _named(root) if not name else _field(root, name))


def _is_small(value: object) -> bool:
    return not isinstance(value, int | float) or abs(value) <= LARGEST


def _field(root: str, name: str) -> Evaluate:
    return lambda names: names[root][name]


def _named(name: str) -> Evaluate:
    return lambda names: names[name]


def _filtered(evaluate: Evaluate, name: str, args: list[Any]) -> Evaluate:
    call = template_environment(html=False).filters[name]
    if name in {"default", "d"} and len(args) == 1:
        other = args[0]

        def default(names: Names) -> object:
            value = evaluate(names)
            return other if isinstance(value, Undefined) else value

        return default
    return lambda names: call(evaluate(names), *args)


def _constant(tree: nodes.Template) -> str | None:
    """The whole text, when it needs no rendering."""
    out: list[str] = []
    for node in tree.body:
        if not isinstance(node, nodes.Output):
            return None
        for each in node.nodes:
            if not isinstance(each, nodes.TemplateData):
                return None
            out.append(each.data)
    return mail_text("".join(out))

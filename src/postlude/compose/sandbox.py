"""The Jinja2 sandbox templates run in, and the checks that give an author a clear error before anything is sent."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import Final

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.filters import do_urlencode
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from postlude.compose.errors import TemplateError

_ALONE: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
# `@media print{#header{...}}`: minified style sheets begin blocks with what begins a comment in Jinja.
_STYLE_SHEET_ID: Final = re.compile(r"\{#(?=[\w.])")
_RAW: Final = "{% raw %}{#{% endraw %}"
# A line with only `{% if %}` or another tag leaves no empty line. In a comment, so that lines are counted right.
_BLOCK: Final = r"\{%(?:(?!%\}).)*%\}"
_ONLY_BLOCKS: Final = re.compile(rf"^([ \t]*)({_BLOCK}(?:[ \t]*{_BLOCK})*)([ \t]*\r?\n)", re.MULTILINE)


@cache
def template_environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    """The environment of HTML (autoescape) or of everything else."""
    made = ImmutableSandboxedEnvironment(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True)
    del made.globals["lipsum"]
    made.filters["urlencode"] = _urlencode
    return made


def _urlencode(value: object) -> str:
    """Jinja's own, except that an empty field is asked for its text, so that it can fail."""
    return do_urlencode(str(value) if isinstance(value, Undefined) else value)  # type: ignore[arg-type]  # as Jinja: any


def parse_template(source: str, where: str, known: frozenset[str], *, html: bool) -> nodes.Template:
    """The template's tree; TemplateError for what Jinja or Postlude does not take."""
    env = template_environment(html=html)
    try:
        tree = env.parse(_ONLY_BLOCKS.sub(r"{#\1#}\2{#\3#}", _STYLE_SHEET_ID.sub(_RAW, source)))
        unknown = find_undeclared_variables(tree) - known - env.globals.keys()
    except TemplateSyntaxError as error:
        raise TemplateError(where, error.lineno, f"{error.message}. Mend it, or write {{% raw %}} around it") from error
    for node in tree.find_all(_ALONE):
        raise TemplateError(where, node.lineno, "a template cannot include another: paste the included text")
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            raise TemplateError(where, name.lineno, _unknown(name.name, known))
    return tree


def _unknown(name: str, known: frozenset[str]) -> str:
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
    return f"nothing is called {name!r}; {hint} A contact's field is written {{{{ contact.first_name }}}}"


# What is never closed reaches to the end: Jinja refuses it, and looking for its end again and again is not linear.
_CODE: Final = r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)|\{#(?![\w.]).*?(?:#\}|\Z)"


def guarded(source: str, put: Callable[[str, int], str], also: str = "") -> str:
    """The source with every piece of template code replaced by what `put(code, place)` returns.

    `also` is a pattern for what else is replaced; what is inside of that is replaced with it.
    """
    pattern = re.compile(f"{_CODE}|{also}" if also else _CODE, re.DOTALL)
    return pattern.sub(lambda match: put(match[0], match.start()), source)

"""Segments: one language to choose contacts by what they are and what they did.

An expression is text (`clicked(campaign='Spring') and not replied()`), a tree (`Expression`) and a sentence. This
package is pure: it reads and writes all three; `store.segments` asks the database.
"""

from postlude.segments.expression import Expression, Reference
from postlude.segments.lexer import SegmentError
from postlude.segments.parser import parse_expression
from postlude.segments.render import render
from postlude.segments.sentence import sentence

__all__ = ["Expression", "Reference", "SegmentError", "parse_expression", "render", "sentence"]

"""The pages recipients see: plain, accessible, translated, branded."""

from postlude.edge.pages.language import Texts, load_texts
from postlude.edge.pages.layout import PublicPages

__all__ = ["PublicPages", "Texts", "load_texts"]

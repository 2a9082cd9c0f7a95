"""The pages recipients see: plain, accessible, translated, branded."""

from postlude.edge.pages.language import Texts, load_texts
from postlude.edge.pages.layout import Pages

__all__ = ["Pages", "Texts", "load_texts"]

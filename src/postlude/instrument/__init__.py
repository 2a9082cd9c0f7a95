"""A message in, a tracked message out; every other byte stays as it was written."""

from postlude.instrument.message import CompiledMessage, compile_message, find_links, instrument, is_message, look_at
from postlude.instrument.minter import UrlMinter
from postlude.instrument.policy import PixelPlace, Policy
from postlude.instrument.reasons import LinkReason, PartReason
from postlude.instrument.report import Instrumented, LinkReport, PartReport
from postlude.instrument.switches import Switches, read_switches, strip_own_headers, switches_of
from postlude.instrument.url import is_base
from postlude.instrument.utm import utm_parameters

__all__ = [
    "CompiledMessage",
    "Instrumented",
    "LinkReason",
    "LinkReport",
    "PartReason",
    "PartReport",
    "PixelPlace",
    "Policy",
    "Switches",
    "UrlMinter",
    "compile_message",
    "find_links",
    "instrument",
    "is_base",
    "is_message",
    "look_at",
    "read_switches",
    "strip_own_headers",
    "switches_of",
    "utm_parameters",
]

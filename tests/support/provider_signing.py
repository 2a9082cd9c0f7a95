"""How providers sign their calls: what `tests/unit/feedback/documented/NAME.py` says, else HTTP Basic."""

import base64
import json
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

DOCUMENTED: Final = Path(__file__).parents[1] / "unit" / "feedback" / "documented"
Signed = tuple[dict[str, str], bytes, str]
"""Headers, body and the secret it is proven with."""


class Signing:
    """One provider's; `documented/README.md` says what its file may hold."""

    def __init__(self, module: ModuleType | None) -> None:
        self._module = module
        self.expires: Final = bool(getattr(module, "EXPIRES", False))

    def sign(self, payload: Any, now: int) -> Signed:
        """A call as the provider would make it."""
        if self._module is not None:
            made: Signed = self._module.sign(payload, now)
            return made
        basic = "Basic " + base64.b64encode(b"hook:secret").decode()
        return {"Authorization": basic}, json.dumps(payload).encode(), "hook:secret"

    def tampered(self, body: bytes) -> bytes:
        """The body changed where it is signed."""
        change = getattr(self._module, "tampered", None)
        return bytes(change(body)) if change else body.replace(b"@", b"~")

    def wrong_secret(self) -> str:
        """A secret that does not prove the call."""
        make = getattr(self._module, "wrong_secret", None)
        return str(make()) if make else "nobody:knows-it"

    def wrapped(self, text: str) -> str:
        """A payload as it stands in the body."""
        wrap = getattr(self._module, "wrapped", None)
        return str(wrap(text)) if wrap else text


@cache
def signing_of(name: str) -> Signing:
    """Of the provider `name`."""
    path = DOCUMENTED / f"{name}.py"
    if not path.exists():
        return Signing(None)
    spec = spec_from_file_location(f"documented_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return Signing(module)

"""What released versions left in `tests/upgrade`: `folder.tar.gz` and `store.tar.gz` of each."""

import tarfile
from pathlib import Path

_UPGRADE = Path(__file__).parents[1] / "upgrade"
RELEASES = sorted(path.name for path in _UPGRADE.glob("v*") if path.is_dir())


def unpacked(release: str, what: str, target: Path) -> Path:
    """`folder` or `store` of a version, in a fresh folder."""
    with tarfile.open(_UPGRADE / release / f"{what}.tar.gz") as archive:
        archive.extractall(target, filter="data")
    return target

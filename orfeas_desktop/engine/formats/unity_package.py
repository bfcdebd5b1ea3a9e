"""Opens a .unitypackage: folders named by GUID become the files that Unity would make of them."""

from __future__ import annotations

import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.source_files import Broken, require

if TYPE_CHECKING:
    from pathlib import Path


def unpack(package: Path, root: Path) -> Path:
    """Unpack the package below `root`; return the one folder that it puts into Assets. Raises Broken, OSError."""
    try:
        with tarfile.open(package, "r:gz") as tar:
            tar.extractall(root, filter="data")
    except (tarfile.TarError, EOFError) as problem:
        raise Broken(f"the package cannot be opened: {problem}") from None
    for named in root.glob("*/pathname"):
        inside = PurePosixPath(named.read_text("utf-8"))
        require(
            inside.parts[:1] == ("Assets",) and ".." not in inside.parts, "it names a place outside Assets"
        )
        target = root / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        if named.with_name("asset").exists():
            named.with_name("asset").rename(target)
        else:
            target.mkdir(exist_ok=True)
        named.with_name("asset.meta").rename(target.with_name(f"{target.name}.meta"))
    folders = [path for path in (root / "Assets").iterdir() if path.is_dir()]
    require(len(folders) == 1, "it has not one folder")
    return folders[0]

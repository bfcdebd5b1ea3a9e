"""Names of files and parts: what a file system takes, and no two alike."""

from __future__ import annotations

from collections.abc import Sequence

_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)
"""Names that Windows keeps for devices, whatever follows a point."""
_LONGEST = 120
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")


def distinct(names: Sequence[str], joint: str = "_") -> tuple[str, ...]:
    """Return the names, later ones that differ from an earlier one in nothing but case numbered after `joint`."""
    taken: set[str] = set()
    told: list[str] = []
    counts: dict[str, int] = {}
    for name in names:
        candidate = name
        while candidate.casefold() in taken:
            counts[name] = counts.get(name, 1) + 1
            candidate = f"{name}{joint}{counts[name]}"
        taken.add(candidate.casefold())
        told.append(candidate)
    return tuple(told)


def is_archive(name: str) -> bool:
    """Whether a file of that name has to be unpacked first."""
    return name.lower().endswith(_ARCHIVES)


def file_stem(name: str) -> str:
    """Return the name with what some file system forbids taken out."""
    cleaned = "".join("_" if letter in _FORBIDDEN or ord(letter) < 32 else letter for letter in name)
    stem = cleaned.strip(" .")[:_LONGEST].rstrip(" .") or "mesh"
    return f"_{stem}" if stem.partition(".")[0].strip().casefold() in _DEVICES else stem

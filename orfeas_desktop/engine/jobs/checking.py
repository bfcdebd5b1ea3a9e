"""Whether a request fits its entry: params brought up to date and checked, slots filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.errors import BadInput, BadParams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sized

    from orfeas_desktop.params import Params, Scalar
    from orfeas_desktop.register import Entry


def checked_params(entry: Entry, values: Mapping[str, Scalar], version: int) -> Params:
    """Return `values`, made for `version` of the entry, as its checked params of today.

    Raises BadParams: unknown names, values out of range, made for a newer version or not to be upgraded.
    """
    if version > entry.version:
        raise BadParams(
            entry=entry.id, problem=f"made for version {version}; this program has version {entry.version}"
        )
    plain = dict(values)
    if version < entry.version and entry.upgrade is not None:
        try:
            plain = entry.upgrade(plain, version)
        except (KeyError, TypeError, ValueError) as problem:
            raise BadParams(
                entry=entry.id,
                problem=f"made for version {version} and not to be upgraded",
                details=repr(problem),
            ) from None
    return entry.params.check(entry.id, plain)


def check_slots(entry: Entry, inputs: Mapping[str, Sized]) -> None:
    """Check that every input has its slot and every slot what it needs. Raises BadInput."""
    for name, given in inputs.items():
        slot = entry.input(name)
        if slot is None:
            raise BadInput(entry=entry.id, problem=f"it has no input “{name}”")
        if len(given) > 1 and not slot.many:
            raise BadInput(entry=entry.id, problem=f"“{name}” takes one file, not {len(given)}")
    for slot in entry.inputs:
        if slot.required and not len(inputs.get(slot.name, ())):
            raise BadInput(entry=entry.id, problem=f"“{slot.name}” is missing")

"""What every glTF record is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Index = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=0, lt=2**40)]
Vector3 = tuple[float, float, float]
Vector4 = tuple[float, float, float, float]


class GltfRecord(BaseModel):
    """One glTF object: camel case in the file, unknown members ignored, no NaN."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", allow_inf_nan=False
    )


class GltfMark(GltfRecord):
    """An extension that says all by being there."""

"""Value: the base of what is stored and shown. A former release's, or a later one's, unknown fields are left out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A record that nobody changes. It is built when first used: each costs milliseconds of a cold start."""

    model_config = ConfigDict(frozen=True, defer_build=True)

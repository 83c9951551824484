"""Typed reading of one JSON object of a request, in the words of API 3.0's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.api3.errors import ApiError

__all__ = ["Fields"]


class Fields:
    """One JSON object being read; remembers which members were asked for, so that the rest is unknown.

    A JSON null is a wrong type: the SDKs leave absent members out.
    """

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise ApiError.wrong_type(path or "body", "object")
        self._value = value
        self._path = path
        self._asked: set[str] = set()

    def name(self, member: str) -> str:
        """Return the member's full name, such as `StorageParams.CloudStorage.Vendor`."""
        return f"{self._path}.{member}" if self._path else member

    def has(self, member: str) -> bool:
        """Say whether the member was sent."""
        self._asked.add(member)
        return member in self._value

    def text(self, member: str, *, required: bool = False) -> str | None:
        """Read a String; an empty required one counts as missing."""
        if not self.has(member):
            if required:
                raise ApiError.missing(self.name(member))
            return None
        value = self._value[member]
        if not isinstance(value, str):
            raise ApiError.wrong_type(self.name(member), "String")
        if required and not value:
            raise ApiError.missing(self.name(member))
        return value

    def required_text(self, member: str) -> str:
        """Read a String that must be there and not empty."""
        return self.text(member, required=True) or ""

    def integer(self, member: str, low: int, high: int, default: int | None = None) -> int:
        """Read an Integer within [low, high]; without a default it is required."""
        if not self.has(member):
            if default is None:
                raise ApiError.missing(self.name(member))
            return default
        value = self._value[member]
        if type(value) is not int:  # bool is an int in Python, not in JSON
            raise ApiError.wrong_type(self.name(member), "Integer")
        if not low <= value <= high:
            raise ApiError.wrong_value(self.name(member), f"must be in [{low}, {high}]")
        return value

    def child(self, member: str) -> Fields | None:
        """Read an object, `None` when absent."""
        return Fields(self._value[member], self.name(member)) if self.has(member) else None

    def items(self, member: str, expected: str) -> list[tuple[str, Any]]:
        """Read an array as (full name, element) pairs; empty when absent."""
        if not self.has(member):
            return []
        value = self._value[member]
        if not isinstance(value, list):
            raise ApiError.wrong_type(self.name(member), f"Array of {expected}")
        return [(f"{self.name(member)}.{index}", item) for index, item in enumerate(value)]

    def done(self) -> None:
        """Refuse members nobody asked for.

        Raises:
            ApiError: `UnknownParameter`.
        """
        for member in self._value:
            if member not in self._asked:
                raise ApiError.unknown(self.name(member))

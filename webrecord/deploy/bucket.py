"""The bucket as a resource of a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webrecord.deploy.change import Change
from webrecord.deploy.cloud import Cloud
from webrecord.errors import BadUsage
from webrecord.words import t


@dataclass
class Bucket:
    """The bucket. It is made and never deleted; of it our CORS rule alone is changed."""

    cloud: Cloud
    bucket: str
    region: str

    @property
    def name(self) -> str:
        return t("bucket {bucket}", bucket=self.bucket)

    def changes(self) -> Sequence[Change]:
        region = self.cloud.buckets.region_of(self.bucket)
        if region is None:
            made = t("{name}, private, in {here}", name=self.name, here=self.region)
            return (Change("+", made, (), lambda: self.cloud.buckets.create(self.bucket)),)
        if region != self.region:
            raise BadUsage(
                t(
                    "{name} is in {region}, the functions in {here}: a COS trigger works in one only",
                    name=self.name,
                    region=region,
                    here=self.region,
                )
            )
        if (status := self.cloud.buckets.versioning(self.bucket)) is not None:
            raise BadUsage(
                t(
                    "{name} has versioning {status}: it ignores the create-only header; take another bucket",
                    name=self.name,
                    status=status,
                )
            )
        return ()

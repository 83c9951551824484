"""What runs. `make package` writes a digest of all that is deployed here; in a checkout it is `source`."""

SERVICE = "scf-webrecord"
VERSION = "source"

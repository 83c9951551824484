"""SCF 2018-04-16: what is created here runs here, with the code, variables, role and triggers it was given."""

from local.scf.site import Buckets, Site

__all__ = ["Buckets", "Site"]

"""`python -m shared.doctor`."""

import sys

from shared.doctor.command import main

sys.exit(main())

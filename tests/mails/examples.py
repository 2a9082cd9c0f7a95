"""How long hypothesis looks: `EXAMPLES=20000 pytest tests/unit/instrument` for a long proof."""

import os

from hypothesis import settings

many = settings(max_examples=int(os.environ.get("EXAMPLES", "150")), deadline=None)

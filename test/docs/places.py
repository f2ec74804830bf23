# SPDX-License-Identifier: Apache-2.0
"""Where things are."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("LEOFLOW_BUILD", ROOT / "build")).resolve()
DOCS = ROOT / "docs"

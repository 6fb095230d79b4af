# SPDX-License-Identifier: LGPL-2.1-or-later
"""All clauses; importing them declares them."""

from . import delivery, delta, holding, media, multivariant, playlist, renditions, retention, versions
from .registry import CLAUSES, judge

__all__ = ["CLAUSES", "judge", "delivery", "delta", "holding", "media", "multivariant", "playlist", "renditions",
           "retention", "versions"]

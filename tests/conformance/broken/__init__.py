# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways to break each clause; importing them declares them."""

from . import delivery, delta, media, playlists
from .session import WAYS

__all__ = ["WAYS", "delivery", "delta", "media", "playlists"]

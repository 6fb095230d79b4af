# SPDX-License-Identifier: LGPL-2.1-or-later
"""An event loop whose clock goes on only while everybody waits: a minute is followed in a second, and always alike."""

import asyncio
import selectors
from urllib.parse import urlsplit

from observations import Exchange


class _Selector(selectors.SelectSelector):
    def __init__(self):
        super().__init__()
        self.now = 0.0

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("everybody waits for nothing")
        self.now += max(timeout, 0)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self):
        return self._virtual.now


def run(work):
    loop = Loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class Transport:
    """Asks an origin in the same process, and takes no time."""

    def __init__(self, origin):
        self.origin = origin

    async def get(self, purpose, url, headers=None, rendition=""):
        headers = {name.lower(): value for name, value in (headers or {}).items()}
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        sent = loop.time()
        status, fields, body = await self.origin.answer(parts._replace(scheme="", netloc="").geturl(), headers)
        # Each request takes its turn.
        await asyncio.sleep(0.0005)
        return Exchange(purpose, url, sent, loop.time(), loop.time(), status, fields, body, headers, rendition)

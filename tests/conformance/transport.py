# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTTP/1.1 over kept connections, on which it is seen when the first and the last byte of an answer came."""

import asyncio
import gzip
import zlib
from collections import defaultdict
from urllib.parse import urlsplit

from observations import Exchange

# Only ends a client that hangs.
PATIENCE = 60
MOST_HEADERS = 64 * 1024


class Broken(Exception):
    """What came is no HTTP message."""


class _Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.used = False

    async def get(self, target, host, headers):
        """(first, done, status, headers, body, whether another request may follow)."""
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self.writer.drain()
        first_byte = await self.reader.readexactly(1)
        first = asyncio.get_running_loop().time()
        self.used = True
        head = (first_byte + await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, _, status = head[0].partition(" ")
        if not version.startswith("HTTP/1.") or not status[:3].isdigit():
            raise Broken(head[0])
        fields = self.fields(head[1:-2])
        body, framed = await self.body(fields)
        done = asyncio.get_running_loop().time()
        keep = framed and version == "HTTP/1.1" and fields.get("connection", "").lower() != "close"
        return first, done, int(status[:3]), fields, body, keep

    def fields(self, lines):
        found = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise Broken(line)
            name = name.lower()
            found[name] = f"{found[name]}, {value.strip()}" if name in found else value.strip()
        return found

    async def body(self, fields):
        """The body and whether its end could be told without the connection's."""
        if fields.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            while (await self.reader.readline()).strip():
                pass
            return body, True
        if "content-length" in fields:
            return await self.reader.readexactly(int(fields["content-length"])), True
        return await self.reader.read(), False

    def close(self):
        self.writer.close()


class Http:
    """A pool of connections; each request has one to itself until its answer is there."""

    def __init__(self, patience=PATIENCE):
        self.patience = patience
        self.idle = defaultdict(list)

    async def get(self, purpose, url, headers=None, rendition=""):
        """Never raises for what the server does: that is the exchange's fault."""
        headers = {name.lower(): value for name, value in (headers or {}).items()}
        loop = asyncio.get_running_loop()
        sent = loop.time()
        try:
            first, done, status, fields, body = await asyncio.wait_for(self.request(url, headers), self.patience)
            if fields.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            return Exchange(purpose, url, sent, first, done, status, fields, body, headers, rendition)
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError,
                Broken, ValueError, zlib.error) as error:
            now = loop.time()
            return Exchange(purpose, url, sent, now, now, 0, {}, b"", headers, rendition,
                            f"{type(error).__name__}: {error}")

    async def request(self, url, headers):
        parts = urlsplit(url)
        key = parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        while True:
            connection = self.idle[key].pop() if self.idle[key] else await self.open(key)
            reused, connection.used = connection.used, False
            try:
                *answer, keep = await connection.get(target, parts.netloc, headers)
            except (OSError, asyncio.IncompleteReadError):
                connection.close()
                if reused and not connection.used:
                    continue  # it was closed while idle: RFC 9112 9.3.1
                raise
            except BaseException:
                connection.close()
                raise
            if keep:
                self.idle[key].append(connection)
            else:
                connection.close()
            return answer

    async def open(self, key):
        scheme, host, port = key
        return _Connection(*await asyncio.open_connection(host, port, ssl=scheme == "https" or None,
                                                          limit=MOST_HEADERS))

    def close(self):
        for connection in [connection for idle in self.idle.values() for connection in idle]:
            connection.close()
        self.idle.clear()

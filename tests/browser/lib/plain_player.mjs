// SPDX-License-Identifier: LGPL-2.1-or-later
// A page with nothing but hls.js and its defaults, as others build it; from another server than the media.

import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';

/** Serves the page, with the hls.js that the origin at `origin` has inside. */
export async function servePlainPlayer(origin) {
  const response = await fetch(new URL('/_web/hls.min.js', origin));
  const files = {
    '/': ['text/html', readFileSync(new URL('plain_player.html', import.meta.url))],
    '/hls.min.js': ['text/javascript', Buffer.from(await response.arrayBuffer())],
  };
  const server = createServer(({url}, answer) => {
    const [type, body] = files[url.split('?')[0]] ?? ['text/plain', ''];
    answer.setHeader('Content-Type', type);
    answer.end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    /** The page that plays a playlist. */
    address: (playlist) => `http://127.0.0.1:${server.address().port}/?src=${encodeURIComponent(playlist)}`,
    close: () => server.close(),
  };
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// A network between the browser and a server on this machine that can be pulled out and plugged in again.

import {connect, createServer} from 'node:net';

export class Link {
  #server;
  #sockets = new Set();
  #plugged = true;

  /** Resolves to a link to `port` that is plugged in. */
  static async to(port) {
    const link = new Link();
    link.#server = createServer((near) => link.#carry(near, port));
    await new Promise((listening) => link.#server.listen(0, '127.0.0.1', listening));
    return link;
  }

  url(path) { return `http://127.0.0.1:${this.#server.address().port}${path}`; }

  /** Ends all connections, and refuses new ones. */
  pull() {
    this.#plugged = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  plugIn() { this.#plugged = true; }

  /** Connections stay open, but nothing comes through until `thaw`. */
  freeze() {
    for (const socket of this.#sockets) socket.pause();
  }

  thaw() {
    for (const socket of this.#sockets) socket.resume();
  }

  close() {
    this.pull();
    this.#server.close();
  }

  #carry(near, port) {
    if (!this.#plugged) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.#sockets.add(socket);
      socket.on('data', (bytes) => other.write(bytes));
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// What is compared from glass to glass: each encodes the same clock and the same tone, and serves them.

import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {clockVideo} from '../browser/lib/glass.mjs';
import {Pipeline} from '../browser/lib/pipeline.mjs';
import {liveAudio} from '../browser/lib/sources.mjs';

const kNginx =
    [...process.env.PATH.split(':'), '/usr/sbin'].map((folder) => join(folder, 'nginx')).find(existsSync);
const kRamDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const kPlaylistPatience = 100;

async function freePort() {
  const server = createServer();
  await new Promise((bound) => server.listen(0, '127.0.0.1', bound));
  const {port} = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Parts of so many seconds; `player` is 'page', the origin's own, or 'plain'. */
export class OriginSink {
  #seconds;
  #pipeline;

  constructor(seconds, player) {
    this.#seconds = seconds;
    this.player = player;
    this.name = `originsink, ${seconds} s parts`;
  }

  async start() {
    const sink = {'part-duration': Math.round(this.#seconds * 1e9)};
    this.#pipeline = await Pipeline.start({sink, branches: [clockVideo(), liveAudio()], steered: true});
    this.playlist = this.#pipeline.url('/live/index.m3u8');
    this.page = this.#pipeline.url('/live/');
  }

  async stop() { await this.#pipeline.stop(); }
}

/** hlssink2 writing 2 s segments to a RAM disk, which nginx serves. */
export class HlsSink2 {
  static available = kNginx !== undefined;

  name = 'hlssink2 and nginx, 2 s segments';
  player = 'plain';
  #folder;
  #pipeline;
  #nginx;

  async start() {
    this.#folder = mkdtempSync(join(kRamDisk, 'hlssink2-'));
    const port = await freePort();
    const configuration = join(this.#folder, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (what) => `${what}_temp_path ${this.#folder}/${what};`);
    writeFileSync(configuration, `
      daemon off; pid ${this.#folder}/pid; error_log stderr; ${process.getuid() === 0 ? 'user root;' : ''}
      events {}
      http {
        ${temporary.join(' ')}
        access_log off; sendfile on; tcp_nopush on;
        types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
        add_header Access-Control-Allow-Origin *; add_header Cache-Control no-cache;
        server { listen 127.0.0.1:${port}; root ${this.#folder}; }
      }`);
    this.#nginx = spawn(kNginx, ['-c', configuration, '-e', 'stderr'], {stdio: 'inherit'});
    const sink = `hlssink2 name=o target-duration=2 location=${this.#folder}/%05d.ts ` +
        `playlist-location=${this.#folder}/index.m3u8`;
    this.#pipeline = new Pipeline(
        `${sink} ${clockVideo()} ! h264parse ! o.video ${liveAudio()} ! aacparse ! o.audio`, true);
    this.playlist = `http://127.0.0.1:${port}/index.m3u8`;
    await this.#written();
  }

  async stop() {
    await this.#pipeline.stop();
    const gone = new Promise((exited) => this.#nginx.on('exit', exited));
    this.#nginx.kill();
    await gone;
    rmSync(this.#folder, {recursive: true});
  }

  async #written() {
    for (let i = 0; i < kPlaylistPatience; ++i) {
      if (existsSync(join(this.#folder, 'index.m3u8'))) return;
      await new Promise((wake) => setTimeout(wake, 100));
    }
    throw new Error(`hlssink2 wrote no playlist\n${this.#pipeline.output.join('\n')}`);
  }
}

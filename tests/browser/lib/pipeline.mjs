// SPDX-License-Identifier: LGPL-2.1-or-later
// A gst-launch-1.0 process that ends in an originsink named `o`.

import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

const kSteeredLaunch = fileURLToPath(new URL('../../steered_launch.py', import.meta.url));
const kAddress = /http:\/\/[^/\s]+:(\d+)\/\S*/;

export class Pipeline {
  #process;
  #exited;
  output = [];

  /**
   * `sink` are properties of the originsink, `branches` what feeds it: each is a launch description without
   * its last link. Resolves once the element printed where it listens. A steered one can be told commands.
   */
  static async start({sink = {}, branches, steered = false}) {
    const properties = Object.entries({port: 0, ...sink}).map(([name, value]) => `${name}=${value}`);
    const description = [
      `originsink name=o ${properties.join(' ')}`, ...branches.map((branch) => `${branch} ! o.`)
    ].join(' ');
    const pipeline = new Pipeline(description, steered);
    await pipeline.#listening();
    return pipeline;
  }

  constructor(description, steered) {
    this.#process = steered ?
        spawn(kSteeredLaunch, [description]) :
        spawn('gst-launch-1.0', description.match(/'[^']*'|\S+/g).map((word) => word.replaceAll('\'', '')));
    this.#exited = new Promise((done) => this.#process.on('exit', done));
    this.description = description;
  }

  /** Ends the process: SIGINT as from a terminal, or SIGKILL as from a crash. */
  async stop(signal = 'SIGINT') {
    this.#process.kill(signal);
    const hard = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await this.#exited;
    clearTimeout(hard);
  }

  /** Has a steered pipeline do it. */
  tell(command) { this.#process.stdin.write(`${command}\n`); }

  url(path) { return `http://127.0.0.1:${this.port}${path}`; }

  #listening() {
    return new Promise((resolve, reject) => {
      const read = (line) => {
        this.output.push(line);
        const address = kAddress.exec(line);
        if (!address || this.port) return;
        this.port = Number(address[1]);
        resolve();
      };
      createInterface({input: this.#process.stdout}).on('line', read);
      createInterface({input: this.#process.stderr}).on('line', (line) => this.output.push(line));
      this.#process.on('error', reject);
      this.#process.on(
          'exit',
          (code) => reject(new Error(
              `gst-launch-1.0 exited with ${code}\n${this.description}\n${this.output.join('\n')}`)));
    });
  }
}

/** Runs `use(pipeline)` and stops the pipeline whatever happened. */
export async function withPipeline(options, use) {
  const pipeline = await Pipeline.start(options);
  try {
    return await use(pipeline);
  } catch (error) {
    error.message += `\n--- ${pipeline.description}\n${pipeline.output.slice(-30).join('\n')}`;
    throw error;
  } finally {
    await pipeline.stop();
  }
}

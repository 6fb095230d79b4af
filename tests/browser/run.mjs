// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs the browser tests: `node run.mjs [part of a case's file name…]`.
//
// GST_PLUGIN_PATH   where the plugin was built
// BROWSER_OUTPUT    folder for screenshots and the plugin registry (default: ./build-output)
// CHROMIUM          the browser (default: /usr/bin/chromium)
//
// Exits with 77 (Meson: skipped) where the browser or npm's packages are not to be had.

import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

import {requireBrowser} from './lib/packages.mjs';

const here = dirname(fileURLToPath(import.meta.url));

requireBrowser();

process.env.BROWSER_OUTPUT = resolve(process.env.BROWSER_OUTPUT ?? 'build-output');
mkdirSync(process.env.BROWSER_OUTPUT, {recursive: true});
// One scan of the plugins for all pipelines, and nobody else's registry touched.
process.env.GST_REGISTRY = join(process.env.BROWSER_OUTPUT, 'gst-registry.bin');

const wanted = process.argv.slice(2);
const files = readdirSync(join(here, 'cases'))
                  .filter((file) => !wanted.length || wanted.some((part) => file.includes(part)))
                  .map((file) => join(here, 'cases', file));
// One case at a time: each encodes and decodes in real time.
const tests = spawnSync(
    process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files],
    {stdio: 'inherit'});
process.exit(tests.status ?? 1);

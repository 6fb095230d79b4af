// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests need and may not be there: the browser and npm's packages.

import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

// Meson's code for a test that was skipped.
const kSkipped = 77;
const kFolder = fileURLToPath(new URL('..', import.meta.url));

export function skip(reason) {
  console.error(`skipped: ${reason}`);
  process.exit(kSkipped);
}

/** Installs what package-lock.json says, unless that is what was installed last. */
function installPackages() {
  const lock = readFileSync(`${kFolder}/package-lock.json`, 'utf8');
  const stamp = `${kFolder}/node_modules/.installed-lock.json`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const npm = spawnSync(
      'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {cwd: kFolder, encoding: 'utf8'});
  if (npm.status !== 0) skip(`npm ci failed: ${npm.error ?? npm.stderr}`);
  writeFileSync(stamp, lock);
}

/** Sets CHROMIUM; ends the process as skipped where something is not to be had. */
export function requireBrowser() {
  process.env.CHROMIUM ??= '/usr/bin/chromium';
  if (!existsSync(process.env.CHROMIUM)) skip(`${process.env.CHROMIUM} is not installed`);
  installPackages();
}

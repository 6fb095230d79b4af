// SPDX-License-Identifier: LGPL-2.1-or-later
// A test of what plays in real time.

import {readFileSync} from 'node:fs';
import nodeTest from 'node:test';

const kAttempts = 3;
// Share of the time of all processors that was left over. With the tests alone it is far more.
const kBusy = 0.4;

/** How long all processors had nothing to do, and all that there was: what other machines stole counts (proc(5)). */
function processorTimes() {
  const [user, nice, system, idle, wait, irq, softirq, steal] =
      readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1).map(Number);
  return {idle: idle + wait, all: user + nice + system + idle + wait + irq + softirq + steal};
}

/**
 * node:test's test(). Where others keep the processors busy, a player stalls whatever the server does: what
 * failed is tried again then, and only then.
 */
export default function test(name, ...rest) {
  const use = rest.pop();
  nodeTest(name, ...rest, async (context) => {
    for (let attempt = 1;; ++attempt) {
      const before = processorTimes();
      try {
        return await use(context);
      } catch (error) {
        const after = processorTimes();
        const idle = (after.idle - before.idle) / (after.all - before.all);
        if (idle > kBusy || attempt === kAttempts) throw error;
        context.diagnostic(`tried again, for others had the processors: ${error.message}`);
      }
    }
  });
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// A test of what plays in real time.

import {cpus} from 'node:os';
import nodeTest from 'node:test';

const kAttempts = 3;
// Share of the time of all processors that was left over. With the tests alone it is far more.
const kBusy = 0.05;

/** Milliseconds that all processors had nothing to do, and all that there were. */
function processorTimes() {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  return {idle: sum(times.map(({idle}) => idle)), all: sum(times.flatMap(Object.values))};
}

/**
 * node:test's test(). Where others keep the processors busy all the time, a player stalls whatever the server
 * does: what failed is tried again then, and only then.
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
        context.diagnostic(`tried again, for all processors were busy: ${error.message}`);
      }
    }
  });
}

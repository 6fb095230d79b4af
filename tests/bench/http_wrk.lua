-- SPDX-License-Identifier: LGPL-2.1-or-later
-- For wrk: `-s http_wrk.lua URL close` asks for a connection per request, and what was measured is one line of JSON.

function init(args)
  if args[1] == "close" then wrk.headers["Connection"] = "close" end
end

-- Times in microseconds. Errors: of connecting, reading and writing, a status of 400 or more, and answers that took
-- longer than wrk's --timeout.
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"us": %d, "requests": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, "errors": ' ..
    '{"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}',
    summary.duration, summary.requests, summary.bytes, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end

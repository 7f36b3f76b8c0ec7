/** The client of the HTTP benchmark in a process of its own: `httpLoad.mjs <url> <body> <connections> <seconds>`; prints one line of JSON. */

import autocannon from "autocannon";

const [url, body, connections, duration] = process.argv.slice(2);
const result = await autocannon({
  url, body, method: "POST", connections: Number(connections), duration: Number(duration), headers: { "content-type": "application/json" },
});
process.stdout.write(JSON.stringify({
  perSecond: result["2xx"] / result.duration, p50Ms: result.latency.p50, p99Ms: result.latency.p99, failed: result.non2xx + result.errors + result.timeouts,
}));

/** A process that starts the embedded Redis of the folder it is given, prints that Redis's process id, and waits to be killed. */

import { startRedis } from "../../src/runtime/embeddedRedis.js";
import { silentLog } from "../../src/runtime/log.js";

const redis = await startRedis({ dataDir: process.argv[2] ?? "", durability: "always", log: silentLog });
process.stdout.write(`${redis.pid}\n`);
setInterval(() => {}, 60_000);

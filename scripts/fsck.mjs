/** Looks over all keys of the configured deployment, prints what is wrong as lines of JSON, and ends with 1 when anything is; run after a build. */

import { loadConfig } from "../dist/config.js";
import { checkKeys } from "../dist/main.js";
import { createLog } from "../dist/runtime/log.js";
import { isPassing } from "../dist/store/fsck/findings.js";

const config = loadConfig(process.env, process.cwd());
const found = await checkKeys(config, createLog(config.logLevel, 2));
for (const finding of found) process.stdout.write(`${JSON.stringify({ ...finding, passing: isPassing(finding) })}\n`);
const wrong = found.filter((finding) => !isPassing(finding)).length;
process.stderr.write(`${wrong} wrong, ${found.length - wrong} that pass when their timers are due\n`);
process.exitCode = wrong === 0 ? 0 : 1;

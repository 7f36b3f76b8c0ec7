/** Errors that come from where a command was sent, and pass: it was not carried out, or nobody knows, and it may be sent again. */

import { UNSETTLED } from "./PatientCluster.js";

const PASSING = /^(MISCONF|BUSY|UNBLOCKED|NOREPLICAS)\b|WAIT cannot be used|Command timed out|ECONNRESET|ECONNREFUSED|EPIPE|ENOENT/;

export function isPassingError(message: string): boolean {
  return PASSING.test(message) || UNSETTLED.test(message);
}

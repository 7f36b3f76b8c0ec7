/** Under which request a command's verb takes effect: the same for the same command, however often and on whatever server it runs. */

import { createHash } from "node:crypto";

/** Scripts remember requests of this form as long as the workflow is there (lua/include/control.lua). */
export function commandRequest(tenant: string, commandId: string): string {
  return `q:${createHash("sha256").update(`${tenant}\n${commandId}`).digest("base64url").slice(0, 22)}`;
}

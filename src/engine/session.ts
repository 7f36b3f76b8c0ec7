/** What a session is called, and where it is found: by a hash of tenant and id, since ids are whatever a client names. */

import { createHash } from "node:crypto";
import { problem, type Problem } from "../errors.js";

/** A session is a tenant's: the same id of another tenant is another session. */
export interface SessionName {
  tenant: string;
  id: string;
}

export const MAX_SESSION_ID = 256;

const WORKFLOW_ID = /^s\d{1,4}-[0-9A-HJKMNP-TV-Z]{26}(?=\/|$)/;
const OWN = "session:";

/** SHA-256 of tenant and id, base64url: what stands in Redis keys, and chooses the shard. */
export function sessionKey({ tenant, id }: SessionName): string {
  return createHash("sha256").update(`${tenant}\n${id}`).digest("base64url");
}

/** The member of its shard's timers by which a workflow's debt to its session is remembered; the Lua scripts write the same. */
export function sessionTimer(workflowId: string, key: string): string {
  return `S ${workflowId} ${key}`;
}

/** The session of a workflow that was submitted without one. */
export function ownSessionId(workflowId: string): string {
  return `${OWN}${workflowId}`;
}

/** The workflow that had this session for itself, if there is one; undefined for other ids. */
export function ownerOf(sessionId: string): string | undefined {
  const workflowId = sessionId.startsWith(OWN) ? sessionId.slice(OWN.length) : "";
  return isWorkflowNode(workflowId) && !workflowId.includes("/") ? workflowId : undefined;
}

/** Whether a node's id is that of a workflow, or of something in one; all others are sessions. */
export function isWorkflowNode(id: string): boolean {
  return WORKFLOW_ID.test(id);
}

export function sessionIdProblems(id: string | undefined): Problem[] {
  if (id === undefined) return [];
  if (id.length === 0 || id.length > MAX_SESSION_ID) return [problem("INVALID_VALUE", `A session's id has 1 to ${MAX_SESSION_ID} characters`, "sessionId")];
  return isWorkflowNode(id) ? [problem("INVALID_VALUE", `${id} is the id of a workflow, which no session can have`, "sessionId", "Name the session otherwise, or take the id that Workflow.session has.")] : [];
}

/** What a session means for the submission of a workflow: keys that it supplies, fields that name it, and entering it. */

import type { JsonObject } from "../workflow/json.js";
import type { Submission } from "./AgencyTaskGroup.js";
import type { Caller } from "./Engine.js";
import { ownSessionId, sessionKey, sessionTimer, type SessionName } from "./session.js";
import type { Sessions } from "./Sessions.js";

/** The submitter enters the workflow at once; when it dies before that, somebody else does so after this time. */
const ENTERED_WITHIN_MS = 2_000;

/** The session it is stored in; undefined for one of its own of which nothing needs to be stored. */
function storedSession(workflowId: string, { tenant }: Caller, { sessionId, definition }: Submission): SessionName | undefined {
  if (sessionId !== undefined) return { tenant, id: sessionId };
  return definition.exports === undefined ? undefined : { tenant, id: ownSessionId(workflowId) };
}

/** JSON texts of the external keys that the client does not give and the session holds. */
export async function suppliedBySession(sessions: Sessions, { tenant }: Caller, { sessionId, definition }: Submission, context: JsonObject): Promise<ReadonlyMap<string, string>> {
  if (sessionId === undefined) return new Map();
  await sessions.open({ tenant, id: sessionId });
  const keys = (definition.externalKeys ?? []).filter((key) => !Object.hasOwn(context, key));
  return sessions.supplied({ tenant, id: sessionId }, keys);
}

/** ss its id, sk its key, so what the workflow owes it, ex 1 when it will owe exports; see Sessions.ts. */
export function sessionPart(workflowId: string, caller: Caller, input: Submission): { fields: string[]; timers: (string | number)[] } {
  const session = storedSession(workflowId, caller, input);
  if (!session) return { fields: [], timers: [] };
  const key = sessionKey(session);
  const exporting = input.definition.exports === undefined ? [] : ["ex", "1"];
  return { fields: ["ss", session.id, "sk", key, "so", "j", ...exporting], timers: [ENTERED_WITHIN_MS, sessionTimer(workflowId, key)] };
}

/** Once it is stored. It counts as submitted even if this fails: the timer that was stored with it comes back to it. */
export async function enterSession(sessions: Sessions, caller: Caller, input: Submission, workflowId: string): Promise<void> {
  const session = storedSession(workflowId, caller, input);
  if (session) await sessions.carry(workflowId, sessionKey(session)).catch(() => undefined);
}

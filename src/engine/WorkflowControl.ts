/** The verbs over a workflow that is already there: pause, resume, provide context, retry, rerun, delete. */

import { problem, type Problem } from "../errors.js";
import { isObject, type JsonObject, type JsonValue } from "../workflow/json.js";
import { isDeeperThan } from "../workflow/jsonTree.js";
import { MAX_JSON_DEPTH } from "../workflow/limits.js";
import { isWorkflowEnded } from "../workflow/status.js";
import type { AgencyTaskGroup } from "./AgencyTaskGroup.js";
import type { ContextReader } from "./ContextReader.js";
import type { Caller, Changed, SubmitWorkflowOutcome } from "./Engine.js";
import type { ControlReply, WorkflowReader, WorkflowStore } from "./ports.js";
import { provideProblems } from "./provideProblems.js";
import { retryCommand } from "./retryCommand.js";
import { ownSessionId, sessionKey } from "./session.js";
import type { Sessions } from "./Sessions.js";
import type { WorkflowDetail } from "./snapshot.js";
import { lanesOf, PLAN_LANE_REF, TaskGroup } from "./TaskGroup.js";

export interface WorkflowControlServices {
  store: WorkflowStore;
  reader: WorkflowReader;
  contexts: ContextReader;
  workflows: AgencyTaskGroup;
  sessions: Sessions;
}

export class WorkflowControl {
  constructor(private readonly services: WorkflowControlServices) {}

  /** Nothing new starts; what runs goes on, and what waits for a time waits on. A workflow that is paused stays so. */
  async pause(caller: Caller, id: string): Promise<Changed> {
    return changed(id, await this.services.store.pauseWorkflow(caller.tenant, id, caller.request));
  }

  /** Goes on where it stood. A workflow that is not paused stays as it is. */
  async resume(caller: Caller, id: string): Promise<Changed> {
    const plan = await this.services.reader.planOf(id);
    if (!plan) return notFound(id);
    const lanes = [PLAN_LANE_REF, ...plan.nodes.map(lanesOf)];
    return changed(id, await this.services.store.resumeWorkflow(caller.tenant, id, lanes, caller.request));
  }

  /** All keys or none; the first value of a key stays. */
  async provide(caller: Caller, id: string, values: JsonValue): Promise<Changed> {
    const snapshot = await this.services.reader.snapshot(id);
    if (snapshot?.tenant !== caller.tenant) return notFound(id);
    if (isWorkflowEnded(snapshot.status)) return changed(id, "ALREADY_ENDED");
    const problems = provideProblems(snapshot.plan.definition.externalKeys ?? [], values);
    if (problems.length > 0) return { problems };
    const keys = Object.keys(values as JsonObject);
    const { code, taken } = await this.services.store.provideContext(caller.tenant, id, {
      keys, values: Object.values(values as JsonObject).map((value) => JSON.stringify(value)), route: TaskGroup.provided(snapshot.plan, keys),
    }, caller.request);
    if (code !== "TAKEN") return changed(id, code);
    return { problems: taken.map((key) => problem("ALREADY_PROVIDED", `${key} has a value already, which stays`, `values.${key}`)) };
  }

  /** Opens an ended workflow again, in place: what completed stays, the rest runs once more. */
  async retry(caller: Caller, id: string): Promise<Changed> {
    for (;;) {
      const detail = await this.#detail(caller, id);
      if (!detail) return notFound(id);
      if (!isWorkflowEnded(detail.status)) return { problems: [problem("NOT_ENDED", `Workflow ${id} is ${detail.status}`, "id")] };
      const command = retryCommand(detail, await this.#writtenOptionalKeys(detail));
      if (detail.status === "COMPLETED" || command.tasks.length === 0) {
        return { problems: [problem("NOTHING_TO_RETRY", `Workflow ${id} is ${detail.status}: there is nothing to run again`, "id")] };
      }
      const code = await this.services.store.retryWorkflow(caller.tenant, id, command, caller.request);
      if (code === "OK") return { problems: [] };
      if (code === "NOT_FOUND") return notFound(id);
      // Somebody else retried it since it was read: what it is now decides.
    }
  }

  /** A new workflow of the same definition, session, labels and initial context; instead of a session that it has for itself, one of its own. @param context keys to add or to replace */
  async rerun(caller: Caller, id: string, context: JsonValue | undefined, idempotencyKey?: string): Promise<SubmitWorkflowOutcome> {
    const detail = await this.#detail(caller, id);
    if (!detail) return { duplicate: false, ...notFound(id) };
    // Merging walks it, as validation does only after this same check.
    if (context !== undefined && !isObject(context)) {
      return { duplicate: false, problems: [problem("INVALID_VALUE", "context must be an object", "context")] };
    }
    if (isDeeperThan(context, MAX_JSON_DEPTH)) {
      return { duplicate: false, problems: [problem("LIMIT_EXCEEDED", `The context nests lists and objects more than ${MAX_JSON_DEPTH} levels deep`, "context")] };
    }
    return this.services.workflows.submit(caller, {
      definition: detail.plan.definition, labels: detail.labels, rerunOf: id, ...(idempotencyKey === undefined ? {} : { idempotencyKey }), ...(detail.priority === undefined ? {} : { priority: detail.priority }),
      ...(detail.sessionId === ownSessionId(id) ? {} : { sessionId: detail.sessionId }),
      context: Object.fromEntries([...Object.entries(await this.#initialContext(detail)), ...Object.entries(context ?? {})]),
    });
  }

  /** An ended workflow with its results, its context and its events. */
  async remove(caller: Caller, id: string): Promise<{ deleted: boolean; problems: Problem[] }> {
    const snapshot = await this.services.reader.snapshot(id);
    if (snapshot?.tenant !== caller.tenant) return { deleted: false, ...notFound(id) };
    const code = await this.services.workflows.cleanUp(id);
    // NOT_FOUND: it was there just now, so this call (when its reply was lost) or another one has removed it.
    if (code !== "RUNNING") {
      await this.services.sessions.carry(id, sessionKey({ tenant: caller.tenant, id: snapshot.sessionId }));
      return { deleted: true, problems: [] };
    }
    return { deleted: false, problems: [problem("NOT_ENDED", `Workflow ${id} has not ended; only ended workflows can be deleted`, "id")] };
  }

  async #detail(caller: Caller, id: string): Promise<WorkflowDetail | undefined> {
    const detail = await this.services.reader.detail(id);
    return detail?.tenant === caller.tenant ? detail : undefined;
  }

  /** What stands in the context without having been written by a task or provided later. */
  async #initialContext({ id, plan, external }: WorkflowDetail): Promise<JsonObject> {
    const later = new Set(external.provided);
    const keys = await this.services.reader.contextKeys(id);
    return this.services.contexts.read(id, plan, keys.filter((key) => !plan.root.writerOf.has(key) && !later.has(key)));
  }

  async #writtenOptionalKeys({ id, plan }: WorkflowDetail): Promise<ReadonlySet<string>> {
    const keys = plan.nodes.flatMap((node) => node.optionalKeys);
    return new Set(keys.length === 0 ? [] : (await this.services.reader.contextTexts(id, keys)).keys());
  }
}

export function notFound(id: string): Changed {
  return { problems: [problem("NOT_FOUND", `There is no workflow ${id}`, "id")] };
}

function changed(id: string, code: ControlReply): Changed {
  if (code === "NOT_FOUND") return notFound(id);
  return { problems: code === "OK" ? [] : [problem("ALREADY_ENDED", `Workflow ${id} has already ended`, "id")] };
}

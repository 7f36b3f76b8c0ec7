/** `fanwire submit FILE`: submits a workflow file and, when asked to, watches it to its end. */

import { PlanDocument, SubmitDocument, type WorkflowDefinitionInput } from "../../client/generated/graphql.js";
import type { GraphqlClient } from "../../client/GraphqlClient.js";
import type { JsonObject } from "../../workflow/json.js";
import { EXIT, refuseProblems } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import type { ServerAccess } from "../serverAccess.js";
import { accessServer } from "../serverAccess.js";
import { onStopSignal } from "../stopSignals.js";
import { watchWorkflow } from "../watchWorkflow.js";
import type { WorkflowFile } from "../workflowFile.js";
import { readContextOptions, readWorkflowFile } from "../workflowFile.js";

export interface SubmitOptions {
  url?: string;
  watch: boolean;
  json: boolean;
  context: readonly string[];
  idempotencyKey?: string;
  session?: string;
}

export async function submit(path: string, options: SubmitOptions): Promise<ExitCode> {
  const file = await readWorkflowFile(path);
  const context: JsonObject = { ...file.context, ...(await readContextOptions(options.context)) };
  const access = await accessServer(options.url);
  const watching = new AbortController();
  const unlisten = onStopSignal(() => watching.abort());
  try {
    return await submitTo(access, { ...file, context }, path, options, watching.signal);
  } finally {
    unlisten();
    await access.stop();
  }
}

async function submitTo(access: ServerAccess, file: WorkflowFile, path: string, options: SubmitOptions, signal: AbortSignal): Promise<ExitCode> {
  const { client } = access;
  const idempotencyKey = options.idempotencyKey ?? file.idempotencyKey;
  const sessionId = options.session ?? file.sessionId;
  const { submitWorkflow } = await client.request(SubmitDocument, {
    input: {
      // As the file says it: what is wrong with it the server tells.
      definition: file.definition as unknown as WorkflowDefinitionInput, context: file.context,
      ...(file.labels === undefined ? {} : { labels: file.labels }),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(file.priority === undefined ? {} : { priority: file.priority }),
    },
  });
  refuseProblems(path, submitWorkflow.problems);
  const workflow = submitWorkflow.workflow;
  if (!workflow) throw new Error("The server answered with neither a workflow nor a problem");
  if (submitWorkflow.duplicate) process.stderr.write(`The idempotency key was used before: this is the workflow of then.\n`);
  if (options.watch) {
    return watchWorkflow(client, workflow.id, { json: options.json, signal, resultKeys: await lastLevelKeys(client, file) });
  }
  process.stdout.write(options.json ? `${JSON.stringify({ ...workflow, duplicate: submitWorkflow.duplicate })}\n` : `${workflow.id}\n`);
  if (access.local) process.stderr.write("It is stored, and goes on whenever a server runs here: fanwire serve, or submit with --watch.\n");
  return EXIT.OK;
}

/** What the tasks write that everything else leads to: the result a person submitted the workflow for. */
async function lastLevelKeys(client: GraphqlClient, file: WorkflowFile): Promise<string[]> {
  const { planWorkflow } = await client.request(PlanDocument, { definition: file.definition as unknown as WorkflowDefinitionInput, context: file.context });
  return planWorkflow.nodes.filter((node) => node.level === planWorkflow.levels).flatMap((node) => node.writes);
}

/** A Node client: submits a workflow, shows a bar while it runs, resumes when its connection is cut, prints the result. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createClient } from "graphql-ws/client";
import WebSocket from "ws";
import { definition } from "./definition.js";
import { SubmitWorkflowDocument, WorkflowDocument, WorkflowEventsDocument } from "./generated/graphql.js";
import type { TypedDocumentString, WorkflowEventsSubscription } from "./generated/graphql.js";
import { ProgressBar } from "./progressBar.js";

type Event = WorkflowEventsSubscription["workflowEvents"];

const url = process.argv[2] ?? process.env.FANWIRE_URL ?? "http://127.0.0.1:4000/graphql";

async function request<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (errors !== undefined || data === undefined) throw new Error(errors?.map(({ message }) => message).join("\n") ?? "no data");
  return data;
}

/** Every event exactly once, also when the connection is cut: resolves after the last one. */
function follow(id: string, onEvent: (event: Event) => void, onCut: () => void): Promise<void> {
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    retryAttempts: 20,
    shouldRetry: () => true,
    retryWait: (tries) => new Promise((done) => setTimeout(done, Math.min(5_000, 50 * 2 ** tries))),
    on: { connecting: (isRetry) => { if (isRetry) onCut(); } },
  });
  // After a cut, graphql-ws subscribes again with this same object: by then `after` points behind the last event seen.
  const variables: { id: string; after?: string } = { id };
  return new Promise<void>((resolve, reject) => {
    client.subscribe<WorkflowEventsSubscription>({ query: WorkflowEventsDocument.toString(), variables }, {
      next: ({ data, errors }) => {
        if (!data) return reject(new Error(errors?.map(({ message }) => message).join("\n")));
        variables.after = data.workflowEvents.cursor;
        onEvent(data.workflowEvents);
      },
      error: reject,
      complete: resolve,
    });
  }).finally(() => client.dispose());
}

async function submit(): Promise<string> {
  const atlas: unknown = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("world-countries/countries.json"), "utf8"));
  const { submitWorkflow } = await request(SubmitWorkflowDocument, { input: { definition, context: { atlas } } });
  for (const { path, code, message } of submitWorkflow.problems) console.error(`${path ?? ""} [${code}] ${message}`);
  if (!submitWorkflow.workflow) throw new Error("The workflow was not accepted.");
  return submitWorkflow.workflow.id;
}

async function main(): Promise<void> {
  const id = await submit();
  const bar = new ProgressBar(process.stdout);
  let [events, items, ended] = [0, 0, 0];
  await follow(id, (event) => {
    events += 1;
    // `seq` counts 1, 2, 3 ...: a lost or repeated event would show here.
    if (event.seq !== events) throw new Error(`Event ${event.seq} came where ${events} was due`);
    if (event.type === "TASK_EXPANDED" && "itemCount" in event) items = event.itemCount ?? 0;
    if (event.type === "TASK_COMPLETED" && "item" in event && event.item) ended += 1;
    bar.update(ended, items, "countries");
  }, () => bar.note(`connection cut after event ${events}, resuming`));
  bar.end();
  const { workflow } = await request(WorkflowDocument, { id, keys: ["summary"] });
  console.log(`${workflow?.status}: ${events} events, each exactly once`);
  console.log(JSON.stringify(workflow?.context, null, 2));
  if (workflow?.status !== "COMPLETED") process.exitCode = 1;
}

await main();

/** What the tests of sessions share: workflows that export keys and that wait for them. */

import type { SubmitWorkflowInput } from "../../../src/engine/Engine.js";
import type { FanwireNode } from "../../../src/main.js";
import type { WorkflowDefinition } from "../../../src/workflow/definition.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { group, task, workflow } from "../../support/builders.js";
import { CALLER, finished } from "../../support/testNode.js";
import { start } from "../control/support.js";

/** Writes `value` under `key` and exports it. */
export function exporter(key: string, value: JsonValue): WorkflowDefinition {
  return workflow([group("g", [task(key, { handler: "transform", input: { expression: "$", data: value } })])], { exports: [key] });
}

/** Reads the external key and writes it under `got`. */
export function reader(key: string): WorkflowDefinition {
  return workflow([group("g", [task("got", { handler: "transform", input: { expression: "$", data: `{{ ${key} }}` } })])], { externalKeys: [key] });
}

export async function run(node: FanwireNode, input: SubmitWorkflowInput): Promise<string> {
  const id = await start(node, input);
  await finished(node, id);
  return id;
}

export async function workflowsIn(node: FanwireNode, sessionId: string, tenant = CALLER.tenant): Promise<string[]> {
  const page = await node.engine.workflows({ tenant }, { sessionId }, { first: 1000 });
  if (page.totalCount !== page.edges.length) throw new Error(`${page.totalCount} workflows are counted, ${page.edges.length} listed`);
  return page.edges.map((edge) => edge.node.id);
}

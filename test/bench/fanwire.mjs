/** The one place where the benchmark touches Fanwire's own wiring: a whole node without its GraphQL server, in this process. */

import { loadConfig } from "../../dist/config.js";
import { createNode } from "../../dist/main.js";

const CALLER = { tenant: "default" };
const TERMINAL = ["WORKFLOW_COMPLETED", "WORKFLOW_FAILED", "WORKFLOW_CANCELLED"];

/**
 * @param {{ redisPort: number, handlers: import("../../dist/engine/handlers.js").Handler[] }} options handlers besides the built-in ones
 * @returns {Promise<{ submit(definition, context): Promise<string>, finished(id: string): Promise<string>, stop(): Promise<void> }>}
 *   `submit` answers the workflow's id, `finished` its final status as a client learns it: from the event log
 */
export async function createFanwire({ redisPort, handlers }) {
  const config = loadConfig({}, process.cwd(), { redisUrl: `redis://127.0.0.1:${redisPort}`, logLevel: "warn" });
  const node = await createNode(config, { handlers });
  return {
    async submit(definition, context) {
      const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, context });
      if (workflowId === undefined) throw new Error(`Refused: ${problems.map(({ message }) => message).join("; ")}`);
      return workflowId;
    },
    async finished(id) {
      for await (const event of node.events.subscribe(id, { types: TERMINAL })) return event.status;
      throw new Error(`The events of ${id} ended without a terminal one`);
    },
    stop: () => node.stop(),
  };
}

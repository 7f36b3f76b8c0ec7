/** Queues and priorities as clients see them: in definitions, in submissions, and by workers that speak plain GraphQL. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { data, request, submit } from "./graphqlClient.js";
import { ended, oneGroupOf, RemoteWorker } from "./remoteWorker.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

async function claim(worker: RemoteWorker, queues: string[] | null, max = 1): Promise<string[]> {
  const input = { workerId: worker.id, handlers: worker.handlers, max, ...(queues ? { queues } : {}) };
  const { claimTasks } = await data(server, "mutation($input: ClaimTasksInput!) { claimTasks(input: $input) { tasks { claim task input } problems { code } } }", { input });
  expect(claimTasks.problems).toEqual([]);
  await worker.complete(...claimTasks.tasks.map((task: { claim: string }): [string, unknown] => [task.claim, null]));
  return claimTasks.tasks.map(({ task }: { task: string }) => task);
}

test("a worker gets tasks of the queues that it names, by default those of the default one, the most urgent first", async () => {
  const worker = new RemoteWorker(server, "picky", ["picky_handler"]);
  const named = (name: string, more: object = {}): object => ({ name, handler: "picky_handler", ...more });
  const id = await submit(server, oneGroupOf([
    named("low", { priority: -1 }), named("plain"), named("high", { priority: 2 }), named("gpu", { queue: "gpu" }), named("gpuHigh", { queue: "gpu", priority: 1 }), named("io", { queue: "io" }),
  ]));
  expect(await claim(worker, null, 10)).toEqual(["g.high", "g.plain", "g.low"]);
  expect(await claim(worker, ["other"])).toEqual([]);
  expect(await claim(worker, ["io", "gpu"])).toEqual(["g.gpuHigh"]);
  expect((await claim(worker, ["io", "gpu"], 10)).sort()).toEqual(["g.gpu", "g.io"]);
  expect((await ended(server, id)).status).toBe("COMPLETED");
});

test("a submission's priority goes before the order in which they came, and one that cannot be is a problem", async () => {
  const worker = new RemoteWorker(server, "urgent", ["urgent_handler"]);
  const definition = { name: "p", groups: [{ name: "g", tasks: [{ name: "a", handler: "urgent_handler", input: "{{ n }}" }] }] };
  for (const [n, priority] of [[1, -3], [2, 0], [3, 8], [4, 9]]) await submit(server, { definition, context: { n }, priority });
  const tasks = await worker.claimAll(4);
  expect(tasks.map(({ input }) => input)).toEqual([4, 3, 2, 1]);
  const answer = await request(server, "mutation($input: SubmitWorkflowInput!) { submitWorkflow(input: $input) { workflow { id } problems { code path } } }", { input: { definition, priority: 5000 } });
  expect(answer.data.submitWorkflow).toMatchObject({ workflow: null, problems: expect.arrayContaining([{ code: "INVALID_VALUE", path: "priority" }]) as unknown });
});

test("a worker that names no queue, or too many, is told so", async () => {
  const problems = async (queues: string[]): Promise<unknown> => (await data(server,
    "mutation($input: ClaimTasksInput!) { claimTasks(input: $input) { problems { code path } } }", { input: { workerId: "w", handlers: ["a"], queues } })).claimTasks.problems;
  expect(await problems([])).toEqual([{ code: "REQUIRED", path: "queues" }]);
  expect(await problems(Array.from({ length: 101 }, (_, i) => `q${i}`))).toEqual([{ code: "LIMIT_EXCEEDED", path: "queues" }]);
});

test("a definition is kept as without its defaults, and given back as it was written", async () => {
  const plain = { name: "a", handler: "log" };
  const definitions = [[plain], [{ ...plain, queue: "default", priority: 0 }]].map((tasks) => ({ name: "defaults", groups: [{ name: "g", tasks }] }));
  for (const definition of definitions) {
    const { registerDefinition } = await data(server, "mutation($d: WorkflowDefinitionInput!) { registerDefinition(definition: $d) { definition { version } problems { code } } }", { d: definition });
    expect(registerDefinition).toEqual({ definition: { version: 1 }, problems: [] });
  }
  const tuned = { name: "tuned", groups: [{ name: "g", tasks: [{ ...plain, queue: "gpu", priority: 3, expansion: { custom: { expander: "range", args: { from: 1, to: 2 } }, batchSize: 2 } }] }] };
  const { registerDefinition } = await data(server, "mutation($d: WorkflowDefinitionInput!) { registerDefinition(definition: $d) { definition { document } } }", { d: tuned });
  expect(registerDefinition.definition.document).toMatchObject(tuned);
});

/** The control mutations over HTTP: what they answer, and what they change. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";
import { collect, connect, data, longDelay, submit, type Answer } from "./graphqlClient.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => { server = await startTestServer(); });
afterAll(async () => { await server?.stop(); });

const PAYLOAD = "{ workflow { id status } problems { code path } }";
const verb = (name: string, id: string, more = ""): Promise<Answer> => data(server, `mutation($id: ID!) { ${name}(id: $id${more}) ${PAYLOAD} }`, { id }).then((answer) => answer[name]);
const statusOf = (id: string): Promise<string> => data(server, "query($id: ID!) { workflow(id: $id) { status } }", { id }).then(({ workflow }) => workflow.status);

test("pause and resume answer the new status, the list finds paused ones, and the events tell", async () => {
  const id = await submit(server, longDelay());
  await waitFor(async () => (await statusOf(id)) === "RUNNING");
  expect(await verb("pauseWorkflow", id)).toEqual({ workflow: { id, status: "PAUSED" }, problems: [] });
  const { workflows } = await data(server, "{ workflows(filter: {status: [PAUSED]}) { totalCount nodes { id } } }");
  expect(workflows).toEqual({ totalCount: 1, nodes: [{ id }] });
  expect(await verb("resumeWorkflow", id)).toEqual({ workflow: { id, status: "RUNNING" }, problems: [] });
  expect(await verb("cancelWorkflow", id)).toMatchObject({ problems: [] });
  const client = connect(server);
  const events = await collect(client, "subscription($id: ID!) { workflowEvents(id: $id) { type ... on WorkflowStatusEvent { status } } }", { id });
  await client.dispose();
  expect(events.map(({ workflowEvents }) => workflowEvents)).toEqual(expect.arrayContaining([
    { type: "WORKFLOW_PAUSED", status: "PAUSED" }, { type: "WORKFLOW_RESUMED", status: "RUNNING" },
  ]));
  expect(await verb("pauseWorkflow", id)).toEqual({ workflow: { id, status: "CANCELLED" }, problems: [{ code: "ALREADY_ENDED", path: "id" }] });
  expect(await verb("pauseWorkflow", "s0-01ARZ3NDEKTSV4RRFFQ69G5FAV")).toEqual({ workflow: null, problems: [{ code: "NOT_FOUND", path: "id" }] });
});

test("external keys, an approval, a retry, a rerun and a deletion, from a definition as clients write it", async () => {
  const id = await submit(server, {
    definition: {
      name: "controlled", externalKeys: ["price"],
      groups: [{ name: "g", tasks: [
        { name: "double", handler: "transform", input: { expression: "p * 2", data: { p: "{{ price }}" } } },
        { name: "ok", handler: "approval", after: ["double"], input: { prompt: "Pay {{ double }}?" } },
        { name: "pay", handler: "fail", after: ["ok"], input: { untilAttempt: 2, result: "paid" } },
      ] }],
    },
  });
  const read = (): Promise<Answer> => data(server, `query($id: ID!) { workflow(id: $id) { status rerunOf { id } task(name: "g.ok") { status waitingFor { kind key message } }
    first: task(name: "g.double") { waitingFor { kind key } } } }`, { id }).then(({ workflow }) => workflow);
  expect(await read()).toMatchObject({ status: "RUNNING", rerunOf: null, first: { waitingFor: [{ kind: "EXTERNAL_KEY", key: "price" }] } });
  expect(await verb("provideContext", id, ", values: {price: 21}")).toMatchObject({ problems: [] });
  expect(await verb("provideContext", id, ", values: {price: 22}")).toMatchObject({ problems: [{ code: "ALREADY_PROVIDED", path: "values.price" }] });
  await waitFor(async () => (await read()).task.status === "WAITING");
  expect((await read()).task.waitingFor).toEqual([{ kind: "SIGNAL", key: null, message: "Pay 42?" }]);
  const SIGNAL = "mutation($input: SignalTaskInput!) { signalTask(input: $input) { task { name status result } problems { code path } } }";
  const answer = { input: { workflowId: id, task: "g.ok", payload: "fine" } };
  expect((await data(server, SIGNAL, answer)).signalTask).toEqual({ task: { name: "g.ok", status: "COMPLETED", result: { outcome: "APPROVE", payload: "fine" } }, problems: [] });
  expect((await data(server, SIGNAL, answer)).signalTask).toMatchObject({ problems: [{ code: expect.stringMatching(/NOT_WAITING|ALREADY_ENDED/) }] });
  await waitFor(async () => (await statusOf(id)) === "FAILED");
  expect(await verb("retryWorkflow", id)).toMatchObject({ workflow: { id }, problems: [] });
  await waitFor(async () => (await statusOf(id)) === "COMPLETED");

  const { rerunWorkflow } = await data(server, "mutation($id: ID!) { rerunWorkflow(id: $id, context: {price: 1}) { workflow { id rerunOf { id name } } problems { code } } }", { id });
  expect(rerunWorkflow).toMatchObject({ problems: [], workflow: { rerunOf: { id, name: "controlled" } } });
  const DELETE = "mutation($id: ID!) { deleteWorkflow(id: $id) { deleted problems { code path } } }";
  expect((await data(server, DELETE, { id: rerunWorkflow.workflow.id })).deleteWorkflow).toEqual({ deleted: false, problems: [{ code: "NOT_ENDED", path: "id" }] });
  expect((await data(server, DELETE, { id })).deleteWorkflow).toEqual({ deleted: true, problems: [] });
  const { workflow } = await data(server, "query($id: ID!) { workflow(id: $id) { rerunOf { id } } }", { id: rerunWorkflow.workflow.id });
  expect(workflow).toEqual({ rerunOf: null });
});

test("an expanded group that waits for a key from outside says so, as its tasks are not there yet", async () => {
  const definition = { name: "late", externalKeys: ["rows"], groups: [{ name: "each", expansion: { array: { row: "rows" } }, tasks: [{ name: "t", handler: "log", input: "{{ row }}" }] }] };
  const { submitWorkflow } = await data(server, "mutation($input: SubmitWorkflowInput!) { submitWorkflow(input: $input) { workflow { id status } problems { code } } }", { input: { definition } });
  const { id } = submitWorkflow.workflow;
  const { workflow } = await data(server, "query($id: ID!) { workflow(id: $id) { groups { status waitingFor { kind key until } } } }", { id });
  expect(workflow.groups).toEqual([{ status: "PENDING", waitingFor: [{ kind: "EXTERNAL_KEY", key: "rows", until: null }] }]);
});

/** Lists are walked by pages, forwards and backwards, without a hole and without a double. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { ItemState, Page, PageRequest, TaskState, WorkflowFilter, WorkflowSnapshot } from "../../src/engine/snapshot.js";
import type { TaskStatus } from "../../src/workflow/status.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";

const WORKFLOWS = 250;
let node: FanwireNode;
/** Newest first. */
let ids: string[];

beforeAll(async () => {
  node = await startTestNode({ config: { shards: 3 } });
  const submitted = await Promise.all(Array.from({ length: WORKFLOWS }, async (_, i) => {
    const definition = workflow([group("g", [task("a", i % 5 === 0 ? { handler: "fail" } : {})])], { name: i % 2 === 0 ? "even" : "odd" });
    const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition, labels: { third: i % 3 } });
    return workflowId as string;
  }));
  await Promise.all(submitted.map((id) => finished(node, id)));
  const snapshots = await Promise.all(submitted.map((id) => node.engine.workflow(CALLER, id) as Promise<WorkflowSnapshot>));
  ids = snapshots.sort((a, b) => b.submittedMs - a.submittedMs || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
});
afterAll(() => node.stop());

async function walk<T>(read: (page: PageRequest) => Promise<Page<T>>, size: number, backwards: boolean): Promise<T[]> {
  const found: T[] = [];
  for (let at: string | undefined; ;) {
    const page = await read(backwards ? { last: size, before: at } : { first: size, after: at });
    const nodes = page.edges.map((edge) => edge.node);
    if (backwards) found.unshift(...nodes);
    else found.push(...nodes);
    expect(nodes.length).toBeLessThanOrEqual(size);
    expect(backwards ? page.hasNextPage : page.hasPreviousPage).toBe(at !== undefined);
    if (!(backwards ? page.hasPreviousPage : page.hasNextPage)) return found;
    expect(nodes).toHaveLength(size);
    at = (backwards ? page.edges[0] : page.edges.at(-1))?.cursor;
  }
}

const listed = (filter: WorkflowFilter, size: number, backwards: boolean): Promise<string[]> =>
  walk((page) => node.engine.workflows(CALLER, filter, page), size, backwards).then((found) => found.map(({ id }) => id));

test.each([[7, false], [7, true], [100, false], [100, true], [250, false], [1000, true]])("workflows by pages of %i, backwards: %s", async (size, backwards) => {
  expect(await listed({}, size, backwards)).toEqual(ids);
});

test.each<[string, WorkflowFilter, number]>([
  ["status", { status: ["FAILED"] }, 50],
  ["several statuses", { status: ["FAILED", "COMPLETED", "RUNNING"] }, 250],
  ["a status that none has", { status: ["CANCELLED"] }, 0],
  ["a status that no workflow can have here", { status: ["TIMED_OUT"] }, 0],
  ["name", { name: "even" }, 125],
  ["labels", { labels: { third: 2 } }, 83],
  ["all together", { name: "odd", labels: { third: 1 }, status: ["COMPLETED"] }, 34],
])("filtered by %s, forwards and backwards, with an exact total", async (_what, filter, count) => {
  const forwards = await listed(filter, 13, false);
  expect(forwards).toHaveLength(count);
  expect(await listed(filter, 13, true)).toEqual(forwards);
  expect(forwards).toEqual(ids.filter((id) => forwards.includes(id)));
  expect((await node.engine.workflows(CALLER, filter, { first: 1 })).totalCount).toBe(count);
});

test("filtered by submission time", async () => {
  const middle = (await node.engine.workflow(CALLER, ids[125] as string))?.submittedMs as number;
  const before = await listed({ submittedBeforeMs: middle - 1 }, 20, false);
  const after = await listed({ submittedAfterMs: middle }, 20, false);
  expect([...after, ...before]).toEqual(ids);
});

test("a tenant sees its own only", async () => {
  const other = { tenant: "other" };
  expect((await node.engine.workflows(other, {}, { first: 10 })).totalCount).toBe(0);
  expect(await node.engine.workflow(other, ids[0] as string)).toBeNull();
  expect((await node.engine.cancelWorkflow(other, ids[0] as string)).problems).toMatchObject([{ code: "NOT_FOUND" }]);
});

test("a cursor that is none of ours is refused", async () => {
  await expect(node.engine.workflows(CALLER, {}, { first: 1, after: "bm9uZQ" })).rejects.toMatchObject({ code: "CURSOR_INVALID" });
});

test("workflows submitted between two pages do not shift what was read before", async () => {
  const first = await node.engine.workflows(CALLER, {}, { first: 10 });
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("new")) });
  await finished(node, workflowId as string);
  const second = await node.engine.workflows(CALLER, {}, { first: 10, after: first.edges.at(-1)?.cursor });
  expect([...first.edges, ...second.edges].map((edge) => edge.node.id)).toEqual(ids.slice(0, 20));
});

async function expanded(): Promise<TaskState> {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, {
    definition: oneGroup(task("each", {
      handler: "transform", input: { expression: "x % 7 = 0 ? $error('bad') : x", data: { x: "{{ x }}" } },
      expansion: expansion({ array: { x: "[0..349]" }, toleratedFailures: 350, identifier: "n{{ x }}" }),
    })),
  });
  const detail = await finished(node, workflowId as string);
  expect(detail.status).toBe("COMPLETED");
  return detail.tasks[0] as TaskState;
}

test("items by pages, whole and filtered by status, in item order", async () => {
  const each = await expanded();
  const items = (status: TaskStatus[] | undefined, size: number): Promise<ItemState[]> =>
    walk((page) => node.engine.items(each, status ? { status } : {}, page), size, false);
  const all = await items(undefined, 33);
  expect(all.map((item) => item.index)).toEqual(Array.from({ length: 350 }, (_, i) => i));
  expect(all.every((item) => item.identifier === `n${item.index}` && item.variables["x"] === item.index)).toBe(true);
  expect(all.every((item) => (item.index % 7 === 0 ? item.error !== undefined && item.result === undefined : item.result === item.index))).toBe(true);
  for (const size of [1, 9, 100]) {
    const failed = await items(["FAILED"], size);
    expect(failed.map((item) => item.index)).toEqual(Array.from({ length: 50 }, (_, i) => i * 7));
  }
  expect(await items(["COMPLETED", "FAILED"], 60)).toEqual(all);
  expect(await items(["PENDING"], 60)).toEqual([]);
  expect((await node.engine.items(each, { status: ["FAILED"] }, { first: 3 })).totalCount).toBe(50);
});

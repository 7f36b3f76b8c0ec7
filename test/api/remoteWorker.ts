/** A worker as a person would write it in any language: plain requests, nothing of the server's code. */

import { expect } from "vitest";
import { waitFor } from "../support/waitFor.js";
import { data, type Answer, type Endpoints } from "./graphqlClient.js";

const TASKS = "tasks { claim handler input workflowId task attempt idempotencyKey leaseUntil } problems { code path }";

export interface Claimed { claim: string; handler: string; input: Answer; workflowId: string; task: string; attempt: number; idempotencyKey: string; leaseUntil: string }

export class RemoteWorker {
  constructor(readonly server: Endpoints, readonly id: string, readonly handlers: string[], readonly lease = "30s") {}

  async claim(more: { max?: number; wait?: string; lease?: string } = {}): Promise<Claimed[]> {
    const input = { workerId: this.id, handlers: this.handlers, lease: this.lease, ...more };
    const { claimTasks } = await data(this.server, `mutation($input: ClaimTasksInput!) { claimTasks(input: $input) { ${TASKS} } }`, { input });
    expect(claimTasks.problems).toEqual([]);
    return claimTasks.tasks;
  }

  /** The next task, waiting for it. */
  async next(): Promise<Claimed> {
    return (await this.claimAll(1))[0] as Claimed;
  }

  /** Claims until there are so many. */
  async claimAll(count: number): Promise<Claimed[]> {
    const all: Claimed[] = [];
    await waitFor(async () => {
      all.push(...(await this.claim({ max: count - all.length, wait: "2s" })));
      return all.length >= count;
    }, { what: `${count} tasks for ${this.id}; it has ${all.length}` });
    return all;
  }

  async heartbeat(...claims: string[]): Promise<string[]> {
    const input = { workerId: this.id, claims };
    return (await data(this.server, "mutation($input: HeartbeatTasksInput!) { heartbeatTasks(input: $input) { lost } }", { input })).heartbeatTasks.lost;
  }

  async complete(...results: [claim: string, result: unknown][]): Promise<{ accepted: string[]; stale: string[]; problems: Answer[] }> {
    const input = { results: results.map(([claim, result]) => ({ claim, result })) };
    const query = "mutation($input: CompleteTasksInput!) { completeTasks(input: $input) { accepted stale problems { code path hint } } }";
    return (await data(this.server, query, { input })).completeTasks;
  }

  async fail(claim: string, more: object = {}): Promise<{ task: Answer; problems: Answer[] }> {
    const query = "mutation($input: FailTaskInput!) { failTask(input: $input) { task { name status attempt error { code } } problems { code path } } }";
    return (await data(this.server, query, { input: { claim, message: "it did not work", ...more } })).failTask;
  }

  async progress(claim: string, more: object): Promise<{ task: Answer; problems: Answer[] }> {
    const query = "mutation($input: ReportProgressInput!) { reportProgress(input: $input) { task { name progress { percent message data } } problems { code path } } }";
    return (await data(this.server, query, { input: { claim, ...more } })).reportProgress;
  }
}

/** One group of tasks. */
export function oneGroupOf(tasks: object[], more: object = {}): object {
  return { definition: { name: "remote_work", groups: [{ name: "g", tasks }] }, ...more };
}

export async function workflowOf(server: Endpoints, id: string): Promise<Answer> {
  const query = `query($id: ID!) { workflow(id: $id) { status context counts { ready running completed failed }
    tasks { nodes { name status attempt waitingFor { kind message } error { code message details task } attempts { number worker error { code } } items { nodes { identifier status attempt } } } } } }`;
  return (await data(server, query, { id })).workflow;
}

export async function ended(server: Endpoints, id: string): Promise<Answer> {
  return waitFor(async () => {
    const workflow = await workflowOf(server, id);
    return ["COMPLETED", "FAILED", "CANCELLED"].includes(workflow.status) ? workflow : undefined;
  }, { what: `${id} to end` });
}

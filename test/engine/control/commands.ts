/** The verbs over workflows as fast-check's commands: each is done in the model and in the engine, and both must agree. */

import fc from "fast-check";
import { expect } from "vitest";
import type { Problem } from "../../../src/errors.js";
import type { FanwireNode } from "../../../src/main.js";
import { CALLER } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { foldLog } from "../../model/checkLog.js";
import type { Gates } from "./gates.js";
import { definition, GATED, ModelWorkflow, TASKS, type TaskName } from "./model.js";

export interface Model { workflows: ModelWorkflow[] }
export interface Real { node: FanwireNode; gates: Gates; ids: string[]; run: string }

type Verb = (model: ModelWorkflow, real: Real, id: string, slot: number) => Promise<void>;

class OverOne implements fc.AsyncCommand<Model, Real> {
  constructor(private readonly name: string, private readonly slot: number, private readonly verb: Verb, private readonly possible: (model: ModelWorkflow) => boolean = () => true) {}

  check({ workflows }: Readonly<Model>): boolean {
    const model = workflows[this.slot % Math.max(1, workflows.length)];
    return model !== undefined && this.possible(model);
  }

  async run({ workflows }: Model, real: Real): Promise<void> {
    const slot = this.slot % workflows.length;
    await this.verb(workflows[slot] as ModelWorkflow, real, real.ids[slot] as string, slot);
    await agree(workflows[slot] as ModelWorkflow, real, slot);
  }

  toString(): string {
    return `${this.name} #${this.slot}`;
  }
}

class Submit implements fc.AsyncCommand<Model, Real> {
  check({ workflows }: Readonly<Model>): boolean {
    return workflows.length < 3;
  }

  async run({ workflows }: Model, real: Real): Promise<void> {
    const slot = workflows.push(new ModelWorkflow()) - 1;
    real.ids.push(await submit(real, slot, false));
    await agree(workflows[slot] as ModelWorkflow, real, slot);
  }

  toString(): string {
    return "submit";
  }
}

async function submit({ node, run }: Real, slot: number, duplicate: boolean): Promise<string> {
  const { problems, ...outcome } = await node.engine.submitWorkflow(CALLER, { definition, idempotencyKey: `${run} ${slot}` });
  expect(problems).toEqual([]);
  expect(outcome.duplicate).toBe(duplicate);
  return outcome.workflowId as string;
}

/** The engine comes to what the model says, and its log, folded, says the same. */
async function agree(model: ModelWorkflow, { node, ids }: Real, slot: number): Promise<void> {
  const id = ids[slot] as string;
  const expected = model.status === "GONE" ? "GONE" : `${model.status}: ${TASKS.map((name) => `${name} ${model.tasks[name]}`).join(", ")}`;
  let actual = "";
  await waitFor(async () => {
    const detail = await node.engine.workflowDetail(CALLER, id);
    actual = detail ? `${detail.status}: ${detail.tasks.map(({ address, status }) => `${address.slice(2)} ${status}`).join(", ")}` : "GONE";
    return actual === expected;
  }, { intervalMs: 2, timeoutMs: 3_000 }).catch(() => expect(actual).toBe(expected));
  if (model.status === "GONE") return;
  const { events } = await node.events.readEvents(id, 10_000);
  const folded = foldLog(events, TASKS.map((name) => `g.${name}`), { open: true });
  expect(folded.status).toBe(model.status);
  for (const [address, { status }] of folded.tasks) {
    // That a wait or a task in a lane goes on later is in no event; nor is, after a retry, that a skipped task is pending again.
    const wanted = model.tasks[address.slice(2) as TaskName];
    if (wanted !== "PENDING") expect(status, address).toBe(wanted);
  }
}

function refused({ problems }: { problems: Problem[] }): string | undefined {
  expect(problems.length).toBeLessThan(2);
  return problems[0]?.code;
}

const slot = fc.nat(2);
const over = (name: string, verb: Verb, possible?: (model: ModelWorkflow) => boolean): fc.Arbitrary<OverOne> => slot.map((at) => new OverOne(name, at, verb, possible));

/** A verb of the engine that the model answers with the code of its refusal, if any. */
function verb(name: string, inModel: (model: ModelWorkflow) => string | undefined, inEngine: (node: FanwireNode, id: string) => Promise<{ problems: Problem[] }>): fc.Arbitrary<OverOne> {
  return over(name, async (model, { node }, id) => {
    expect(refused(await inEngine(node, id)), name).toBe(inModel(model));
  });
}

const ends = fc.record({ at: fc.nat(2), task: fc.constantFrom(...GATED), well: fc.boolean() }).map(({ at, task, well }) => new OverOne(
  `${task} ${well ? "completes" : "fails"}`, at,
  async (model, { gates }, id) => {
    await gates.end(id, `g.${task}`, well);
    model.end(task, well);
  },
  (model) => model.tasks[task] === "RUNNING" && model.refusal() === undefined,
));

const submitAgain = over("submit again", async (model, real, id, at) => {
  const again = await submit(real, at, model.status !== "GONE");
  expect(again === id).toBe(model.status !== "GONE");
  // Its key had gone with it, so this is another workflow.
  Object.assign(real.ids, { [at]: again });
  if (model.status === "GONE") Object.assign(model, new ModelWorkflow());
});

const signal = (approves: boolean): fc.Arbitrary<OverOne> => verb(approves ? "approve" : "reject", (model) => model.signal(approves),
  (node, id) => node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", payload: 7, outcome: approves ? "APPROVE" : "REJECT" }));

export const commands: fc.Arbitrary<Iterable<fc.AsyncCommand<Model, Real>>> = fc.commands([
  fc.constant(new Submit()), fc.constant(new Submit()), ends, ends, ends, ends, submitAgain, signal(true), signal(true), signal(false),
  verb("pause", (model) => model.pause(), (node, id) => node.engine.pauseWorkflow(CALLER, id)),
  verb("resume", (model) => model.resume(), (node, id) => node.engine.resumeWorkflow(CALLER, id)),
  verb("cancel", (model) => model.cancel(), (node, id) => node.engine.cancelWorkflow(CALLER, id)),
  verb("retry", (model) => model.retry(), (node, id) => node.engine.retryWorkflow(CALLER, id)),
  verb("retry", (model) => model.retry(), (node, id) => node.engine.retryWorkflow(CALLER, id)),
  verb("provide", (model) => model.provide(), (node, id) => node.engine.provideContext(CALLER, id, { key: 5 })),
  verb("delete", (model) => model.remove(), (node, id) => node.engine.deleteWorkflow(CALLER, id)),
], { maxCommands: 30, size: "max" });

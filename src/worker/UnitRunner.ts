/** Runs claimed units: finds what they need, evaluates conditions and templates, calls handlers, reports outcomes. */

import { FanwireError } from "../errors.js";
import { HandedOver, type HandlerRegistry } from "../engine/handlers.js";
import type { ChildStarter } from "../engine/ChildStarter.js";
import { parsed, type ContextReader } from "../engine/ContextReader.js";
import { addressOf } from "../engine/addressOf.js";
import { compensationScope, itemsToUndo } from "../engine/compensation.js";
import { nodeKey, type NodeKey } from "../engine/nodeKey.js";
import { placeOf } from "../engine/Place.js";
import type { Claim, ExpandOutcome, Outcome, OutcomeCode, RanOutcome, WorkflowReader, WorkflowStore } from "../engine/ports.js";
import { toTaskError, writesOne, writesWhole, type Settlement } from "../engine/Settlement.js";
import type { SecretSource } from "../engine/secrets.js";
import { laneOf, TaskGroup } from "../engine/TaskGroup.js";
import { readableKeys, TaskScope } from "../engine/TaskScope.js";
import { isUndoable } from "../workflow/compensations.js";
import { compiledTask } from "../workflow/compiledTask.js";
import type { Expanders } from "../workflow/expander.js";
import { evaluateCondition } from "../workflow/expressions/expression.js";
import type { Scope } from "../workflow/expressions/types.js";
import { collectResults, toleratedCount } from "../workflow/outputs.js";
import type { ExpansionDefinition } from "../workflow/definition.js";
import type { Plan, PlanNode, PlanScope } from "../workflow/plan.js";
import { checkResult, hasResultCheck } from "../workflow/resultCheck.js";
import { BatchRun } from "./BatchRun.js";
import { HandlerCall, Result } from "./HandlerCall.js";
import { expandGroupOutcome } from "./expandGroup.js";
import { expandOutcome } from "./expandUnit.js";
import { parentOf, type LiveUnit } from "./LiveUnit.js";
import { RangeRun } from "./RangeRun.js";
import { RunAhead, writtenValues } from "./RunAhead.js";
import { redactorOf, renderInput } from "./renderInput.js";
import { silenceOf } from "./silence.js";

export interface UnitRunnerServices {
  store: WorkflowStore;
  reader: WorkflowReader;
  contexts: ContextReader;
  settlement: Settlement;
  handlers: Pick<HandlerRegistry, "get">;
  secrets: SecretSource;
  expanders?: Expanders;
  children: Pick<ChildStarter, "start">;
  /** A unit that lost this many workers is POISON. */
  maxLosses: number;
  /** Sends an outcome, and behind it what ran ahead; the codes tell what became of them. */
  report(unit: LiveUnit, outcome: Outcome, onCodes?: (codes: readonly OutcomeCode[]) => void, ran?: readonly RanOutcome[]): void;
  log: { info(obj: object, message: string): void; error(obj: object, message: string): void };
}

export class UnitRunner {
  readonly #ahead: RunAhead;

  constructor(readonly services: UnitRunnerServices) {
    this.#ahead = new RunAhead(services);
  }

  /** Runs a unit to its end. Never throws: what fails is reported, and what cannot be reported is left to the lease. */
  async run(unit: LiveUnit): Promise<void> {
    const { claim } = unit;
    const shard = Number(claim.workflowId.slice(1, claim.workflowId.indexOf("-")));
    let node: PlanNode | undefined;
    try {
      const plan = await this.services.reader.plan(shard, claim.definitionHash);
      node = plan?.nodes[claim.node];
      if (!plan || !node) throw new Error(`No plan for ${claim.workflowId}`);
      unit.address = claim.path ? await addressOf(this.services.reader, plan, node, claim) : node.address;
      // What was undone is done anew; anything else that runs again is the same deed.
      if (claim.base && isUndoable(plan)) unit.round = await this.#roundOf(claim, claim.base, node);
      await this.#runPhase(unit, plan, node);
    } catch (error) {
      this.services.log.error({ err: error, workflowId: claim.workflowId, node: claim.node, unit: claim.unit }, "a unit could not be run; it goes back");
      // Counted as a loss; the last one is left to the lease, which makes it POISON. A lease is shared, and others may keep it alive.
      if (node && claim.losses + 1 < this.services.maxLosses) this.services.report(unit, { kind: "requeue", ref: unit.ref, lane: laneOf(node, claim.phase), lost: true });
    }
  }

  /** Tasks in instances share the round of the outermost group: it is undone as a whole. */
  async #roundOf({ workflowId, path }: Claim, base: number, node: PlanNode): Promise<number> {
    if (node.compensates !== undefined) return base;
    return this.services.reader.round(workflowId, path ? Number(path.split(".")[0]) : node.index);
  }

  async #runPhase(unit: LiveUnit, plan: Plan, node: PlanNode): Promise<void> {
    switch (unit.claim.phase) {
      case "PLAIN": return this.#guarded(unit, plan, node, (scope) => this.#plain(unit, plan, node, scope));
      case "EXPAND": return this.#guarded(unit, plan, node, (scope) => this.#expand(unit, plan, node, scope));
      case "COLLECT": return this.#guarded(unit, plan, node, (scope) => this.#collect(unit, plan, node, scope));
      case "ITEMS": {
        const scope = await this.scope(unit, plan, node);
        return node.expansion?.batchSize === undefined ? new RangeRun(this.services, unit, node).run(scope) : new BatchRun(this.services, unit, node).run(scope);
      }
    }
  }

  /** The task's scope; synchronous reads when this process has the values already. */
  async scope(unit: LiveUnit, plan: Plan, node: PlanNode): Promise<TaskScope> {
    const { workflowId, attempt } = unit.claim;
    if (node.compensates !== undefined) return compensationScope(this.services, unit.claim, plan, node);
    const keys = readableKeys(node);
    const place = placeOf(plan, node, unit.claim);
    const values = this.services.contexts.cached(place, keys) ?? (await this.services.contexts.load(place, keys));
    return new TaskScope(values, node, { workflowId, workflowName: plan.definition.name, attempt });
  }

  /** Conditions first; every error becomes the attempt's failure. */
  async #guarded(unit: LiveUnit, plan: Plan, node: PlanNode, run: (scope: TaskScope) => Promise<void>): Promise<void> {
    const scope = await this.scope(unit, plan, node);
    const { reduced } = plan.scopes.get(node.scope) as PlanScope;
    const missing = reduced.size === 0 && node.scope === undefined ? undefined
      : node.reads.find((key) => !scope.values.has(key) && (reduced.has(key) || node.scope !== undefined));
    if (missing !== undefined) return this.services.report(unit, this.services.settlement.skipMissing(plan, node, unit.ref, missing));
    try {
      const { when } = compiledTask(node);
      if (when && unit.claim.phase !== "COLLECT") {
        const answer = evaluateCondition(when, scope);
        if (!(typeof answer === "boolean" ? answer : await answer)) {
          this.services.report(unit, this.services.settlement.skip(plan, node, unit.ref));
          return;
        }
      }
      await run(scope);
    } catch (error) {
      this.services.report(unit, await this.services.settlement.fail(plan, node, unit.ref, toTaskError(error, unit.address)));
    }
  }

  async #plain(unit: LiveUnit, plan: Plan, node: PlanNode, scope: Scope): Promise<void> {
    const handler = this.services.handlers.get(node.task.handler);
    if (!handler) throw new FanwireError("UNKNOWN_HANDLER", `This worker has no handler ${node.task.handler}`);
    const rendered = renderInput(node, scope, this.services.secrets);
    const input = rendered instanceof Promise ? await rendered : rendered;
    const call = new HandlerCall(handler, input, {
      workflowId: unit.claim.workflowId, task: unit.address, attempt: unit.claim.attempt, round: unit.round, timeoutMs: node.task.timeoutMs, ...silenceOf(node, unit.address),
      redactor: redactorOf(node, this.services.secrets),
      onAlive: () => this.services.report(unit, { kind: "alive", ref: unit.ref }),
      onProgress: (progress) => this.services.report(unit, { kind: "progress", ref: unit.ref, text: JSON.stringify(progress) }),
      onLog: (message, data) => this.services.log.info({ workflowId: unit.claim.workflowId, task: unit.address, data }, message),
      startChild: (child) => this.services.children.start(parentOf(unit, "-", unit.address), child),
    });
    unit.attach(call);
    try {
      const started = call.run();
      const answer = started instanceof Promise ? await started : started;
      if (answer instanceof HandedOver) return;
      if ("laterMs" in answer) this.services.report(unit, { kind: "wait", ref: unit.ref, delayMs: answer.laterMs, result: answer.text });
      else {
        if (hasResultCheck(node)) await checkResult(node, scope, answer.value);
        await this.#completed(unit, plan, node, answer);
      }
    } finally {
      unit.detach(call);
    }
  }

  async #completed(unit: LiveUnit, plan: Plan, node: PlanNode, result: Result): Promise<void> {
    const outcome = this.services.settlement.complete(plan, node, unit.ref, result);
    const ran = await this.#ahead.follow(unit, plan, node, outcome, result);
    const nodes = new Set(ran.map((task) => task.node.index));
    this.services.report(unit, outcome, (codes) => {
      // Most likely this very worker runs the dependents next.
      if (isUndoable(plan)) return;
      for (const [at, { node: { dependents, scope }, outcome: { writes }, result: text }] of [{ node, outcome, result }, ...ran].entries()) {
        if (codes[at] !== "OK" || dependents.every(({ to }) => nodes.has(to))) continue;
        const place = placeOf(plan, { scope }, unit.claim);
        for (const [key, value, characters] of writtenValues(writes, text)) this.services.contexts.remember(place, key, value, characters);
      }
    }, ran.map((task) => task.outcome));
  }

  async #expand(unit: LiveUnit, plan: Plan, node: PlanNode, scope: TaskScope): Promise<void> {
    const expander = node.expansion?.custom?.expander;
    if (expander !== undefined && !this.services.expanders?.get(expander)) {
      // It came by another lane than its own; there are processes that have the expander, or were at the submission.
      this.services.report(unit, { kind: "requeue", ref: unit.ref, lane: laneOf(node, "EXPAND"), lost: false });
      return;
    }
    const outcome = node.kind === "GROUP" ? await expandGroupOutcome(this.services, unit, plan, node, scope) : await this.#expandTask(unit, plan, node, scope);
    if (outcome) this.services.report(unit, outcome);
    else unit.lose("the claim was lost while the items were stored");
  }

  async #expandTask(unit: LiveUnit, plan: Plan, node: PlanNode, scope: Scope): Promise<ExpandOutcome | undefined> {
    const found = node.compensates === undefined ? undefined : await itemsToUndo(this.services.reader, unit.claim, node);
    const outcome = await expandOutcome(this.services, unit, plan, node, scope, found);
    const owed = TaskGroup.mayOwe(plan, node);
    if (outcome && owed !== undefined) outcome.compensation = owed;
    return outcome;
  }

  async #collect(unit: LiveUnit, plan: Plan, node: PlanNode, scope: TaskScope): Promise<void> {
    const { settlement, reader, contexts } = this.services;
    const { workflowId, path } = unit.claim;
    await this.#checkTolerance(unit, node, nodeKey(node.index, path));
    const place = placeOf(plan, node, unit.claim);
    const { reduce } = compiledTask(node);
    if (reduce) {
      const about = { workflowId, workflowName: plan.definition.name, attempt: unit.claim.attempt };
      const outcomes = node.kind === "GROUP" ? await contexts.instanceResults(place, node) : (await reader.itemOutcomes(workflowId, nodeKey(node.index, path))).outcomes.map(parsed);
      const results = collectResults(node.expansion as ExpansionDefinition, outcomes);
      const value = await reduce.evaluate(new TaskScope(scope.values, node, { ...about, results }));
      await this.#completed(unit, plan, node, Result.of(value ?? null));
    } else if (node.kind === "GROUP") {
      for (const key of node.reducedKeys) settlement.checkPart(plan, node, key, await contexts.outputOf(place, node, key));
      this.services.report(unit, settlement.completeAsView(plan, node, unit.ref));
    } else if (writesWhole(node) || node.compensates !== undefined) {
      // What compensations result in is kept with their items alone.
      this.services.report(unit, settlement.completeAsView(plan, node, unit.ref));
    } else if (writesOne(node)) {
      const [key] = node.keys as [string];
      settlement.checkPart(plan, node, key, await contexts.outputOf(place, node));
      this.services.report(unit, settlement.completeAsView(plan, node, unit.ref));
    } else {
      await this.#completed(unit, plan, node, Result.of(await contexts.outputOf(place, node)));
    }
  }

  /** @throws FanwireError TOLERANCE_EXCEEDED */
  async #checkTolerance({ address, claim: { workflowId } }: LiveUnit, node: PlanNode, key: NodeKey): Promise<void> {
    const { reader } = this.services;
    const counts = await reader.itemEnds(workflowId, key);
    const tolerated = toleratedCount(node.expansion as ExpansionDefinition, counts.total);
    if (counts.failed <= tolerated) return;
    const what = node.kind === "GROUP" ? `instances of group ${address}` : `items of ${address}`;
    // The message may become part of the context, so it says nothing of how many had failed when the others were cancelled.
    const message = tolerated === 0 ? `Of ${counts.total} ${what} none may fail` : `Of ${counts.total} ${what} more failed than the ${tolerated} tolerated`;
    throw new FanwireError("TOLERANCE_EXCEEDED", message, { details: await reader.firstItemError(workflowId, key) });
  }
}

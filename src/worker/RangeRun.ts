/** Runs the items of one claimed range side by side, and reports them together, or piece by piece while some still run. */

import { FanwireError } from "../errors.js";
import { HandedOver, type Handler } from "../engine/handlers.js";
import { resultsToUndo } from "../engine/compensation.js";
import type { ItemPiece } from "../engine/ports.js";
import { isTooLarge, toTaskError, writesWhole } from "../engine/Settlement.js";
import { laneOf } from "../engine/TaskGroup.js";
import type { Scope } from "../workflow/expressions/types.js";
import { itemScope } from "../workflow/itemScope.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { invalidItemResult } from "../workflow/outputs.js";
import type { PlanNode } from "../workflow/plan.js";
import { checkResult, hasResultCheck, withResult } from "../workflow/resultCheck.js";
import { HandlerCall, type Answer } from "./HandlerCall.js";
import { parentOf, type LiveUnit } from "./LiveUnit.js";
import { redactorOf, renderInput } from "./renderInput.js";
import { silenceOf } from "./silence.js";
import type { UnitRunnerServices } from "./UnitRunner.js";
import { formatBytes, LIMITS } from "../workflow/limits.js";

/** How long a finished item may wait for its neighbours before it is reported without them. */
const FLUSH_MS = 50;

export class RangeRun {
  readonly #handler: Handler | undefined;
  readonly #items: [string, JsonObject, number?][];
  /** Finished and not yet reported, in the order they ended. */
  #finished: ItemPiece[] = [];
  #open = 0;
  /** Of a compensation: what the items to undo resulted in, by their position in their task. */
  #undone: ReadonlyMap<number, JsonValue> = new Map();

  constructor(private readonly services: UnitRunnerServices, private readonly unit: LiveUnit, private readonly node: PlanNode) {
    this.#handler = services.handlers.get(node.task.handler);
    this.#items = JSON.parse(unit.claim.variables) as [string, JsonObject, number?][];
  }

  /** Resolves when every item of the range has been reported. */
  async run(scope: Scope): Promise<void> {
    const { claim } = this.unit;
    if (this.node.compensates !== undefined) this.#undone = await resultsToUndo(this.services.reader, claim, this.node, this.#origins());
    const waits: Promise<void>[] = [];
    const mine = claim.unit.startsWith("r") ? "." : "r";
    for (let i = 0; i < claim.itemCount; i++) {
      if (claim.statuses[i] !== mine) continue;
      const running = this.#runItem(scope, claim.offset + i, claim.firstItem + i);
      if (running) {
        this.#open++;
        waits.push(running.then(() => { this.#open--; }));
      }
    }
    if (waits.length === 0) return this.#flush();
    const timer = setInterval(() => { if (this.#open > 0) this.#flush(); }, FLUSH_MS);
    await Promise.all(waits);
    clearInterval(timer);
    this.#flush();
  }

  /** Synchronous when template and handler are; otherwise a promise that never rejects. */
  #runItem(parent: Scope, offset: number, index: number): Promise<void> | undefined {
    const [identifier, variables, origin] = this.#items[offset] as [string, JsonObject, number?];
    try {
      const scope = origin === undefined ? itemScope(parent, { variables }, index) : withResult(itemScope(parent, { variables }, origin), this.#undone.get(origin) ?? null);
      const input = renderInput(this.node, scope, this.services.secrets);
      const called = input instanceof Promise ? input.then((value) => this.#call(value, identifier, index)) : this.#call(input, identifier, index);
      const started = hasResultCheck(this.node) ? this.#checked(called, scope) : called;
      if (!(started instanceof Promise)) {
        this.#ended(offset, started);
        return undefined;
      }
      return started.then((answer) => this.#ended(offset, answer)).catch((error: unknown) => this.#failed(offset, identifier, error));
    } catch (error) {
      this.#failed(offset, identifier, error);
      return undefined;
    }
  }

  /** Of the items that the unit may have to run. */
  #origins(): number[] {
    const { offset, itemCount } = this.unit.claim;
    return this.#items.slice(offset, offset + itemCount).flatMap(([, , origin]) => origin ?? []);
  }

  #call(input: JsonValue, identifier: string, index: number): Answer | Promise<Answer> {
    const { claim } = this.unit;
    if (!this.#handler) throw new FanwireError("UNKNOWN_HANDLER", `This worker has no handler ${this.node.task.handler}`);
    const task = `${this.unit.address}[${identifier}]`;
    const call = new HandlerCall(this.#handler, input, {
      workflowId: claim.workflowId, task, attempt: claim.attempt, round: this.unit.round, timeoutMs: this.node.task.timeoutMs, ...silenceOf(this.node, task),
      redactor: redactorOf(this.node, this.services.secrets),
      onAlive: () => this.services.report(this.unit, { kind: "alive", ref: this.unit.ref }),
      onProgress: (progress) => this.services.report(this.unit, { kind: "progress", ref: this.unit.ref, item: index, text: JSON.stringify(progress) }),
      onLog: (message, data) => this.services.log.info({ workflowId: claim.workflowId, task, data }, message),
      startChild: (child) => this.services.children.start(parentOf(this.unit, String(index), task), child),
    });
    const started = call.run();
    if (!(started instanceof Promise)) return started;
    this.unit.attach(call);
    return started.finally(() => this.unit.detach(call));
  }

  /** Results of delays are checked when the delay is over. */
  async #checked(called: Answer | Promise<Answer>, scope: Scope): Promise<Answer> {
    const answer = await called;
    if (!(answer instanceof HandedOver) && !("laterMs" in answer)) await checkResult(this.node, scope, answer.value);
    return answer;
  }

  #ended(offset: number, answer: Answer): void {
    if (answer instanceof HandedOver) return;
    if ("laterMs" in answer) {
      this.#finished.push({ letter: "W", offset, count: answer.laterMs, text: answer.text });
      return;
    }
    const invalid = writesWhole(this.node) ? undefined : invalidItemResult(this.node, answer.value);
    if (invalid) throw invalid;
    if (isTooLarge(answer.text)) throw new FanwireError("RESULT_TOO_LARGE", `The result of an item of ${this.unit.address} is larger than ${formatBytes(LIMITS.contextValueBytes)}`);
    this.#finished.push({ letter: "C", offset, count: 1, text: answer.text });
  }

  #failed(offset: number, identifier: string, error: unknown): void {
    const failure = toTaskError(error, `${this.unit.address}[${identifier}]`);
    const { attempt, base = 0 } = this.unit.claim;
    this.#finished.push(this.services.settlement.failItem(this.node, offset, attempt - base, failure));
  }

  #flush(): void {
    if (this.#finished.length === 0 || !this.unit.holds) return;
    const pieces = joinPieces(this.#finished);
    this.#finished = [];
    this.services.report(this.unit, { kind: "items", ref: this.unit.ref, lane: laneOf(this.node, "ITEMS"), planLane: laneOf(this.node, "COLLECT"), pieces });
  }
}

/** Neighbours that completed become one piece: one text, one event line. */
export function joinPieces(finished: readonly ItemPiece[]): ItemPiece[] {
  const sorted = [...finished].sort((a, b) => a.offset - b.offset);
  const pieces: ItemPiece[] = [];
  for (let i = 0; i < sorted.length;) {
    const first = sorted[i] as ItemPiece;
    let end = i + 1;
    if (first.letter === "C") while (sorted[end]?.letter === "C" && sorted[end]?.offset === first.offset + (end - i)) end++;
    const text = first.letter === "C" ? `[${sorted.slice(i, end).map((piece) => piece.text).join(",")}]` : first.text;
    pieces.push({ ...first, count: first.letter === "C" ? end - i : first.count, text });
    i = end;
  }
  return pieces;
}

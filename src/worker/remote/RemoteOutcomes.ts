/** Records what remote workers say became of their tasks: results, failures, progress. */

import { FanwireError, problem, type Code, type Problem } from "../../errors.js";
import { readClaimId, type RemoteClaim } from "../../engine/claimId.js";
import type { Caller } from "../../engine/Engine.js";
import type { Outcome, OutcomeCode, WorkflowReader } from "../../engine/ports.js";
import { addressOf } from "../../engine/addressOf.js";
import { nodeKey } from "../../engine/nodeKey.js";
import { isTooLarge, toTaskError, type Settlement } from "../../engine/Settlement.js";
import type { SecretSource } from "../../engine/secrets.js";
import { laneOf } from "../../engine/TaskGroup.js";
import type { FailTaskInput, ReportProgressInput, TaskOutcome } from "../../engine/WorkerProtocol.js";
import type { TaskError } from "../../workflow/events.js";
import type { JsonValue } from "../../workflow/json.js";
import { forbiddenKeyPaths, isDeeperThan } from "../../workflow/jsonTree.js";
import { MAX_JSON_DEPTH } from "../../workflow/limits.js";
import { invalidItemResult } from "../../workflow/outputs.js";
import type { Plan, PlanNode } from "../../workflow/plan.js";
import { hasResultCheck } from "../../workflow/resultCheck.js";
import { redactorOf } from "../renderInput.js";
import { BatchOutcomes, type BatchCompletion } from "./batchOutcome.js";
import type { OutcomeSender } from "./OutcomeSender.js";
import { formatBytes, LIMITS } from "../../workflow/limits.js";

const MAX_RESULTS = 1_000;
/** Of an error; what is longer is cut. */
const MAX_MESSAGE_CHARACTERS = 10_000;
const ERROR_CODE = /^[A-Za-z][\w.:-]{0,127}$/;

export interface RemoteOutcomesServices {
  reader: WorkflowReader;
  settlement: Settlement;
  sender: OutcomeSender;
  /** Takes out of what a worker says the secrets that it was given. */
  secrets: SecretSource;
}

/** What a claim is about. */
interface Attempt { claim: RemoteClaim; plan: Plan; node: PlanNode }
/** A result to be sent, and why its attempt fails if it is not valid. */
interface Completion { claim: string; path: string; outcome: Outcome; invalid?: TaskError; invalidSlots?: { at: number; error: TaskError }[] }

export class RemoteOutcomes {
  readonly #batches: BatchOutcomes;

  constructor(private readonly services: RemoteOutcomesServices) {
    this.#batches = new BatchOutcomes(services);
  }

  async complete(caller: Caller, results: readonly { claim: string; result: JsonValue }[]): Promise<{ accepted: string[]; stale: string[]; problems: Problem[] }> {
    if (results.length > MAX_RESULTS) return { accepted: [], stale: [], problems: [problem("LIMIT_EXCEEDED", `At most ${MAX_RESULTS} results at once`, "results")] };
    const problems: Problem[] = [];
    const stale = new Set<string>();
    const accepted = new Set<string>();
    const completions: Completion[] = [];
    await Promise.all(results.map(async ({ claim, result }, i) => {
      const path = `results[${i}]`;
      const wrong = valueProblems(result, `${path}.result`);
      const attempt = await this.#attemptOf(caller, claim);
      if (attempt === "INVALID") problems.push(invalidClaim(`${path}.claim`));
      else if (attempt === "GONE") stale.add(claim);
      else if (wrong.length > 0) problems.push(...wrong);
      else completions.push({ claim, path, ...(await this.#completion(attempt, result)) });
    }));
    const codes = await this.services.sender.send(completions.map(({ outcome }) => outcome));
    completions.forEach(({ claim, path, invalid, invalidSlots = [] }, i) => {
      if (codes[i] === "STALE") stale.add(claim);
      else if (invalid) problems.push(problem(invalid.code as Code, invalid.message, `${path}.result`, "The attempt has failed with this error."));
      else {
        accepted.add(claim);
        for (const { at, error } of invalidSlots) problems.push(problem(error.code as Code, error.message, `${path}.result[${at}]`, "The item's attempt has failed with this error."));
      }
    });
    return { accepted: [...accepted], stale: [...stale].filter((claim) => !accepted.has(claim)), problems };
  }

  async fail(caller: Caller, input: FailTaskInput): Promise<TaskOutcome> {
    const code = input.code ?? "HANDLER_ERROR";
    const wrong = valueProblems(input.details ?? null, "details");
    if (!ERROR_CODE.test(code)) wrong.push(problem("INVALID_VALUE", "An error's code has 1 to 128 letters, digits and _ . : -, and begins with a letter", "code"));
    return this.#one(caller, input.claim, wrong, async (attempt) => this.#failure(attempt, {
      ...this.#clean(attempt.node, { code, message: cut(input.message), ...(input.details === undefined ? {} : { details: input.details }) }),
      retryable: input.retryable, task: await this.#addressOf(attempt),
    }));
  }

  async progress(caller: Caller, { claim, percent, message, data }: ReportProgressInput): Promise<TaskOutcome> {
    return this.#one(caller, claim, valueProblems(data ?? null, "data"), async ({ claim: { ref, item }, node }) => ({
      kind: "progress", ref, ...(item ? { item: item.index } : {}),
      text: JSON.stringify(this.#clean(node, {
        ...(percent === undefined ? {} : { percent: Math.min(100, Math.max(0, percent)) }),
        ...(message === undefined ? {} : { message: cut(message) }),
        ...(data === undefined ? {} : { data }),
      })),
    }));
  }

  async #one(caller: Caller, claim: string, wrong: Problem[], outcomeOf: (attempt: Attempt) => Promise<Outcome>): Promise<TaskOutcome> {
    const attempt = await this.#attemptOf(caller, claim);
    if (attempt === "INVALID") return { problems: [invalidClaim("claim"), ...wrong] };
    if (attempt === "GONE") return { problems: [lostClaim()] };
    const about = { workflowId: attempt.claim.ref.workflowId, address: await addressOf(this.services.reader, attempt.plan, attempt.node, attempt.claim.ref) };
    if (wrong.length > 0) return { ...about, problems: wrong };
    const [code] = (await this.services.sender.send([await outcomeOf(attempt)])) as [OutcomeCode];
    return { ...about, problems: code === "STALE" ? [lostClaim()] : [] };
  }

  /** INVALID: no claim of this server's. GONE: its workflow is no longer there, or not the caller's. */
  async #attemptOf(caller: Caller, text: string): Promise<Attempt | "INVALID" | "GONE"> {
    const claim = readClaimId(text);
    if (!claim) return "INVALID";
    const workflow = await this.services.reader.snapshot(claim.ref.workflowId);
    if (!workflow || workflow.tenant !== caller.tenant) return "GONE";
    const node = workflow.plan.nodes[claim.ref.node];
    if (!node || !fits(node, claim)) return "INVALID";
    return { claim, plan: workflow.plan, node };
  }

  async #completion(attempt: Attempt, given: JsonValue): Promise<BatchCompletion> {
    const { claim, plan, node } = attempt;
    const value = this.#clean(node, given);
    if (claim.batch) return this.#batches.complete({ ...attempt, batch: claim.batch }, value);
    const text = JSON.stringify(value);
    try {
      await this.#validate(attempt, value);
      if (!claim.item) return { outcome: this.services.settlement.complete(plan, node, claim.ref, { text, value }) };
      const invalid = invalidItemResult(node, value);
      if (invalid) throw invalid;
      if (isTooLarge(text)) throw new FanwireError("RESULT_TOO_LARGE", `The result of an item of ${node.address} is larger than ${formatBytes(LIMITS.contextValueBytes)}`);
      return { outcome: this.#piece(attempt, { letter: "C", offset: claim.item.offset, count: 1, text: `[${text}]` }) };
    } catch (error) {
      if (!(error instanceof FanwireError)) throw error;
      const invalid = toTaskError(error, await this.#addressOf(attempt));
      return { outcome: await this.#failure(attempt, invalid), invalid };
    }
  }

  /** @throws FanwireError RESULT_INVALID, EXPRESSION_ERROR, EXPRESSION_LIMIT */
  async #validate({ claim: { ref, item }, plan, node }: Attempt, value: JsonValue): Promise<void> {
    if (!hasResultCheck(node)) return;
    const row = item && (await this.services.reader.itemPage(ref.workflowId, nodeKey(node.index, ref.path), item.index, 1))[0];
    await this.services.settlement.validate(plan, node, ref, value, row);
  }

  async #failure(attempt: Attempt, error: TaskError): Promise<Outcome> {
    const { claim: { ref, item, batch }, plan, node } = attempt;
    const { settlement } = this.services;
    if (batch) return this.#batches.fail({ ...attempt, batch }, error);
    return item ? this.#piece(attempt, settlement.failItem(node, item.offset, ref.attempt - (ref.base ?? 0), error)) : settlement.fail(plan, node, ref, error);
  }

  /** Without the secrets that the task's input holds. */
  #clean<T extends JsonValue>(node: PlanNode, said: T): T {
    return (redactorOf(node, this.services.secrets)?.json(said) as T | undefined) ?? said;
  }

  #piece({ claim: { ref }, node }: Attempt, piece: ReturnType<Settlement["failItem"]>): Outcome {
    return { kind: "items", ref, lane: laneOf(node, "ITEMS"), planLane: laneOf(node, "COLLECT"), pieces: [piece] };
  }

  /** With the item's identifier, when it is one of an expansion; of a batch with the first and the last. */
  async #addressOf(attempt: Attempt): Promise<string> {
    const { claim: { ref, item, batch }, plan, node } = attempt;
    if (batch) return this.#batches.addressOf({ ...attempt, batch });
    const address = await addressOf(this.services.reader, plan, node, ref);
    if (!item) return address;
    const [row] = await this.services.reader.itemPage(ref.workflowId, nodeKey(node.index, ref.path), item.index, 1);
    return `${address}[${row?.identifier ?? item.index}]`;
  }
}

/** Whether a claim of this form can be one of the task's. */
function fits({ expansion }: PlanNode, { item, batch }: RemoteClaim): boolean {
  if (expansion === undefined) return item === undefined && batch === undefined;
  return expansion.batchSize === undefined ? item !== undefined : batch !== undefined;
}

/** What no value of a client may have, besides being too large for its place. */
function valueProblems(value: JsonValue, path: string): Problem[] {
  if (isDeeperThan(value, MAX_JSON_DEPTH)) return [problem("LIMIT_EXCEEDED", `The value nests lists and objects more than ${MAX_JSON_DEPTH} levels deep`, path)];
  const wrong = forbiddenKeyPaths(value, path).map((at) => problem("FORBIDDEN_KEY", "An object has the key __proto__", at));
  // A result that is too large is the attempt's failure, and decided where it is recorded.
  if (!path.endsWith(".result") && isTooLarge(JSON.stringify(value))) wrong.push(problem("LIMIT_EXCEEDED", `The value is larger than ${formatBytes(LIMITS.contextValueBytes)}`, path));
  return wrong;
}

function cut(message: string): string {
  return message.length > MAX_MESSAGE_CHARACTERS ? `${message.slice(0, MAX_MESSAGE_CHARACTERS)}…` : message;
}

function invalidClaim(path: string): Problem {
  return problem("CLAIM_INVALID", "This is no claim that the server gave out", path);
}

function lostClaim(): Problem {
  return problem("CLAIM_LOST", "The claim is no longer the worker's", "claim");
}

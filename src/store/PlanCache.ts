/** Plans by definition hash: read from Redis and compiled once per process. */

import type { Redis } from "./connect.js";
import type { WorkflowDefinition } from "../workflow/definition.js";
import { compilePlan } from "../workflow/compilePlan.js";
import type { Plan } from "../workflow/plan.js";
import type { Keys } from "./keys.js";

const CAPACITY = 2_000;

export class PlanCache {
  /** In order of last use. */
  readonly #plans = new Map<string, Plan>();

  constructor(private readonly redis: Redis) {}

  /** A plan that this process has just compiled for a submission. */
  add(plan: Plan): void {
    this.#plans.delete(plan.hash);
    this.#plans.set(plan.hash, plan);
    if (this.#plans.size > CAPACITY) this.#plans.delete(this.#plans.keys().next().value as string);
  }

  cached(hash: string): Plan | undefined {
    return this.#plans.get(hash);
  }

  async get(keys: Keys, hash: string): Promise<Plan | undefined> {
    const known = this.#plans.get(hash);
    if (known) return known;
    const text = await this.redis.hget(keys.definition(hash), "text");
    if (text === null) return undefined;
    const plan = compilePlan(JSON.parse(text) as WorkflowDefinition);
    this.add(plan);
    return plan;
  }
}

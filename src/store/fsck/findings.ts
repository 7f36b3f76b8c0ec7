/** What the check of a deployment's keys can find, each kind with its meaning. */

interface FindingKind {
  meaning: string;
  /**
   * It may be so for a moment while work goes on, or until a timer is due: of something that has ended, what only served
   * its running goes a step later. At rest it is as wrong as the others.
   */
  passing?: true;
}

export const FINDING_KINDS = {
  KEY_UNKNOWN: { meaning: "A key that the product has no name for." },
  KEY_TYPE: { meaning: "A key whose Redis type is not the one it should have." },
  KEY_ORPHAN: { meaning: "A key of a workflow, a definition or a name that does not exist." },
  KEY_MISSING: { meaning: "A key that something else relies on does not exist." },
  KEY_FOR_EVER: { meaning: "A key that should expire has no expiry." },
  FIELD_UNKNOWN: { meaning: "A field of a workflow that the product has no name for." },
  FIELD_MISSING: { meaning: "A workflow lacks a field that every workflow in its status has." },
  FIELD_LEFT: { meaning: "A field that only serves a workflow's running is there after its end." },
  RECORD_MALFORMED: { meaning: "A record of a task, a unit or an expansion cannot be read." },
  COUNTS_WRONG: { meaning: "A workflow's counts are not those of its records." },
  LEFT_WRONG: { meaning: "The number of open tasks, of a workflow or a group, is not that of its records." },
  STATUS_WRONG: { meaning: "A workflow's status does not fit its tasks." },
  OWED_WRONG: { meaning: "A workflow counts other compensations than those that it has noted as owed." },
  ITEMS_WRONG: { meaning: "What an expanded task counts is not what its items' statuses and units say." },
  ITEM_LOST: { meaning: "Items that no unit will run and no later admission will reach." },
  INSTANCE_WRONG: { meaning: "What is kept of the contexts of an expanded group's instances does not agree with these." },
  TASK_STUCK: { meaning: "A pending task that waits for nothing." },
  WAITS_WRONG: { meaning: "A pending task counts other than what it waits for." },
  LOG_WRONG: { meaning: "An event log has a hole, or is not as long as the workflow says." },
  LOG_END_WRONG: { meaning: "A log ends with an end though its workflow is open, or without one though it has ended." },
  FEED_WRONG: { meaning: "The feed and the logs do not agree on which entries came." },
  INDEX_WRONG: { meaning: "An index and the workflows do not agree." },
  IDEMPOTENCY_WRONG: { meaning: "An idempotency key and its workflow do not agree." },
  DEFINITION_USES_WRONG: { meaning: "A definition's count of uses is not the number of its workflows." },
  REGISTRY_WRONG: { meaning: "The versions of a registered definition do not agree with each other or with the list of names." },
  LOAD_WRONG: { meaning: "A shard's counts of what is ready, runs and waits are not the sums over its workflows." },
  UNIT_NOT_QUEUED: { meaning: "A unit that is ready stands in no lane, so nobody will claim it before it is queued again." },
  LANE_NOT_NOTED: { meaning: "A lane that holds something is not in the list of lanes." },
  LANE_MALFORMED: { meaning: "An entry of a lane cannot be read." },
  TIMER_MALFORMED: { meaning: "A timer cannot be read." },
  TIMER_MISSING: { meaning: "Something that ends at a time has no timer, so nothing will end it." },
  TIMER_STALE: { meaning: "A timer of something that has ended or does not wait.", passing: true },
  RETENTION_WRONG: { meaning: "An ended workflow without a timer that removes it, or such a timer of another." },
  LEASE_MISSING: { meaning: "A unit runs under a token that no lease names, so nobody will miss its worker." },
  LEASE_COUNT_WRONG: { meaning: "A lease counts other than the units that run under it." },
  LEASE_STALE: { meaning: "A lease under which nothing runs.", passing: true },
  WORKERS_WRONG: { meaning: "The notes of live workers and their times do not agree." },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof FINDING_KINDS;

export interface Finding {
  code: FindingCode;
  /** The Redis key that it is about. */
  key: string;
  message: string;
}

export function isPassing({ code }: Finding): boolean {
  return "passing" in (FINDING_KINDS[code] as FindingKind);
}

/** Collects findings about one key after another. */
export class Findings {
  readonly all: Finding[] = [];

  add(code: FindingCode, key: string, message: string): void {
    this.all.push({ code, key, message });
  }

  /** One that two counts are the same. @param what finishes "... is 3, should be 4" */
  same(code: FindingCode, key: string, what: string, actual: number, expected: number): void {
    if (actual !== expected) this.add(code, key, `${what} is ${actual}, should be ${expected}`);
  }
}

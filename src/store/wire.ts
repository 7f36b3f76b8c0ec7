/** The arguments and replies of the scripts as flat lists of texts; the Lua headers say the same from the other side. */

import type { Claim, ClaimRequest, Outcome, OutcomeCode, Phase, ReopenedTask, RetryCommand, SubmitCommand, UnitRef } from "../engine/ports.js";
import type { DueTimer } from "../engine/ports.js";
import { nodeKey, readNodeKey } from "../engine/nodeKey.js";
import { limitsOf } from "../engine/timeLimits.js";
import { OUTCOME_LETTER } from "./records.js";

type Args = (string | number)[];

export const PHASE: Readonly<Record<string, Phase>> = { p: "PLAIN", x: "EXPAND", i: "ITEMS", c: "COLLECT", g: "EXPAND", j: "COLLECT" };
const CLAIM_WIDTH = 14;

export function pushList(args: Args, list: readonly (string | number)[]): void {
  args.push(list.length);
  for (const value of list) args.push(value);
}

export function pushSubmission(args: Args, command: SubmitCommand, definitionText: string): void {
  args.push(command.id, command.tenant, command.idempotencyKeyHash, command.payloadHash, command.plan.hash, definitionText);
  // They stand beside the definition, and go with it.
  pushList(args, definitionText === "" ? [] : limitsOf(command.plan).fields);
  pushList(args, command.fields);
  pushList(args, command.context);
  args.push(command.eventLines, command.eventCount);
  pushList(args, command.ready);
  pushList(args, command.held);
  pushList(args, command.deadlines);
  pushList(args, command.readyByQueue ?? []);
  pushList(args, command.timers ?? []);
}

export function pushOutcome(args: Args, outcome: Outcome): void {
  const { ref } = outcome;
  args.push(outcome.kind, ref.workflowId, nodeKey(ref.node, ref.path), ref.unit, ref.attempt, ref.token);
  switch (outcome.kind) {
    case "ran":
    case "done":
      if (outcome.kind === "ran") args.push(outcome.lane);
      args.push(
        OUTCOME_LETTER[outcome.status], outcome.error ?? "", outcome.failsWorkflow ? 1 : 0, outcome.cuts ? "g" : outcome.cancelsRest ? 1 : 0,
        outcome.group, outcome.result ?? "", outcome.route,
      );
      pushList(args, outcome.writes);
      if (outcome.cuts) pushList(args, outcome.cuts);
      return;
    case "retry":
      args.push(outcome.delayMs, outcome.error);
      return;
    case "wait":
      args.push(outcome.delayMs, outcome.result);
      return;
    case "requeue":
      args.push(outcome.lane, outcome.lost ? 1 : 0);
      return;
    case "ready":
    case "split":
      args.push(outcome.lane);
      return;
    case "expand":
      args.push(outcome.total, outcome.chunk, outcome.window, outcome.tolerated, outcome.failFast ? 1 : 0, outcome.lane, outcome.planLane, outcome.shape ?? "", outcome.compensation ?? "");
      pushList(args, outcome.variables);
      return;
    case "expandGroup":
      args.push(outcome.total, outcome.chunk, outcome.window, outcome.tolerated, outcome.failFast ? 1 : 0, outcome.start, outcome.shape ?? "");
      pushList(args, outcome.variables);
      return;
    case "reopenGroup":
      args.push(outcome.start, outcome.instances.length);
      for (const { index, groups, route, tasks } of outcome.instances) {
        args.push(index);
        pushList(args, groups);
        args.push(route, tasks.length);
        for (const task of tasks) pushReopened(args, task);
      }
      return;
    case "items":
      args.push(outcome.lane, outcome.planLane, outcome.pieces.length * 4);
      for (const piece of outcome.pieces) args.push(piece.letter, piece.offset, piece.count, piece.text);
      return;
    case "groupOverdue":
      pushList(args, outcome.tasks);
      return;
    case "workflowOverdue":
      args.push(outcome.error);
      return;
    case "alive":
      return;
    case "progress":
      args.push(outcome.item ?? "-", outcome.text);
  }
}

const PHASE_LETTER = { PLAIN: "p", EXPAND: "x", ITEMS: "i", ANEW: "n", GROUP: "g", GROUP_ANEW: "f" } as const;

export function pushRetry(args: Args, { seq, groups, route, tasks, compensations, contextKeys }: RetryCommand): void {
  args.push(seq);
  pushList(args, groups);
  pushList(args, contextKeys);
  pushList(args, compensations.flatMap(({ node, base, attempt }) => [node, base, attempt ?? ""]));
  args.push(route);
  for (const task of tasks) pushReopened(args, task);
}

function pushReopened(args: Args, { node, phase, base, undone, groups, lane, open, attempt }: ReopenedTask): void {
  args.push(node, PHASE_LETTER[phase], undone ? `${base}!` : base, groups, lane, open ?? "", attempt ?? "");
}

export function pushClaimRequest(args: Args, request: ClaimRequest, leaseMs: number, retentionMs: number): void {
  args.push(request.worker, request.request, request.want, leaseMs, retentionMs);
}

export function readClaims(reply: readonly (string | number)[]): Claim[] {
  const claims: Claim[] = [];
  const token = String(reply[0]);
  for (let i = 1; i + CLAIM_WIDTH <= reply.length; i += CLAIM_WIDTH) {
    const unit = String(reply[i + 3]);
    const phase = PHASE[String(reply[i + 8])] as Phase;
    claims.push({
      token, unit, phase,
      workflowId: String(reply[i]),
      definitionHash: String(reply[i + 1]),
      ...readNodeKey(String(reply[i + 2])),
      firstItem: Number(reply[i + 4]),
      offset: Number(reply[i + 5]),
      itemCount: Number(reply[i + 6]),
      attempt: Number(reply[i + 7]),
      losses: Number(reply[i + 9]),
      submittedMs: Number(reply[i + 10]),
      statuses: String(reply[i + 11]),
      variables: String(reply[i + 12]),
      ...(Number(reply[i + 13]) > 0 ? { base: Number(reply[i + 13]) } : {}),
    });
  }
  return claims;
}

const CODE: Readonly<Record<string, OutcomeCode>> = { O: "OK", D: "DUPLICATE", S: "STALE" };

export function readCodes(text: string): OutcomeCode[] {
  return [...text].map((letter) => CODE[letter] as OutcomeCode);
}

/** @param leaseText of an L timer: the worker, then a line per unit */
export function readTimer(member: string, leaseText: string): DueTimer | undefined {
  const [kind, ...rest] = member.split(" ") as [string, ...string[]];
  const [first, node, unit, last] = rest as [string, string, string, string];
  switch (kind) {
    case "L":
      return {
        kind: "LEASE", member, token: first,
        units: leaseText.split("\n").slice(1).map((line) => {
          const [workflowId, k, u] = line.split(" ") as [string, string, string];
          return { workflowId, ...readNodeKey(k), unit: u };
        }),
      };
    case "T":
      return { kind: "TIMEOUT", member, workflowId: first, ...readNodeKey(node), unit, token: last };
    case "D":
      return { kind: "DELAY", member, workflowId: first, ...readNodeKey(node), unit, token: last };
    case "R":
      return { kind: "RETRY", member, workflowId: first, ...readNodeKey(node), unit, attempt: Number(last) };
    case "B":
      return { kind: "HEARTBEAT", member, workflowId: first, ...readNodeKey(node), unit, token: last };
    case "E":
      return { kind: "DEADLINE", member, workflowId: first, subject: node, due: unit };
    case "X":
      return { kind: "RETENTION", member, workflowId: first };
    case "S":
      return { kind: "SESSION", member, workflowId: first, session: node };
    case "N":
      return { kind: "CHILD_ENDED", member, workflowId: first };
    case "V":
      return { kind: "CHILD_WATCH", member, workflowId: first };
    case "A":
      return { kind: "CHILD_ABANDONED", member, workflowId: first };
    default:
      return undefined;
  }
}

export function heartbeatArgs(refs: readonly UnitRef[]): Args {
  return refs.flatMap((ref) => [ref.workflowId, nodeKey(ref.node, ref.path), ref.unit, ref.token]);
}

/** `fanwire show ID`: one workflow as it stands now: groups, tasks, why they wait, context. */

import { EXIT } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import type { ShowData, ShownTask, WaitReason } from "../operations.js";
import { SHOW } from "../operations.js";
import { remoteClient } from "../serverAccess.js";
import type { Paint } from "../terminal.js";
import { painter, printable, valueText } from "../terminal.js";
import { noSuchWorkflow } from "../watchWorkflow.js";

export async function show(id: string, options: { url?: string; json: boolean }): Promise<ExitCode> {
  const { workflow } = await remoteClient(options.url).request(SHOW, { id });
  if (workflow === null) throw noSuchWorkflow(id);
  process.stdout.write(options.json ? `${JSON.stringify(workflow, null, 2)}\n` : workflowText(workflow, painter(process.stdout)));
  return EXIT.OK;
}

function workflowText(workflow: NonNullable<ShowData["workflow"]>, paint: Paint): string {
  const { error, labels, context } = workflow;
  const lines = [
    `${paint("bold", printable(workflow.name))} ${workflow.id}`,
    `  ${workflow.status}${workflow.partial ? " (partial)" : ""}, ${workflow.percent} %, ${workflow.counts.completed} of ${workflow.counts.total} completed`,
    `  submitted ${workflow.submittedAt}${workflow.finishedAt === null ? "" : `, ended ${workflow.finishedAt}`}`,
  ];
  if (Object.keys(labels).length > 0) lines.push(`  labels ${valueText(labels, 9)}`);
  if (error !== null) lines.push(`  ${paint("red", `[${printable(error.code)}] ${printable(error.message)}`)}`);
  for (const group of workflow.groups) {
    lines.push("", `${paint("bold", group.name)} ${group.status}`, ...waitLines(group.waitingFor, "  "), ...group.tasks.flatMap((task) => taskLines(task, paint)));
  }
  lines.push("", paint("bold", "Context"), ...Object.entries(context).map(([key, value]) => `  ${printable(key)}: ${valueText(value, 2)}`));
  return `${lines.join("\n")}\n`;
}

function taskLines(task: ShownTask, paint: Paint): string[] {
  const items = task.counts === null ? "" : `, ${task.counts.completed} of ${task.counts.total} items completed`;
  const attempt = task.attempt > 1 ? `, attempt ${task.attempt}` : "";
  const lines = [`  ${paint("cyan", printable(task.name))} (${printable(task.handler)}) ${task.status}${attempt}${items}`];
  if (task.error !== null) lines.push(`    ${paint("red", `[${printable(task.error.code)}] ${printable(task.error.message)}`)}`);
  return [...lines, ...waitLines(task.waitingFor, "    ")];
}

function waitLines(reasons: readonly WaitReason[], indent: string): string[] {
  return reasons.map(({ message, until }) => `${indent}waits: ${printable(message)}${until === null ? "" : ` until ${until}`}`);
}

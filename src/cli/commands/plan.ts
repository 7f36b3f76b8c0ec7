/** `fanwire plan FILE`: checks a workflow file without running it and shows the graph it would run as. */

import { PlanDocument, type PlanQuery, type WorkflowDefinitionInput } from "../../client/generated/graphql.js";
import { EXIT, refuseProblems } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { accessServer } from "../serverAccess.js";
import { painter, problemText } from "../terminal.js";
import { readContextOptions, readWorkflowFile } from "../workflowFile.js";

export async function plan(path: string, options: { url?: string; json: boolean; context: readonly string[] }): Promise<ExitCode> {
  const file = await readWorkflowFile(path);
  const context = { ...file.context, ...(await readContextOptions(options.context)) };
  const access = await accessServer(options.url);
  try {
    const { planWorkflow } = await access.client.request(PlanDocument, { definition: file.definition as unknown as WorkflowDefinitionInput, context });
    if (options.json) process.stdout.write(`${JSON.stringify(planWorkflow, null, 2)}\n`);
    else if (planWorkflow.valid) process.stdout.write(planText(planWorkflow));
    const paint = painter(process.stderr);
    for (const warning of planWorkflow.warnings) process.stderr.write(`${problemText(warning, paint, paint("yellow", "! warning"))}\n`);
    refuseProblems(path, planWorkflow.problems);
    return EXIT.OK;
  } finally {
    await access.stop();
  }
}

/** The tasks level by level: those of one level can run at the same time. */
function planText(report: PlanQuery["planWorkflow"]): string {
  const paint = painter(process.stdout);
  const estimate = report.estimatedTasks === null ? "tasks not known before it runs" : `${report.estimatedTasks} tasks and items`;
  const lines = [paint("bold", `Valid: ${report.levels} levels, ${estimate}`)];
  for (let level = 1; level <= report.levels; level += 1) {
    lines.push(`Level ${level}`);
    for (const node of report.nodes.filter((candidate) => candidate.level === level)) {
      const facts = [
        node.reads.length > 0 ? `reads ${node.reads.join(", ")}` : undefined,
        node.writes.length > 0 ? `writes ${node.writes.join(", ")}` : undefined,
        node.dependsOn.length > 0 ? `after ${node.dependsOn.join(", ")}` : undefined,
      ].filter((fact) => fact !== undefined);
      lines.push(`  ${paint("cyan", node.task)}${facts.length > 0 ? paint("dim", `  ${facts.join("; ")}`) : ""}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

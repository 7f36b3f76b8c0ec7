/** What planWorkflow answers: the problems of a definition and the graph it would run as. */

import type { Problem } from "../errors.js";

export interface PlanReport {
  valid: boolean;
  problems: Problem[];
  warnings: Problem[];
  nodes: PlanReportNode[];
  levels: number;
  /** Tasks and items, as far as literal lists and the given context tell; undefined when an expansion depends on results. */
  estimatedTasks?: number;
}

export interface PlanReportNode {
  task: string;
  level: number;
  dependsOn: string[];
  reads: string[];
  writes: string[];
}

/** The report with what was found besides: with problems nothing is said about its size. */
export function withProblems(report: PlanReport, problems: readonly Problem[]): PlanReport {
  if (problems.length === 0) return report;
  const { estimatedTasks: _, ...rest } = report;
  return { ...rest, valid: false, problems: [...report.problems, ...problems] };
}

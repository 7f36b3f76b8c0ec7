/** Types of stateDocs.mjs for the test that compares its output with the committed page. */

type Tables = Pick<typeof import("../src/workflow/transitions.js"), "TASK_TRANSITIONS" | "WORKFLOW_TRANSITIONS">;

export function renderStates(tables: Tables): string;
export function withStates(page: string, tables: Tables): string;

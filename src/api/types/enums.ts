/** The API's enums, each tied to its domain type, so that a new status or event does not compile without a description. */

import { registerEnumType } from "type-graphql";
import type { EventType } from "../../workflow/events.js";
import type { FailurePolicy, ItemFailurePolicy, OutputFormat, Reducer, TaskFailurePolicy } from "../../workflow/definition.js";
import type { TaskStatus, WorkflowStatus } from "../../workflow/status.js";

type EnumObject<Value extends string> = Readonly<{ [Name in Value]: Name }>;

export function describedEnum<Value extends string>(name: string, description: string, values: Record<Value, string>): EnumObject<Value> {
  const names = Object.keys(values) as Value[];
  const enumObject = Object.fromEntries(names.map((value) => [value, value])) as EnumObject<Value>;
  const valuesConfig = Object.fromEntries(names.map((value) => [value, { description: values[value] }]));
  registerEnumType(enumObject, { name, description, valuesConfig: valuesConfig as Record<Value, { description: string }> });
  return enumObject;
}

export const WorkflowStatusEnum = describedEnum<WorkflowStatus>("WorkflowStatus", "Where a workflow stands. The last four are ends.", {
  PENDING: "Accepted; nothing has started yet.",
  RUNNING: "Tasks run, or wait for something that can still come.",
  PAUSED: "Held: nothing new starts.",
  COMPLETED: "Every task completed, was skipped by a condition, or failed under IGNORE or FALLBACK.",
  FAILED: "A task that counts did not complete; all results so far stay readable.",
  CANCELLED: "Stopped by cancelWorkflow.",
  TIMED_OUT: "It took longer than its timeout.",
});

export const TaskStatusEnum = describedEnum<TaskStatus>("TaskStatus", "Where a task, a group or an item stands. The last five are ends.", {
  PENDING: "Waits for context keys or for other tasks.",
  READY: "Queued: a worker may take it.",
  RUNNING: "A worker runs it, or its items.",
  WAITING: "Waits for a time (a retry's delay or a timer), or for an answer by signalTask.",
  COMPLETED: "It has a result.",
  FAILED: "Its last attempt failed.",
  SKIPPED: "Never ran: its condition was not truthy, or something it depends on can never come.",
  CANCELLED: "Stopped, or never started, because the workflow was cancelled or out of time, or it or the group failed fast.",
  TIMED_OUT: "Out of time.",
});

export const EventTypeEnum = describedEnum<EventType>("EventType", "What an event tells.", {
  WORKFLOW_SUBMITTED: "The workflow was accepted; the first event of every log.",
  WORKFLOW_STARTED: "The first task was taken up.",
  WORKFLOW_PAUSED: "The workflow was paused: nothing new starts.",
  WORKFLOW_RESUMED: "The workflow goes on after a pause.",
  WORKFLOW_RETRIED: "The workflow had ended and is open again; what did not complete runs again, in place.",
  WORKFLOW_COMPLETED: "The workflow ended well; the last event.",
  WORKFLOW_FAILED: "The workflow ended with a failure; the last event unless it is retried.",
  WORKFLOW_CANCELLED: "The workflow was cancelled; the last event unless it is retried.",
  WORKFLOW_TIMED_OUT: "The workflow took longer than its timeout; the last event unless it is retried.",
  GROUP_STARTED: "The first task of a group was taken up.",
  GROUP_COMPLETED: "All tasks of a group ended well.",
  GROUP_FAILED: "All tasks of a group ended, not all of them well.",
  TASK_READY: "A task has all it waits for and is queued.",
  TASK_EXPANDED: "A task became its items; itemCount says how many.",
  TASK_STARTED: "A worker began an attempt.",
  TASK_PROGRESS: "A running attempt reported progress.",
  TASK_WAITING: "A task, or one item of it, waits for a time or for an answer.",
  TASK_RETRYING: "An attempt failed and another one will follow.",
  TASK_COMPLETED: "A task, or one item of it, has a result.",
  TASK_FAILED: "A task, or one item of it, failed for good.",
  TASK_SKIPPED: "A task, or one item of it, will never run.",
  TASK_CANCELLED: "A task, or one item of it, was cancelled.",
  TASK_TIMED_OUT: "A task, or one item of it, is out of time.",
  CONTEXT_UPDATED: "Keys of the context have values now.",
});

export const FailurePolicyEnum = describedEnum<FailurePolicy>("FailurePolicy", "What a failed task means for the others.", {
  CONTINUE: "Independent branches finish.",
  FAIL_FAST: "Everything of the workflow, or of the group that says so, that has not ended is cancelled.",
});

export const TaskFailurePolicyEnum = describedEnum<TaskFailurePolicy>("TaskFailurePolicy", "What a task's failure means.", {
  FAIL: "The task is FAILED, and the workflow will be.",
  IGNORE: "The task is FAILED, the workflow may still complete.",
  FALLBACK: "The task is COMPLETED with its fallback as result; the error stays readable.",
});

export const ItemFailurePolicyEnum = describedEnum<ItemFailurePolicy>("ItemFailurePolicy", "What a tolerated failure leaves in an expansion's output.", {
  DROP: "Nothing: the output is shorter.",
  NULL: "null in the item's place.",
  ERROR: 'An object {"$error": {code, message}} in the item\'s place.',
});

export const OutputFormatEnum = describedEnum<OutputFormat>("OutputFormat", "How the results of an expansion's items become one value.", {
  MERGE: "A list of the results in item order.",
  SEPARATE: "An object of the results by item identifier.",
  SINGLE: "One value: what `reduce` gives, by default the last item's result.",
});

export const ReducerEnum = describedEnum<Reducer>("Reducer", "How the values that tasks write under one key become one: in the order of the tasks in the definition, from the initial value on.", {
  APPEND: "A list, in which each result is one element.",
  CONCAT: "One list of the results' elements; each must be a list.",
  MERGE: "One object of the results' fields, later ones win; each must be an object.",
  SUM: "The sum of numbers.",
  MIN: "The least of numbers.",
  MAX: "The greatest of numbers.",
  FIRST: "The initial value or, without one, the first result.",
  LAST: "The last result.",
});

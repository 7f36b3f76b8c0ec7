/** The limits of a definition and its context; each breach is the problem LIMIT_EXCEEDED or an error of its own. */

export const MAX_TASKS = 10_000;
/** Levels of groups; a top group is 1. */
export const MAX_GROUP_DEPTH = 16;
export const MAX_ITEMS = 1_000_000;
/** Items that can go to a handler together. */
export const MAX_BATCH = 1_000;
export const MAX_CONTEXT_VALUE_BYTES = 1024 * 1024;
export const MAX_DEFINITION_BYTES = 1024 * 1024;
/** Levels of lists and objects in a definition or a context; deeper JSON would exhaust the stack of whoever walks it. */
export const MAX_JSON_DEPTH = 256;
/** Group dependencies times the group's tasks, over all groups: each pair is an edge of the plan. */
export const MAX_GROUP_EDGES = 1_000_000;
export const MAX_NAME_LENGTH = 128;
export const MAX_ATTEMPTS = 1000;
/** Problems of one kind that get a near miss: the search compares with every name there is. */
export const MAX_HINTS = 20;

/** The one table of codes: what went wrong, whether trying again can help, and what to do about it. */

export interface CodeEntry {
  /** One sentence for the documentation. */
  readonly meaning: string;
  /** What a person can do about it; used when the place that reports has no better hint. */
  readonly hint?: string;
  /** Whether the same request or attempt can succeed when tried again. */
  readonly retryable: boolean;
}

function code(meaning: string, hint?: string, retryable = false): CodeEntry {
  return { meaning, retryable, ...(hint === undefined ? {} : { hint }) };
}

export const CODES = {
  // Definitions and submissions
  REQUIRED: code("A value that must be there is missing."),
  INVALID_VALUE: code("A value is not of the form it must have."),
  INVALID_NAME: code("A name has characters that names may not have.", "Use letters, digits, '_' and '-', starting with a letter or '_'; at most 128 characters."),
  FORBIDDEN_KEY: code("An object has the key __proto__, which no JSON input may carry.", "Rename the key."),
  DUPLICATE_NAME: code("Two groups of a workflow, or two tasks of a group, have the same name.", "Give each its own name."),
  DUPLICATE_WRITER: code("Two tasks write the same context key, which has no reducer.", "Give one of them other resultKeys, or the key a reducer."),
  KEY_IN_CONTEXT: code("A task writes a key that already stands in the initial context and has no reducer.", "Rename the key in the context, give the task other resultKeys, or the key a reducer."),
  UNKNOWN_KEY: code("A task reads a context key that nobody writes and that is not in the initial context.", "Add it to the context, or let a task write it."),
  UNKNOWN_TASK: code("'after' names a task that does not exist.", "Name a task of the same group, or give its full address: group.task."),
  UNKNOWN_HANDLER: code("A handler's name is close to a known one, or is none that a handler can have.", "The query `handlers` lists those that are known."),
  UNKNOWN_EXPANDER: code("A custom expansion names an expander that no process has registered.", "Register it where workers run, or use one of those that every process has: range, chunks."),
  CYCLE: code("Tasks wait for each other in a circle.", "Remove one of the dependencies in the circle."),
  SELF_DEPENDENCY: code("A task waits for its own result.", "Remove the key from its inputs, or rename what it writes."),
  TEMPLATE_SYNTAX: code("A template's placeholder is not closed or is empty.", "Write {{ expression }}; a literal {{ is written {{{{."),
  EXPRESSION_SYNTAX: code("A JSONata expression cannot be parsed."),
  WHOLE_SCOPE: code("An expression reads the whole scope instead of keys by their names.", "Name the keys: {{ a.b }}, or { \"a\": a } to make an object of them."),
  EXPANSION_KIND: code("An expansion needs exactly one of array, zip, matrix and custom."),
  EXPANSION_OPTION: code("An option of the expansion does not go with the others."),
  SCHEMA_INVALID: code("A JSON Schema cannot be used.", "Known are the drafts 2020-12 and 07; references stay inside the schema."),
  CONTEXT_INVALID: code("The initial context does not fit the definition's contextSchema."),
  SECRET_PLACE: code("An expression asks for a secret where it would not stay one.", "Secrets are for a task's input: { \"headers\": { \"authorization\": \"Bearer {{ $secret('API_KEY') }}\" } }."),
  FALLBACK_MISSING: code("onFailure is FALLBACK, but there is no fallback."),
  LIMIT_EXCEEDED: code("Something is larger than its limit allows."),
  IDEMPOTENCY_CONFLICT: code("The idempotency key was used before, with another payload.", "Use a new key for a new submission."),
  NOT_FOUND: code("There is no such thing, or it is not yours."),
  CLAIM_INVALID: code("The claim is not one that this server gave out.", "Give back the text of `claim` as it came."),
  CLAIM_LOST: code("The claim is no longer the worker's: its lease ran out, or the task was cancelled or taken over.", "Stop working on it; nothing was recorded."),
  ALREADY_ENDED: code("The workflow has ended; this can be done only while it runs."),
  NOT_ENDED: code("The workflow has not ended; this can be done only afterwards.", "Wait for its end, or cancel it."),
  NOTHING_TO_RETRY: code("The workflow has no task that could run again.", "To run all of it once more, use rerunWorkflow."),
  ALREADY_PROVIDED: code("A context key has a value already: the first one stays."),
  NOT_WAITING: code("The task does not wait for an answer: it has not come to that yet, or somebody has answered.", "Its status and waitingFor say where it stands."),

  // Warnings of a plan
  UNUSED_RESULT: code("A task before the last ones writes keys that no task reads.", "Read them in a later task, or write none: resultKeys: []."),
  UNUSED_FALLBACK: code("A task has a fallback that its failure policy does not use.", "Set onFailure to FALLBACK, or remove the fallback."),
  NO_WORKER: code("No worker that is alive now serves a task's handler.", "Start one: the task waits for it."),
  NO_TIMEOUT: code("A task calls another server and may wait for it for ever.", "Give it a timeout."),
  UNBOUNDED_PARALLEL: code("An expansion over a list of unknown length runs all its items at once.", "Set maxParallel."),
  UNDECLARED_KEY: code("A task's templates read a key of the context that the definition's contextSchema does not declare.", "Declare it under properties of contextSchema, name it in externalKeys or in the task's dependencies, or check the spelling."),
  MISSPELT_KEY: code("A task can do without a key that nobody provides, and whose name is close to that of another.", "Check the spelling."),
  REPEATED_CALL: code("A task repeats requests that change something elsewhere.", "Send a header Idempotency-Key that stays the same, such as {{ $workflow.id }}-pay, or name in nonRetryable what may have had its effect."),
  PARTIAL_IDENTIFIER: code("The identifier of a matrix leaves out one of its variables, so that combinations share it.", "Use every variable in it: {{ x }}-{{ y }}."),
  CONSTANT_IDENTIFIER: code("The identifier of an expansion is the same for every item, so more than one item is an error.", "Use a variable in it: {{ customer.id }}."),

  // Failures of attempts
  TEMPLATE_UNRESOLVED: code("A name in a template has no value.", "Check the spelling, or say what to use instead: {{ name ?? \"default\" }}."),
  TEMPLATE_TOO_LARGE: code("A template's output is larger than it may be: 1 MiB, unless the deployment sets another limit."),
  EXPRESSION_ERROR: code("A JSONata expression failed while it was evaluated."),
  EXPRESSION_LIMIT: code("A JSONata expression took too long, went too deep or made too much."),
  EXPANSION_NOT_LIST: code("An expansion's value is not a list."),
  EXPANSION_LENGTH: code("The lists of a zip have different lengths."),
  EXPANSION_IDENTIFIER: code("Two items of an expansion have the same identifier.", "Choose an identifier that differs for each item, or leave it out to use the index."),
  EXPANSION_TOO_LARGE: code("An expansion has more items than it may: 1,000,000, unless the deployment sets another limit."),
  EXPANDER_ERROR: code("An expander threw an error that has no code of its own.", undefined, true),
  RESULT_INVALID: code("A handler's result is not what its task declares."),
  RESULT_TOO_LARGE: code("A value for the context is larger than it may be: 1 MiB, unless the deployment sets another limit."),
  TOLERANCE_EXCEEDED: code("More items of an expansion failed than it tolerates."),
  HANDLER_ERROR: code("A handler threw an error that has no code of its own.", undefined, true),
  INPUT_INVALID: code("A handler's input is not what it accepts."),
  TIMEOUT: code("An attempt, a task, a group or the workflow took longer than it may, or a handler was silent for longer than it may.", undefined, true),
  LEASE_EXPIRED: code("The worker that ran the attempt was lost.", undefined, true),
  POISON: code("The task lost its worker too many times.", "It may be killing its workers: look at memory and at blocking code."),
  SECRET_UNKNOWN: code("The worker that ran the attempt has no secret of that name.", "Set FANWIRE_SECRET_<NAME>, or the name in SECRETS_FILE, where workers start."),
  SECRET_REMOTE: code("A task that uses secrets was to go to a remote worker.", "Let a worker of the server run it, or set REMOTE_SECRETS=true."),
  HTTP_ADDRESS_REFUSED: code("The HTTP handler may not connect to that address.", "Private, loopback and link-local addresses need HTTP_ALLOW_PRIVATE=true."),
  HTTP_FAILED: code("The HTTP request got no usable answer.", undefined, true),
  HTTP_TOO_LARGE: code("The HTTP answer is larger than the handler accepts."),
  KAFKA_OFF: code("A task is for Kafka, and this process has no brokers.", "Set KAFKA_BROKERS where servers and workers start."),
  KAFKA_FAILED: code("Kafka did not take a message.", undefined, true),
  CHILD_FAILED: code("The sub-workflow that the task ran did not complete, or is gone.", "The error's details name it; its own error says why.", true),
  CHILD_INVALID: code("The task's sub-workflow cannot be submitted: it is not registered, or not valid with that context.", "The error's details are the problems."),
  CHILD_TOO_DEEP: code("Workflows run workflows more than 16 levels deep.", "A definition that runs itself needs a condition that ends it."),
  UPSTREAM: code("A task that this one depends on did not end well, so it was skipped."),
  CONDITION: code("The task's own condition was not truthy, so it was skipped."),
  CANCELLED: code("It was cancelled."),
  REJECTED: code("Whoever was asked has rejected it."),

  // Commands from Kafka
  COMMAND_INVALID: code("A message on the topic of commands cannot be used.", "Send {\"id\", \"command\", \"input\"} as JSON, with a mutation's name and its arguments."),

  // Subscriptions
  CURSOR_INVALID: code("The cursor is not one that this server gave out.", "Start again without `after`."),
  CURSOR_EXPIRED: code("The events after this cursor are no longer kept.", "Read the workflow's state, then subscribe without `after`."),
  CURSOR_AHEAD: code("The store has lost the event at the cursor, with all that came after it.", "Start again from the beginning."),

  // The server itself
  BAD_REQUEST: code("The request is not one that this address answers."),
  UNSUPPORTED_MEDIA_TYPE: code("A body's type, charset or compression is not accepted.", "Send application/json in UTF-8, uncompressed."),
  UNAVAILABLE: code("Redis cannot be reached or cannot take the write now.", "Try again; with an idempotencyKey it is safe.", true),
  INTERNAL: code("Something failed that should not have.", "The log has the details under the same id.", true),
} as const satisfies Record<string, CodeEntry>;

/** HTTP_<status> is the one family of codes that the table does not list one by one. */
export type Code = keyof typeof CODES;

/** An expected problem of an input: data for the person who sent it, never an exception at the API. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** Where: groups[0].tasks[2].input.url, context.x */
  readonly path?: string;
  readonly hint?: string;
}

export function problem(codeName: Code, message: string, path?: string, hint?: string): Problem {
  const entry: CodeEntry = CODES[codeName];
  const advice = hint ?? entry.hint;
  return { code: codeName, message, ...(path === undefined ? {} : { path }), ...(advice === undefined ? {} : { hint: advice }) };
}

/** A failure with a code of the table (or HTTP_<status>, or a handler's own code). */
export class FanwireError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly details?: unknown;

  constructor(codeName: string, message: string, options: { retryable?: boolean; details?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "FanwireError";
    this.code = codeName;
    this.retryable = options.retryable ?? (CODES as Record<string, CodeEntry>)[codeName]?.retryable ?? true;
    this.details = options.details;
  }
}

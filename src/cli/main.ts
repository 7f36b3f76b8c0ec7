#!/usr/bin/env node
/** The binary `fanwire`: reads the command line, runs one command, exits with its code. Commands are loaded when used. */

import { Command, CommanderError, InvalidArgumentError } from "commander";
import { ClientError } from "../client/ClientError.js";
import { FanwireError } from "../errors.js";
import type { ExitCode } from "./exitCodes.js";
import { CommandFailure, EXIT, EXIT_OF } from "./exitCodes.js";
import { painter, problemText } from "./terminal.js";

// A reader that closes early (`fanwire list | head`) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.OK);
  throw error;
});

const EXIT_CODES = `
Exit codes: 0 done, or the watched workflow completed; 1 it ended otherwise; 2 usage, an unreadable file, or problems
in the input; 3 the server does not answer.`;

const TASKS_HELP = "TypeScript or JavaScript files that export handlers (defineHandler) and expanders (defineExpander)";

const collect = (value: string, earlier: string[]): string[] => [...earlier, value];

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** A command that speaks to a server, with the option that says which. */
function clientCommand(program: Command, usage: string, description: string): Command {
  return program.command(usage).description(description)
    .option("--url <url>", "the server's GraphQL endpoint (default: FANWIRE_URL, else http://127.0.0.1:4000/graphql)");
}

/** @param done receives the exit code of the command that ran */
function buildProgram(done: (code: ExitCode) => void): Command {
  const program = new Command("fanwire").description("Runs workflows and shows them live.").addHelpText("after", EXIT_CODES);
  program.exitOverride().showHelpAfterError("(fanwire --help shows what there is)");
  addServerCommands(program, done);
  addFileCommands(program, done);
  addWorkflowCommands(program, done);
  return program;
}

function addServerCommands(program: Command, done: (code: ExitCode) => void): void {
  program.command("serve").description("Starts the server, with a worker inside")
    .option("--port <port>", "TCP port; 0 takes a free one (default: PORT, else 4000)", wholeNumber(0, 65_535))
    .option("--host <host>", "address to listen on (default: HOST, else 127.0.0.1)")
    .option("--no-worker", "without a worker: tasks wait for `fanwire worker` processes")
    .option("--tasks <file...>", TASKS_HELP)
    .action(async (options) => done(await (await import("./commands/serve.js")).serveCommand(options)));
  program.command("worker").description("Starts a worker without a server, on the servers' Redis or over their API")
    .option("--tasks <file...>", TASKS_HELP)
    .option("--queues <names>", "the queues whose tasks it runs, separated by commas (default: WORKER_QUEUES, else default)")
    .option("--concurrency <count>", "how many attempts at the same time (default: WORKER_CONCURRENCY, else 100)", wholeNumber(1, 10_000))
    .option("--redis <url>", "the servers' Redis (default: REDIS_URL, else the embedded one of DATA_DIR)")
    .option("--url <url>", "works over a server's GraphQL API instead, without Redis; FANWIRE_TOKEN is its token")
    .action(async (options) => done(await (await import("./commands/serve.js")).workerCommand(options)));
}

function addFileCommands(program: Command, done: (code: ExitCode) => void): void {
  clientCommand(program, "submit <file>", "Submits a workflow file (YAML or JSON); starts a server for the duration when none answers")
    .option("--watch", "show progress until it has ended, then its result", false)
    .option("--context <key=value>", "a context key: key=<JSON> or key=@<file>; may be repeated", collect, [])
    .option("--session <id>", "the session it belongs to, made on first use (default: one of its own)")
    .option("--idempotency-key <key>", "the same key with the same payload submits once")
    .option("--json", "print JSON to standard output", false)
    .action(async (file, options) => done(await (await import("./commands/submit.js")).submit(file, options)));
  clientCommand(program, "plan <file>", "Checks a workflow file and shows the graph it would run as")
    .option("--context <key=value>", "a context key: key=<JSON> or key=@<file>; may be repeated", collect, [])
    .option("--json", "print JSON to standard output", false)
    .action(async (file, options) => done(await (await import("./commands/plan.js")).plan(file, options)));
}

function addWorkflowCommands(program: Command, done: (code: ExitCode) => void): void {
  clientCommand(program, "watch <id>", "Shows a workflow's progress until it has ended, then its result")
    .option("--json", "print JSON to standard output", false)
    .action(async (id, options) => done(await (await import("./commands/watch.js")).watch(id, options)));
  clientCommand(program, "list", "Lists workflows, newest first")
    .option("--first <count>", "how many, at most", wholeNumber(1, 1000), 20)
    .option("--status <status...>", "only those of these statuses")
    .option("--name <name>", "only those of this name")
    .option("--json", "print JSON to standard output", false)
    .action(async (options) => done(await (await import("./commands/list.js")).list(options)));
  clientCommand(program, "show <id>", "Shows a workflow as it stands now")
    .option("--json", "print JSON to standard output", false)
    .action(async (id, options) => done(await (await import("./commands/show.js")).show(id, options)));
  clientCommand(program, "retry <id>", "Runs again what did not complete of an ended workflow, in place")
    .action(async (id, options) => done(await (await import("./commands/retry.js")).retry(id, options)));
  clientCommand(program, "cancel <id>", "Cancels a workflow")
    .option("--reason <text>", "kept with the workflow")
    .action(async (id, options) => done(await (await import("./commands/cancel.js")).cancel(id, options)));
}

/** @returns the exit code; everything a person must know has been written */
async function run(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.OK;
  try {
    await buildProgram((code) => { exitCode = code; }).parseAsync(argv);
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): ExitCode {
  // Commander has written its own message; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.INVALID;
  const paint = painter(process.stderr);
  if (error instanceof CommandFailure || error instanceof ClientError) {
    process.stderr.write(`${paint("red", error.message)}\n`);
    for (const problem of error.problems) process.stderr.write(`${problemText(problem, paint)}\n`);
    return error instanceof CommandFailure ? error.exitCode : EXIT_OF[error.kind];
  }
  if (error instanceof FanwireError) {
    process.stderr.write(`${paint("red", error.message)}\n`);
    return error.code === "INVALID_VALUE" ? EXIT.INVALID : EXIT.FAILED;
  }
  process.stderr.write(`${paint("red", error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`);
  return EXIT.FAILED;
}

process.exitCode = await run(process.argv);

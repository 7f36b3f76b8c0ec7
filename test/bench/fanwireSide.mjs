/** Fanwire's side: the workloads as definitions, submitted and awaited through the adapter. */

import { createFanwire } from "./fanwire.mjs";

const TASK_DEFAULTS = { dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL", queue: "default" };
const EXPANSION_DEFAULTS = { outputFormat: "MERGE", flatten: false, nested: false, failFast: false, onItemFailure: "DROP" };

const task = (name, input, more = {}) => ({ ...TASK_DEFAULTS, name, handler: "noop", input, ...more });
const workflow = (name, tasks) => ({ name, groups: [{ name: "main", tasks, dependencies: [] }], onFailure: "CONTINUE" });

const FAN_OUT = workflow("fan-out", [
  task("work", { i: "{{ item }}" }, { expansion: { ...EXPANSION_DEFAULTS, array: { item: "items" } } }),
  task("join", { joined: "{{ $count(work) }}" }),
]);
const DIAMOND = workflow("diamond", [
  task("A", { i: "{{ i }}" }),
  ...["B", "C", "D"].map((name) => task(name, { i: "{{ A.i }}" })),
  task("E", { b: "{{ B.i }}", c: "{{ C.i }}", d: "{{ D.i }}" }),
]);
const SINGLE = workflow("single", [task("task", { i: "{{ i }}" })]);

const chainOf = (size) => workflow("chain", Array.from({ length: size }, (_, index) =>
  task(`t${index}`, { i: index === 0 ? "{{ i }}" : `{{ t${index - 1}.i }}` })));

/** @returns a side as workloads.mjs describes it; finished workflows always keep their results */
export async function createFanwireSide({ redisPort }) {
  let calls = 0;
  let joined = 0;
  const noop = {
    name: "noop", description: "Hands back its input.", builtIn: false, light: true, pure: process.env.FANWIRE_BENCH_PURE !== "0",
    run({ input }) {
      calls += 1;
      if (input.joined !== undefined) joined = input.joined;
      return input;
    },
  };
  const fanwire = await createFanwire({ redisPort, handlers: [noop] });

  async function complete(definition, context) {
    const status = await fanwire.finished(await fanwire.submit(definition, context));
    if (status !== "COMPLETED") throw new Error(`Fanwire's ${definition.name} ended ${status}`);
  }
  /** For workflows that run alone: every task ran once. */
  async function completeAlone(definition, context, tasks) {
    const before = calls;
    await complete(definition, context);
    if (calls - before !== tasks) throw new Error(`Fanwire's ${definition.name} ran ${calls - before} tasks, expected ${tasks}`);
  }

  return {
    keep: true,
    async fanOut(size) {
      await completeAlone(FAN_OUT, { items: Array.from({ length: size }, (_, i) => i) }, size + 1);
      if (joined !== size) throw new Error(`Fanwire joined ${joined} results, expected ${size}`);
    },
    chain: (size) => completeAlone(chainOf(size), { i: 1 }, size),
    diamond: () => complete(DIAMOND, { i: 1 }),
    single: () => completeAlone(SINGLE, { i: 1 }, 1),
    stop: () => fanwire.stop(),
  };
}

/** From measured runs to medians, ratios and a table. */

import { SIDES, WORKLOADS } from "./workloads.mjs";

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

const median = (values) => quantile(values, 0.5);

/** One workload's figures; ratios are Fanwire's to BullMQ's: above 1 is better for speed, below 1 for latency and memory. */
export function summarise(workload, size, runs, keptBytesPerTask) {
  const sides = Object.fromEntries(SIDES.map((side) => [side, summariseSide(runs[side], keptBytesPerTask[side])]));
  const ratio = (field) => (sides.bullmq[field] === undefined ? undefined : sides.fanwire[field] / sides.bullmq[field]);
  return {
    workload, title: WORKLOADS[workload].title, size, ...sides,
    ratios: { tasksPerSecond: ratio("tasksPerSecond"), p50Ms: ratio("p50Ms"), p99Ms: ratio("p99Ms"), bytesPerTask: ratio("bytesPerTask") },
  };
}

function summariseSide(runs, bytesPerTask) {
  const rates = runs.map(({ tasks, wallMs }) => (tasks / wallMs) * 1000);
  const latencies = (share) => (runs[0].latenciesMs === undefined ? undefined : median(runs.map((run) => quantile(run.latenciesMs, share))));
  return {
    tasksPerSecond: median(rates), slowest: Math.min(...rates), fastest: Math.max(...rates),
    p50Ms: latencies(0.5), p99Ms: latencies(0.99), bytesPerTask,
  };
}

const whole = (value) => Math.round(value).toLocaleString("en-US");
const rate = ({ tasksPerSecond, slowest, fastest }) => `${whole(tasksPerSecond)} (${whole(slowest)}-${whole(fastest)})`;

function rowsOf(result) {
  const { workload, title, size, fanwire, bullmq, ratios } = result;
  const name = `${workload} ${title}, ${whole(size)}`;
  const rows = [[name, "tasks/s", rate(fanwire), rate(bullmq), `${ratios.tasksPerSecond.toFixed(1)}x`]];
  const add = (label, field, format, unit) => {
    if (ratios[field] === undefined) return;
    rows.push(["", label, `${format(fanwire[field])} ${unit}`, `${format(bullmq[field])} ${unit}`, `${ratios[field].toFixed(2)}x`]);
  };
  add("latency p50", "p50Ms", (value) => value.toFixed(2), "ms");
  add("latency p99", "p99Ms", (value) => value.toFixed(2), "ms");
  add("Redis memory per task", "bytesPerTask", whole, "B");
  return rows;
}

/** Text for people: medians, in brackets the slowest and the fastest run. */
export function formatTable(results) {
  const rows = [["workload", "measure", "Fanwire", "BullMQ", "Fanwire / BullMQ"], ...results.flatMap(rowsOf)];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  ").trimEnd();
  const [head, ...body] = rows.map(line);
  return `${[head, widths.map((width) => "-".repeat(width)).join("  "), ...body].join("\n")}\n`
    + "Medians (slowest-fastest run). Memory: all data of finished tasks kept on both sides; each task's input and result is {\"i\": number}.\n";
}

/** Starts the processes of a measurement and talks to them: one question at a time, one answer each. */

import { fork } from "node:child_process";
import { startPrivateRedis } from "../redis.mjs";

async function startProcess(file, args) {
  const child = fork(new URL(file, import.meta.url), args, { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const answer = () => new Promise((resolve, reject) => {
    const gone = (code) => reject(new Error(`${file} exited with ${code}`));
    child.once("exit", gone);
    child.once("message", (message) => {
      child.off("exit", gone);
      if (message.error === undefined) resolve(message);
      else reject(new Error(`${file}: ${message.error}`));
    });
  });
  const first = await answer();
  return {
    first,
    pid: child.pid,
    ask(question) {
      child.send(question);
      return answer();
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** @param side fanwire, stock or bare @returns its process with `url`, and a Redis that ends with it */
export async function startServer(side) {
  const redis = await startPrivateRedis();
  const server = await startProcess("./server.mjs", [side, String(redis.port)]);
  return {
    ...server,
    url: server.first.url,
    async stop() {
      await server.stop();
      await redis.stop();
    },
  };
}

export function startClients() {
  return startProcess("./clients.mjs", []);
}

/** Answers the parent's messages by `handle`, one after the other; ends with the parent. */
export function serveParent(handle, first) {
  process.on("message", (message) => {
    handle(message).then((answer) => process.send(answer ?? {}), (error) => process.send({ error: String(error?.stack ?? error) }));
  });
  process.on("disconnect", () => process.exit());
  process.send(first);
}

/** A cluster's client whose commands wait, as those of one server's client do, while a node is away and nobody stands in for it. */

import { Cluster, type Command } from "ioredis";

/** What a command may be answered while nodes, slots and roles change: it was not carried out, or nobody knows, and it is sent again. */
export const UNSETTLED = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|LOADING|READONLY)\b|Connection is closed|Command aborted due to connection close|Too many Cluster redirections|No subscriber for the cluster|None of startup nodes/;

const PAUSE_MS = 100;

export class PatientCluster extends Cluster {
  readonly #seen = new WeakSet<Command>();

  /** @param node of a command of a pipeline, which is sent again as a whole or not at all */
  override sendCommand(command: Command, ...more: [stream?: Parameters<Cluster["sendCommand"]>[1], node?: unknown]): unknown {
    // The client asks for the state of the cluster itself, and has its own answer to every error of that.
    if (more[1] === undefined && command.name !== "cluster" && !this.#seen.has(command)) this.#keep(command);
    return super.sendCommand(command, ...more);
  }

  /** The library gives a command up after some redirections: behind that, here, its slot is looked up again and it goes on. */
  #keep(command: Command): void {
    this.#seen.add(command);
    const reject = command.reject;
    let over = false;
    command.reject = (error: Error) => {
      if (over || this.status === "end" || !UNSETTLED.test(error.message)) {
        over = true;
        reject.call(command, error);
        return;
      }
      setTimeout(() => { if (!over) this.refreshSlotsCache(() => { super.sendCommand(command); }); }, PAUSE_MS);
    };
  }
}

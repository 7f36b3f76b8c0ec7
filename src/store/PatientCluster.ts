/** A cluster's client whose commands wait, as those of one server's client do, while a node is away and nobody stands in for it. */

import { Cluster, type Command, type Redis } from "ioredis";

/** What a command may be answered while nodes, slots and roles change: it was not carried out, or nobody knows, and it is sent again. */
export const UNSETTLED = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|LOADING|READONLY)\b|Connection is closed|Command aborted due to connection close|No subscriber for the cluster|None of startup nodes/;

const PAUSE_MS = 100;

export class PatientCluster extends Cluster {
  readonly #seen = new WeakSet<Command>();

  constructor(...options: ConstructorParameters<typeof Cluster>) {
    super(...options);
    // The library asks before a command that it sends to where a slot moves, and nobody there hears when that fails: the process would end of it.
    this.on("+node", (node: Redis) => {
      const asking = node.asking.bind(node);
      node.asking = () => {
        const asked = asking();
        asked.catch(() => undefined);
        return asked;
      };
    });
  }

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
    command.reject = (given: Error) => {
      const error = lastOf(given);
      if (over || this.status === "end" || !UNSETTLED.test(error.message)) {
        over = true;
        reject.call(command, error);
        return;
      }
      setTimeout(() => { if (!over) this.refreshSlotsCache(() => { super.sendCommand(command); }); }, PAUSE_MS);
    };
  }
}

/** From then on the library wraps every error of the command, and those that are none of a cluster's too. */
function lastOf(error: Error): Error {
  const [, message] = /^Too many Cluster redirections\. Last error: (?:\w*Error: )?(.*)$/s.exec(error.message) ?? [];
  return message === undefined ? error : new Error(message, { cause: error });
}

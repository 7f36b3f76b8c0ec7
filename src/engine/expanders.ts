/** The expanders of one process, by name. */

import { FanwireError } from "../errors.js";
import { BUILT_IN_EXPANDERS, isBuiltInExpander } from "../workflow/builtInExpanders.js";
import { checkExpander, type Expander, type Expanders } from "../workflow/expander.js";

export class ExpanderRegistry implements Expanders {
  readonly #byName = new Map<string, Expander>();

  /** @throws FanwireError INVALID_VALUE when a name is taken or is none an expander can have */
  constructor(expanders: Iterable<Expander> = []) {
    for (const expander of [...BUILT_IN_EXPANDERS, ...expanders]) {
      if (this.#byName.has(expander.name)) throw new FanwireError("INVALID_VALUE", `Two expanders are named ${expander.name}`);
      this.#byName.set(expander.name, checkExpander(expander));
    }
  }

  get(name: string): Expander | undefined {
    return this.#byName.get(name);
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Those that other processes may lack: what they expand is for processes that have them. */
  ownNames(): string[] {
    return this.names().filter((name) => !isBuiltInExpander(name));
  }
}

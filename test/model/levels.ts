/** Which names a generated task may use: scopes in scopes, the keys that stand in each so far, and who hides whom. */

/** What a task may use: the tasks made before it, and the keys that stand before it. */
export interface Before {
  tasks: { group: string; name: string }[];
  keys: string[];
  lists: string[];
  /** Of the items of the expanded groups around it, as expressions write them. */
  variables: string[];
}

/** The three groups as one case has them: g, with h in it perhaps, and group-2 in that. */
export interface Shape {
  /** Which groups stand around each, outermost first. */
  around: Readonly<Record<string, readonly string[]>>;
  /** The group of each task. */
  groupOf: readonly string[];
  /** Expanded groups, each with the names its items have. */
  expanded: ReadonlyMap<string, readonly string[]>;
}

interface Level {
  keys: string[];
  lists: string[];
  variables: readonly string[];
  /** Keys that are only readable after the last of their writers, by that writer's position among the tasks. */
  lastWriters: Map<string, number>;
}

/** The workflow's own scope. */
export const TOP = "";

export class Levels {
  readonly #levels = new Map<string, Level>();
  readonly #tasks: { at: number; group: string; address: string; name: string }[] = [];

  constructor(readonly shape: Shape, keys: string[], lists: string[]) {
    this.#levels.set(TOP, { keys, lists, variables: [], lastWriters: new Map() });
    for (const [name, variables] of shape.expanded) this.#levels.set(name, { keys: [], lists: [], variables, lastWriters: new Map() });
  }

  /** The scope that a group's tasks stand in: of the innermost expanded group, itself among them. */
  ofGroup(group: string): string {
    return this.#chain(group).at(-1) ?? TOP;
  }

  /** The scope that a group itself stands in. */
  around(group: string): string {
    return this.shape.around[group]?.findLast((name) => this.shape.expanded.has(name)) ?? TOP;
  }

  /** Position of the last task in an expanded group: from the outside it is there only after that. */
  lastIn(group: string): number {
    return this.shape.groupOf.findLastIndex((name) => this.#chain(name).includes(group));
  }

  /** Says beforehand that a key is written there at that position, and maybe before. */
  announce(level: string, key: string, at: number): void {
    const { lastWriters } = this.#level(level);
    lastWriters.set(key, Math.max(lastWriters.get(key) ?? -1, at));
  }

  announced(level: string): ReadonlyMap<string, number> {
    return this.#level(level).lastWriters;
  }

  /** From now on these keys are there, but for those that somebody later writes too. @param keyLists those of them that hold lists */
  add(level: string, at: number, keys: readonly string[], keyLists: readonly string[]): void {
    const { keys: known, lists, lastWriters } = this.#level(level);
    const isReadable = (key: string): boolean => (lastWriters.get(key) ?? at) === at;
    known.push(...keys.filter(isReadable));
    lists.push(...keyLists.filter(isReadable));
  }

  addTask(at: number, group: string, address: string, name: string): void {
    this.#tasks.push({ at, group, address, name });
  }

  /** For the task at that position of the group, or for what stands in the scope of a group's `around`. */
  before(level: string, at: number): Before {
    const [hidden, keys, lists, variables] = [new Set<string>(), [] as string[], [] as string[], [] as string[]];
    for (const name of this.#outward(level)) {
      const here = this.#level(name);
      keys.push(...here.keys.filter((key) => !hidden.has(key)));
      lists.push(...here.lists.filter((key) => !hidden.has(key)));
      variables.push(...here.variables.filter((variable) => !hidden.has(variable)));
      for (const key of [...here.keys, ...here.lastWriters.keys(), ...here.variables]) hidden.add(key);
    }
    return { keys, lists, variables, tasks: this.#tasksBefore(level, at) };
  }

  /** A task in a group that is expanded, and does not stand around the reader too, has ended only with the whole group. */
  #tasksBefore(level: string, at: number): Before["tasks"] {
    const mine = this.#outward(level);
    const hasEnded = (group: string): boolean => {
      const other = this.#chain(group).find((name) => !mine.includes(name));
      return other === undefined || this.lastIn(other) < at;
    };
    return this.#tasks.filter(({ group }) => hasEnded(group)).map(({ address, name }) => ({ group: address, name }));
  }

  /** Expanded groups around a group, itself among them, outermost first. */
  #chain(group: string): string[] {
    return [...(this.shape.around[group] ?? []), group].filter((name) => this.shape.expanded.has(name));
  }

  #outward(level: string): string[] {
    return [...this.#chain(level).reverse(), TOP];
  }

  #level(name: string): Level {
    return this.#levels.get(name) as Level;
  }
}

/** How a task, or an expanded group, is written in a store: by its place in the plan, and in an instance of a group by that too. */

/** `<node>`, or `<node>@<path>` in an instance of an expanded group. */
export type NodeKey = number | string;

/**
 * The instance of an expanded group, from the outside in: pairs of a group's node and a position, joined by dots. 2.3.4.7 is
 * instance 7 of group 4 in instance 3 of group 2. Empty: the workflow itself.
 */
export type InstancePath = string;

export function nodeKey(node: number, path: InstancePath | undefined): NodeKey {
  return path ? `${node}@${path}` : node;
}

export function readNodeKey(text: string): { node: number; path?: InstancePath } {
  const at = text.indexOf("@");
  return at < 0 ? { node: Number(text) } : { node: Number(text.slice(0, at)), path: text.slice(at + 1) };
}

/** @param path of an instance, not empty */
export function splitPath(path: InstancePath): { parent: InstancePath; group: number; index: number } {
  const parts = path.split(".");
  const [group, index] = parts.splice(-2) as [string, string];
  return { parent: parts.join("."), group: Number(group), index: Number(index) };
}

export function instancePath(parent: InstancePath | undefined, group: number, index: number): InstancePath {
  return parent ? `${parent}.${group}.${index}` : `${group}.${index}`;
}

/** A definition's groups, nested ones included, in the order of declaration: a group before the groups inside it. */

import type { TaskGroupDefinition, WorkflowDefinition } from "./definition.js";

export interface DeclaredGroup {
  /** Position among all groups. */
  readonly index: number;
  readonly group: TaskGroupDefinition;
  /** The group it is nested in; undefined for a top group. */
  readonly parent: DeclaredGroup | undefined;
  /** groups[0].groups[1] */
  readonly path: string;
  /** outer.inner */
  readonly address: string;
  /** 1 for a top group. */
  readonly depth: number;
  /** The innermost expanded group that it is or stands in; undefined when there is none. */
  readonly scope: DeclaredGroup | undefined;
}

const known = new WeakMap<WorkflowDefinition, readonly DeclaredGroup[]>();

/** Once per definition object, which must not change afterwards. */
export function declaredGroups(definition: WorkflowDefinition): readonly DeclaredGroup[] {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const groups: DeclaredGroup[] = [];
  const declare = (nested: readonly TaskGroupDefinition[], parent: DeclaredGroup | undefined): void => {
    nested.forEach((group, at) => {
      const declared: { -readonly [Field in keyof DeclaredGroup]: DeclaredGroup[Field] } = {
        index: groups.length, group, parent,
        path: parent === undefined ? `groups[${at}]` : `${parent.path}.groups[${at}]`,
        address: parent === undefined ? group.name : `${parent.address}.${group.name}`,
        depth: (parent?.depth ?? 0) + 1,
        scope: parent?.scope,
      };
      if (group.expansion !== undefined) declared.scope = declared;
      groups.push(declared);
      declare(group.groups ?? [], declared);
    });
  };
  declare(definition.groups, undefined);
  known.set(definition, groups);
  return groups;
}

/** The group and those around it, outermost first. */
export function chainOf(group: DeclaredGroup): DeclaredGroup[] {
  return group.parent === undefined ? [group] : [...chainOf(group.parent), group];
}

/** Places blocks by level, groups around what they hold; the same for every depth. */

import type { Block, Edge, GroupBlock, Structure } from "./structure.js";

/** right: levels are columns; down: levels are rows, for narrow pages. */
export type Direction = "right" | "down";

export interface Placed {
  block: Block;
  x: number;
  y: number;
  width: number;
  height: number;
  depth: number;
}

export interface Drawing {
  placed: Placed[];
  edges: { edge: Edge; path: string }[];
  width: number;
  height: number;
}

interface Sizes {
  taskWidth: number;
  taskHeight: number;
  /** Between levels, and between neighbours of one level. */
  levelGap: number;
  gap: number;
  padding: number;
  header: number;
  /** How far a level grows before it goes on in a line of its own. */
  extent: number;
}

const SIZES: Record<Direction, Sizes> = {
  right: { taskWidth: 196, taskHeight: 54, levelGap: 48, gap: 12, padding: 14, header: 34, extent: 760 },
  down: { taskWidth: 158, taskHeight: 54, levelGap: 30, gap: 10, padding: 10, header: 34, extent: 330 },
};

interface Box {
  width: number;
  height: number;
  placed: Placed[];
}

export function layOut(structure: Structure, direction: Direction): Drawing {
  const sizes = SIZES[direction];
  const between = edgesByContainer(structure);
  const box = boxOf(structure.root, { sizes, direction, between }, 0);
  const rest = box.placed.filter(({ block }) => block !== structure.root);
  const at = new Map(rest.map((placed) => [placed.block.address, placed]));
  const edges = structure.edges.flatMap((edge) => {
    const [from, to] = [at.get(edge.from), at.get(edge.to)];
    return from && to ? [{ edge, path: pathBetween(from, to, direction) }] : [];
  });
  return { placed: rest, edges, width: box.width, height: box.height };
}

interface Rules {
  sizes: Sizes;
  direction: Direction;
  between: ReadonlyMap<GroupBlock, Map<Block, Set<Block>>>;
}

function boxOf(block: Block, rules: Rules, depth: number): Box {
  const { sizes, direction, between } = rules;
  if (block.kind === "task") {
    const size = { width: sizes.taskWidth, height: sizes.taskHeight };
    return { ...size, placed: [{ block, x: 0, y: 0, ...size, depth }] };
  }
  const boxes = new Map(block.children.map((child) => [child, boxOf(child, rules, depth + 1)]));
  const lines = linesOf(block, boxes, between.get(block) ?? new Map(), rules);
  const across = direction === "right" ? "height" : "width";
  const along = direction === "right" ? "width" : "height";
  const isRoot = depth === 0;
  const [left, top] = isRoot ? [0, 0] : [sizes.padding, sizes.header];
  const placed: Placed[] = [];
  const widest = Math.max(0, ...lines.map(({ length }) => length));
  let main = 0;
  for (const [index, line] of lines.entries()) {
    if (index > 0) main += line.begins ? sizes.levelGap : sizes.gap;
    let cross = (widest - line.length) / 2;
    for (const child of line.blocks) {
      const box = boxes.get(child) as Box;
      const [dx, dy] = direction === "right" ? [main, cross] : [cross, main];
      for (const inner of box.placed) placed.push({ ...inner, x: inner.x + dx + left, y: inner.y + dy + top });
      cross += box[across] + sizes.gap;
    }
    main += Math.max(...line.blocks.map((child) => (boxes.get(child) as Box)[along]));
  }
  const [inWidth, inHeight] = direction === "right" ? [main, widest] : [widest, main];
  const width = Math.max(inWidth, isRoot ? 0 : sizes.taskWidth) + left * 2;
  const height = inHeight + top + (isRoot ? 0 : sizes.padding);
  return { width, height, placed: [{ block, x: 0, y: 0, width, height, depth }, ...placed] };
}

interface Line {
  blocks: Block[];
  length: number;
  /** Whether it is the first of its level. */
  begins: boolean;
}

/** The levels of what a group holds; a level that grows too long becomes several lines. */
function linesOf(group: GroupBlock, boxes: ReadonlyMap<Block, Box>, followers: ReadonlyMap<Block, Set<Block>>, rules: Rules): Line[] {
  const across = rules.direction === "right" ? "height" : "width";
  const lines: Line[] = [];
  for (const level of levelsOf(group.children, followers)) {
    let line: Line | undefined;
    for (const block of level) {
      const length = (boxes.get(block) as Box)[across];
      if (!line || line.length + rules.sizes.gap + length > rules.sizes.extent) {
        line = { blocks: [], length: -rules.sizes.gap, begins: line === undefined };
        lines.push(line);
      }
      line.blocks.push(block);
      line.length += rules.sizes.gap + length;
    }
  }
  return lines;
}

/** By the longest way to each; of groups that wait for each other the earlier one comes first. Neighbours stand near what they follow. */
function levelsOf(blocks: readonly Block[], followers: ReadonlyMap<Block, Set<Block>>): Block[][] {
  const order = [...blocks].sort((a, b) => a.level - b.level);
  const state = new Map<Block, "open" | "done">();
  const sorted: Block[] = [];
  const kept = new Map<Block, Block[]>();
  const visit = (block: Block): void => {
    state.set(block, "open");
    for (const next of followers.get(block) ?? []) {
      if (state.get(next) === "open") continue;
      kept.set(block, [...(kept.get(block) ?? []), next]);
      if (!state.has(next)) visit(next);
    }
    state.set(block, "done");
    sorted.unshift(block);
  };
  for (const block of order) if (!state.has(block)) visit(block);
  const level = new Map<Block, number>(blocks.map((block) => [block, 0]));
  const before = new Map<Block, Block[]>();
  for (const block of sorted) {
    for (const next of kept.get(block) ?? []) {
      level.set(next, Math.max(level.get(next) ?? 0, (level.get(block) ?? 0) + 1));
      before.set(next, [...(before.get(next) ?? []), block]);
    }
  }
  const levels: Block[][] = [];
  for (const block of blocks) (levels[level.get(block) ?? 0] ??= []).push(block);
  const place = new Map<Block, number>();
  for (const row of levels) {
    const weight = new Map(row.map((block, index) => [block, mean((before.get(block) ?? []).map((other) => place.get(other) ?? 0)) ?? index]));
    row.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
    row.forEach((block, index) => place.set(block, row.length === 1 ? 0.5 : index / (row.length - 1)));
  }
  return levels;
}

function mean(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** Each edge, as one between the two neighbours that hold its ends. */
function edgesByContainer({ root, edges }: Structure): Map<GroupBlock, Map<Block, Set<Block>>> {
  const chains = new Map<string, Block[]>();
  const walk = (block: Block, above: readonly Block[]): void => {
    const chain = [...above, block];
    chains.set(block.address, chain);
    if (block.kind === "group") for (const child of block.children) walk(child, chain);
  };
  walk(root, []);
  const found = new Map<GroupBlock, Map<Block, Set<Block>>>();
  for (const { from, to } of edges) {
    const [a, b] = [chains.get(from), chains.get(to)];
    if (!a || !b) continue;
    let depth = 0;
    while (a[depth] !== undefined && a[depth] === b[depth]) depth++;
    const [container, first, second] = [a[depth - 1], a[depth], b[depth]];
    if (container?.kind !== "group" || !first || !second) continue;
    const inside = found.get(container) ?? new Map<Block, Set<Block>>();
    found.set(container, inside.set(first, (inside.get(first) ?? new Set()).add(second)));
  }
  return found;
}

function pathBetween(from: Placed, to: Placed, direction: Direction): string {
  if (direction === "right") {
    const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
    const bend = Math.max(24, Math.abs(x2 - x1) / 2);
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + from.height, to.x + to.width / 2, to.y];
  const bend = Math.max(16, Math.abs(y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import type { GroupStateFragment, TaskStateFragment } from "../../generated/graphql.js";
import { GroupBox } from "./GroupBox.js";
import { layOut } from "./layout.js";
import type { Direction, Drawing, Placed } from "./layout.js";
import type { Structure } from "./structure.js";
import { TaskNode } from "./TaskNode.js";

interface GraphViewProps {
  structure: Structure;
  tasks: ReadonlyMap<string, TaskStateFragment>;
  groups: ReadonlyMap<string, GroupStateFragment>;
  selected: string | undefined;
  onSelect(address: string): void;
  now: number;
}

const NARROW_PX = 560;
const SMALLEST_SCALE = 0.78;

export function GraphView({ structure, tasks, groups, selected, onSelect, now }: GraphViewProps) {
  const frame = useRef<HTMLDivElement>(null);
  const room = useWidth(frame);
  const direction: Direction = room > 0 && room < NARROW_PX ? "down" : "right";
  const drawing = useMemo(() => layOut(structure, direction), [structure, direction]);
  useEffect(() => {
    if (selected !== undefined) frame.current?.querySelector(`[data-address="${CSS.escape(selected)}"]`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [selected, drawing]);
  const scale = room === 0 ? 1 : Math.max(SMALLEST_SCALE, Math.min(1, (room - 2) / drawing.width));
  return (
    <div className="graph" ref={frame} onKeyDown={(event) => moveFocus(event, drawing)}>
      <div className="graph-room" style={{ width: drawing.width * scale, height: drawing.height * scale }}>
        <div className="graph-sheet" style={{ width: drawing.width, height: drawing.height, transform: `scale(${scale})` }}>
          {drawing.placed.map((placed) => placed.block.kind === "group" && (
            <GroupBox key={placed.block.address} placed={placed} group={placed.block} state={groups.get(placed.block.address)} selected={placed.block.address === selected} onSelect={onSelect} />
          ))}
          <Edges drawing={drawing} tasks={tasks} selected={selected} />
          {drawing.placed.map((placed) => placed.block.kind === "task" && (
            <TaskNode key={placed.block.address} placed={placed} task={placed.block} state={tasks.get(placed.block.address)} selected={placed.block.address === selected} onSelect={onSelect} now={now} />
          ))}
        </div>
      </div>
    </div>
  );
}

function Edges({ drawing, tasks, selected }: { drawing: Drawing; tasks: ReadonlyMap<string, TaskStateFragment>; selected: string | undefined }) {
  return (
    <svg className="graph-edges" width={drawing.width} height={drawing.height} aria-hidden="true">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.8 7 4 0 7.2z" /></marker>
      </defs>
      {drawing.edges.map(({ edge, path }) => {
        const passed = tasks.get(edge.from)?.status === "COMPLETED";
        const near = edge.from === selected || edge.to === selected;
        return <path key={`${edge.from} ${edge.to}`} d={path} markerEnd="url(#arrow)" className={`edge${passed ? " passed" : ""}${near ? " near" : ""}`} />;
      })}
    </svg>
  );
}

function useWidth(element: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return undefined;
    setWidth(current.clientWidth);
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

const STEPS: Record<string, readonly [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** The arrow keys go to the nearest block in their direction. */
function moveFocus(event: KeyboardEvent, drawing: Drawing): void {
  const step = STEPS[event.key];
  const here = drawing.placed.find(({ block }) => block.address === (event.target as HTMLElement).dataset.address);
  if (!step || !here) return;
  event.preventDefault();
  const distance = (other: Placed): number => {
    const [dx, dy] = [other.x + other.width / 2 - here.x - here.width / 2, other.y + other.height / 2 - here.y - here.height / 2];
    const ahead = dx * step[0] + dy * step[1];
    return ahead <= 1 ? Number.POSITIVE_INFINITY : ahead + 3 * Math.abs(dx * step[1] + dy * step[0]);
  };
  const others = drawing.placed.filter((other) => other !== here && other.block.kind === here.block.kind);
  const next = others.sort((a, b) => distance(a) - distance(b))[0];
  if (!next || distance(next) === Number.POSITIVE_INFINITY) return;
  event.currentTarget.querySelector<HTMLElement>(`[data-address="${CSS.escape(next.block.address)}"]`)?.focus();
}

import { memo } from "react";
import type { GroupStateFragment } from "../../generated/graphql.js";
import { CountsBar } from "../ui/CountsBar.js";
import { formatCount } from "../ui/format.js";
import { ended, statusClass, statusName, statusSign } from "../ui/status.js";
import type { Placed } from "./layout.js";
import type { GroupBlock } from "./structure.js";

interface GroupBoxProps {
  placed: Placed;
  group: GroupBlock;
  state: GroupStateFragment | undefined;
  selected: boolean;
  onSelect(address: string): void;
}

export const GroupBox = memo(function GroupBox({ placed, group, state, selected, onSelect }: GroupBoxProps) {
  const counts = state?.instanceCounts ?? undefined;
  const status = state?.status ?? "PENDING";
  const head = (
    <>
      {state && <i aria-hidden="true">{statusSign(status)}</i>}
      <b>{group.name}</b>
      {group.expanded && <span className="many">{counts ? `${formatCount(ended(counts))} / ${formatCount(counts.total)}` : "once per item"}</span>}
      {counts && <CountsBar counts={counts} />}
    </>
  );
  const label = `Group ${group.address}${state ? `, ${statusName(status)}` : ""}`;
  return (
    <section className={`group-box ${state ? statusClass(status) : ""} depth-${Math.min(placed.depth, 3)}${group.expanded ? " stacked" : ""}`} aria-label={label}
      style={{ left: placed.x, top: placed.y, width: placed.width, height: placed.height }}>
      {group.expanded && state
        ? <button className="group-head" data-address={group.address} aria-pressed={selected} onClick={() => onSelect(group.address)}>{head}</button>
        : <div className="group-head">{head}</div>}
    </section>
  );
});

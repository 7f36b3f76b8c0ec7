import type { CountsFragment } from "../../generated/graphql.js";
import { formatCount } from "./format.js";
import { shares, statusClass, statusName } from "./status.js";

interface CountsBarProps {
  counts: CountsFragment;
  /** Names and numbers below the bar. */
  legend?: boolean;
}

/** One bar for any number of tasks: as wide a piece per status as its share. */
export function CountsBar({ counts, legend = false }: CountsBarProps) {
  const parts = shares(counts);
  const text = parts.map(({ status, count }) => `${formatCount(count)} ${statusName(status)}`).join(", ");
  return (
    <div className="counts">
      <div className="counts-bar" role="img" aria-label={text || "nothing yet"} title={text}>
        {parts.map(({ status, count }) => <i key={status} className={statusClass(status)} style={{ flexGrow: count }} />)}
      </div>
      {legend && (
        <div className="counts-legend" aria-hidden="true">
          {parts.map(({ status, count }) => <span key={status} className={statusClass(status)}><i /><b>{formatCount(count)}</b> {statusName(status)}</span>)}
        </div>
      )}
    </div>
  );
}

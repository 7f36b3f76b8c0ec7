import { statusClass, statusName, statusSign } from "./status.js";
import type { Status } from "./status.js";

export function StatusBadge({ status }: { status: Status }) {
  return <span className={`badge ${statusClass(status)}`}><i aria-hidden="true">{statusSign(status)}</i>{statusName(status)}</span>;
}

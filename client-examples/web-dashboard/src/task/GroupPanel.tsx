import { useEffect, useState } from "react";
import { ConsoleInstancesDocument } from "../../generated/graphql.js";
import type { GroupStateFragment } from "../../generated/graphql.js";
import { useQuery } from "../api/hooks.js";
import { workflowLink } from "../route.js";
import { CountsBar } from "../ui/CountsBar.js";
import { formatCount } from "../ui/format.js";
import { Section } from "../ui/Section.js";
import { StatusBadge } from "../ui/StatusBadge.js";
import { statusClass, statusName, statusSign } from "../ui/status.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";
import { Panel } from "./Panel.js";
import { WaitingFor } from "./WaitingFor.js";

interface GroupPanelProps {
  workflow: WorkflowState;
  address: string;
  group: GroupStateFragment;
  onClose(): void;
}

const PAGE = 20;

/** The instances of a group that runs once per item, by pages; each with its own tasks. */
export function GroupPanel({ workflow, address, group, onClose }: GroupPanelProps) {
  const [path, setPath] = useState<readonly string[]>([]);
  const query = useQuery(ConsoleInstancesDocument, { id: group.id, first: PAGE, after: path.at(-1) });
  useEffect(query.refresh, [workflow]);
  const node = query.data?.node;
  const page = node && "instances" in node ? node.instances : undefined;
  return (
    <Panel title={address} onClose={onClose} badge={<StatusBadge status={group.status} />}>
      <WaitingFor reasons={group.waitingFor} workflow={workflow} />
      <Section title="Instances" aside={group.instanceCounts && formatCount(group.instanceCounts.total)}>
        {group.instanceCounts && <CountsBar counts={group.instanceCounts} legend />}
        <ol className="instances">
          {page?.nodes.map((instance) => (
            <li key={instance.name} className={statusClass(instance.status)}>
              <b><i aria-label={statusName(instance.status)}>{statusSign(instance.status)}</i>{instance.name}</b>
              <span>
                {instance.tasks.map((task) => (
                  <a key={task.name} className={statusClass(task.status)} href={workflowLink(workflow.id, "graph", task.name)} title={task.error?.message ?? statusName(task.status)}>
                    <i aria-hidden="true">{statusSign(task.status)}</i>{task.name.slice(instance.name.length + 1)}
                  </a>
                ))}
              </span>
            </li>
          ))}
        </ol>
        {page && (path.length > 0 || page.pageInfo.hasNextPage) && (
          <div className="pages">
            <span>{formatCount(path.length * PAGE + 1)}–{formatCount(path.length * PAGE + page.nodes.length)} of {formatCount(page.totalCount)}</span>
            <button disabled={path.length === 0} onClick={() => setPath(path.slice(0, -1))}>Back</button>
            <button disabled={!page.pageInfo.hasNextPage} onClick={() => page.pageInfo.endCursor && setPath([...path, page.pageInfo.endCursor])}>Next</button>
          </div>
        )}
      </Section>
    </Panel>
  );
}

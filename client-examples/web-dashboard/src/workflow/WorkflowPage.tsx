import { useMemo } from "react";
import { ConsoleDefinitionDocument } from "../../generated/graphql.js";
import { useQuery } from "../api/hooks.js";
import { ContextTab } from "../context/ContextTab.js";
import { DefinitionTab } from "../context/DefinitionTab.js";
import { EventsTab } from "../events/EventsTab.js";
import { go, workflowLink } from "../route.js";
import type { Tab } from "../route.js";
import { GroupPanel } from "../task/GroupPanel.js";
import { TaskPanel } from "../task/TaskPanel.js";
import { TimelineTab } from "../timeline/TimelineTab.js";
import { Notice } from "../ui/Notice.js";
import { GraphTab } from "./GraphTab.js";
import { Tabs } from "./Tabs.js";
import { statesOf, useWorkflow } from "./useWorkflow.js";
import type { WorkflowState } from "./useWorkflow.js";
import { WorkflowHead } from "./WorkflowHead.js";

interface WorkflowPageProps {
  id: string;
  tab: Tab;
  task: string | undefined;
}

export function WorkflowPage({ id, tab, task }: WorkflowPageProps) {
  const query = useWorkflow(id);
  const definition = useQuery(ConsoleDefinitionDocument, { id });
  const workflow = query.data?.workflow;
  const document = useMemo(() => definition.data?.workflow?.definition.document, [definition.data]);
  if (query.data && !workflow) return <Notice kind="empty" title="There is no such workflow">It may have outlived its retention. <a href="#/workflows">All workflows</a></Notice>;
  if (!workflow) return query.error ? <Notice kind="error" title="The workflow cannot be read">{query.error.message}</Notice> : <Notice kind="loading" title="Reading the workflow" />;
  const select = (address: string | undefined): void => go(workflowLink(id, tab, address));
  return (
    <div className="workflow-page">
      <WorkflowHead workflow={workflow} externalKeys={externalKeysOf(document)} refresh={query.refresh} />
      <Tabs id={id} tab={tab} />
      <div className={task === undefined ? "view" : "view with-panel"}>
        <div className="view-main">
          {tab === "graph" && document !== undefined && <GraphTab workflow={workflow} document={document} selected={task} onSelect={select} />}
          {tab === "timeline" && <TimelineTab workflow={workflow} selected={task} onSelect={select} />}
          {tab === "context" && <ContextTab workflow={workflow} />}
          {tab === "events" && <EventsTab workflow={workflow} />}
          {tab === "definition" && document !== undefined && <DefinitionTab document={document} />}
        </div>
        {task !== undefined && <Selected workflow={workflow} address={task} onClose={() => select(undefined)} />}
      </div>
    </div>
  );
}

function Selected({ workflow, address, onClose }: { workflow: WorkflowState; address: string; onClose(): void }) {
  const group = statesOf(workflow).groups.get(address);
  if (group) return <GroupPanel key={address} workflow={workflow} address={address} group={group} onClose={onClose} />;
  return <TaskPanel key={address} workflow={workflow} address={address} onClose={onClose} />;
}

function externalKeysOf(document: unknown): readonly string[] {
  return (document as { externalKeys?: string[] } | undefined)?.externalKeys ?? [];
}

/** Relay's connections: lists that are read by pages. */

import { Field, Int, ObjectType } from "type-graphql";
import { Task } from "./Task.js";
import { TaskGroup } from "./TaskGroup.js";
import { TaskItem } from "./TaskItem.js";
import { Workflow } from "./Workflow.js";
import { WorkflowDefinition } from "./WorkflowDefinition.js";
import { WorkflowEvent } from "./WorkflowEvent.js";

@ObjectType("PageInfo", { simpleResolvers: true, description: "Where a page lies in its list." })
export class PageInfo {
  @Field(() => Boolean, { description: "Whether more follows: ask again with `after: endCursor`." })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether something precedes this page." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "Cursor of the first element; null on an empty page." })
  startCursor?: string;

  @Field(() => String, { nullable: true, description: "Cursor of the last element; null on an empty page." })
  endCursor?: string;
}

@ObjectType("WorkflowEdge", { simpleResolvers: true, description: "A workflow and its place in the list." })
export class WorkflowEdge {
  @Field(() => String, { description: "Its place, to continue from. Opaque." })
  cursor!: string;

  @Field(() => Workflow, { description: "The workflow." })
  node!: Workflow;
}

@ObjectType("WorkflowConnection", { simpleResolvers: true, description: "A page of workflows, the newest first." })
export class WorkflowConnection {
  @Field(() => [WorkflowEdge], { description: "The page's workflows with their cursors; at most 1,000." })
  edges!: WorkflowEdge[];

  @Field(() => [Workflow], { description: "The page's workflows without cursors." })
  nodes!: Workflow[];

  @Field(() => PageInfo, { description: "Where the page lies." })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: "How many workflows match, on all pages." })
  totalCount!: number;
}

@ObjectType("WorkflowDefinitionEdge", { simpleResolvers: true, description: "A registered definition and its place in the list." })
export class WorkflowDefinitionEdge {
  @Field(() => String, { description: "Its place, to continue from. Opaque." })
  cursor!: string;

  @Field(() => WorkflowDefinition, { description: "The definition." })
  node!: WorkflowDefinition;
}

@ObjectType("WorkflowDefinitionConnection", { simpleResolvers: true, description: "A page of registered definitions, in the order of their names." })
export class WorkflowDefinitionConnection {
  @Field(() => [WorkflowDefinitionEdge], { description: "The page's definitions with their cursors; at most 1,000." })
  edges!: WorkflowDefinitionEdge[];

  @Field(() => [WorkflowDefinition], { description: "The page's definitions without cursors." })
  nodes!: WorkflowDefinition[];

  @Field(() => PageInfo, { description: "Where the page lies." })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: "How many names are registered, on all pages." })
  totalCount!: number;
}

@ObjectType("TaskEdge", { simpleResolvers: true, description: "A task and its place in the list." })
export class TaskEdge {
  @Field(() => String, { description: "Its place, to continue from. Opaque." })
  cursor!: string;

  @Field(() => Task, { description: "The task." })
  node!: Task;
}

@ObjectType("TaskConnection", { simpleResolvers: true, description: "A page of tasks, in the order of the definition." })
export class TaskConnection {
  @Field(() => [TaskEdge], { description: "The page's tasks with their cursors; at most 1,000." })
  edges!: TaskEdge[];

  @Field(() => [Task], { description: "The page's tasks without cursors." })
  nodes!: Task[];

  @Field(() => PageInfo, { description: "Where the page lies." })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: "How many tasks match, on all pages." })
  totalCount!: number;
}

@ObjectType("TaskItemEdge", { simpleResolvers: true, description: "An item and its place in the list." })
export class TaskItemEdge {
  @Field(() => String, { description: "Its place, to continue from. Opaque." })
  cursor!: string;

  @Field(() => TaskItem, { description: "The item." })
  node!: TaskItem;
}

@ObjectType("TaskItemConnection", { simpleResolvers: true, description: "A page of items, in item order." })
export class TaskItemConnection {
  @Field(() => [TaskItemEdge], { description: "The page's items with their cursors; at most 1,000." })
  edges!: TaskItemEdge[];

  @Field(() => [TaskItem], { description: "The page's items without cursors." })
  nodes!: TaskItem[];

  @Field(() => PageInfo, { description: "Where the page lies." })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: "How many items match, on all pages." })
  totalCount!: number;
}

@ObjectType("EventEdge", { simpleResolvers: true, description: "An event and its place in the log." })
export class EventEdge {
  @Field(() => String, { description: "Its place, to continue from: the event's own cursor. Opaque." })
  cursor!: string;

  @Field(() => WorkflowEvent, { description: "The event." })
  node!: WorkflowEvent;
}

@ObjectType("EventConnection", { simpleResolvers: true, description: "A page of a workflow's event log, the oldest first." })
export class EventConnection {
  @Field(() => [EventEdge], { description: "The page's events with their cursors; at most 1,000." })
  edges!: EventEdge[];

  @Field(() => [WorkflowEvent], { description: "The page's events." })
  nodes!: WorkflowEvent[];

  @Field(() => PageInfo, { description: "Where the page lies. hasNextPage tells what the log holds now; a running workflow adds to it." })
  pageInfo!: PageInfo;
}

@ObjectType("TaskGroupEdge", { simpleResolvers: true, description: "An instance of an expanded group and its place in the list." })
export class TaskGroupEdge {
  @Field(() => String, { description: "Its place, to continue from. Opaque." })
  cursor!: string;

  @Field(() => TaskGroup, { description: "The instance." })
  node!: TaskGroup;
}

@ObjectType("TaskGroupConnection", { simpleResolvers: true, description: "A page of the instances of an expanded group, in item order." })
export class TaskGroupConnection {
  @Field(() => [TaskGroupEdge], { description: "The page's instances with their cursors; at most 1,000." })
  edges!: TaskGroupEdge[];

  @Field(() => [TaskGroup], { description: "The page's instances without cursors." })
  nodes!: TaskGroup[];

  @Field(() => PageInfo, { description: "Where the page lies." })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: "How many instances there are." })
  totalCount!: number;
}

/** What planWorkflow answers. */

import { Field, Int, ObjectType } from "type-graphql";
import { Problem } from "./Problem.js";

@ObjectType("PlanNode", { simpleResolvers: true, description: "A task in the inferred graph." })
export class PlanNode {
  @Field(() => String, { description: "The task's address: group.task." })
  task!: string;

  @Field(() => Int, { description: "1 for tasks that can start at once, else one more than the highest of those it depends on." })
  level!: number;

  @Field(() => [String], { description: "Addresses of the tasks that must have ended before." })
  dependsOn!: string[];

  @Field(() => [String], { description: "Context keys it reads, inferred and declared." })
  reads!: string[];

  @Field(() => [String], { description: "Context keys it writes." })
  writes!: string[];
}

@ObjectType("WorkflowPlan", { simpleResolvers: true, description: "What a definition would run as, found without running it." })
export class WorkflowPlan {
  @Field(() => Boolean, { description: "Whether submitWorkflow would accept it." })
  valid!: boolean;

  @Field(() => [Problem], { description: "Everything that must be changed." })
  problems!: Problem[];

  @Field(() => [Problem], { description: "What is allowed but probably not meant." })
  warnings!: Problem[];

  @Field(() => [PlanNode], { description: "The tasks with their dependencies, in the order of the definition; at most 10,000." })
  nodes!: PlanNode[];

  @Field(() => Int, { description: "Length of the longest chain of dependencies, counted in tasks." })
  levels!: number;

  @Field(() => Int, { nullable: true, description: "Tasks and items together; null when an expansion depends on results." })
  estimatedTasks?: number;
}

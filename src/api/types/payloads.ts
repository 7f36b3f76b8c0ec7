/** What mutations answer: the changed object and the problems, if there were any. */

import { Field, ObjectType } from "type-graphql";
import { Problem } from "./Problem.js";
import { Workflow } from "./Workflow.js";
import { WorkflowDefinition } from "./WorkflowDefinition.js";

@ObjectType("SubmitWorkflowPayload", { simpleResolvers: true, description: "The outcome of submitWorkflow." })
export class SubmitWorkflowPayload {
  @Field(() => Workflow, { nullable: true, description: "The workflow; null when there are problems: then nothing was stored." })
  workflow?: Workflow;

  @Field(() => Boolean, { description: "True when the idempotency key had been used before with the same payload, and this is that workflow." })
  duplicate!: boolean;

  @Field(() => [Problem], { description: "All that is wrong with the input; empty when it was accepted." })
  problems!: Problem[];
}

@ObjectType("RegisterDefinitionPayload", { simpleResolvers: true, description: "The outcome of registerDefinition." })
export class RegisterDefinitionPayload {
  @Field(() => WorkflowDefinition, { nullable: true, description: "The definition with its version; null when there are problems: then nothing was registered." })
  definition?: WorkflowDefinition;

  @Field(() => [Problem], { description: "All that is wrong with the definition, whatever its context; empty when it was accepted." })
  problems!: Problem[];
}

@ObjectType("WorkflowPayload", { simpleResolvers: true, description: "The outcome of a mutation of a workflow." })
export class WorkflowPayload {
  @Field(() => Workflow, { nullable: true, description: "The workflow as it is after the mutation; null when there is none of that id." })
  workflow?: Workflow;

  @Field(() => [Problem], { description: "Why nothing was changed; empty when it was." })
  problems!: Problem[];
}

/** How one declared task becomes many items. */

import { Field, Float, InputType, Int } from "type-graphql";
import type { ItemFailurePolicy, OutputFormat } from "../../workflow/definition.js";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";
import { ItemFailurePolicyEnum, OutputFormatEnum } from "../types/enums.js";

@InputType("CustomExpansionInput", { description: "Items made by an expression or by an expander: exactly one of the two." })
export class CustomExpansionInput {
  @Field(() => String, {
    nullable: true,
    description: "JSONata that gives a list of objects; each object's fields become the item's variables.",
  })
  expression?: string | null;

  @Field(() => String, { nullable: true, description: "The name of an expander: range, chunks, or one registered in TypeScript." })
  expander?: string | null;

  @Field(() => JSONScalar, { nullable: true, description: "What the expander is given: any JSON; strings may hold {{ expression }} templates." })
  args?: JsonValue;
}

@InputType("ExpansionInput", {
  description: "Runs a task once per item, at most 1,000,000 of them. Exactly one of array, zip, matrix and custom.",
})
export class ExpansionInput {
  @Field(() => JSONScalar, {
    nullable: true,
    description: "One item per element: an object of exactly one variable, whose value is a list or a JSONata expression that gives one.",
  })
  array?: JsonValue;

  @Field(() => JSONScalar, { nullable: true, description: "Variables that advance together, each with its list or expression; unequal lengths are an error." })
  zip?: JsonValue;

  @Field(() => JSONScalar, { nullable: true, description: "Every combination of the variables' values, the first variable slowest." })
  matrix?: JsonValue;

  @Field(() => [JSONScalar], { nullable: true, description: "Matrix only: combinations that match all fields of an entry are left out." })
  exclude?: JsonValue[] | null;

  @Field(() => [JSONScalar], {
    nullable: true,
    description: "Matrix only, after exclude: an entry adds its fields to the combinations whose values it does not change, or is a combination of its own.",
  })
  include?: JsonValue[] | null;

  @Field(() => CustomExpansionInput, { nullable: true, description: "Items made by an expression or an expander." })
  custom?: CustomExpansionInput | null;

  @Field(() => String, { nullable: true, description: "JSONata over the item's variables; items for which it is not truthy are dropped." })
  filter?: string | null;

  @Field(() => String, { nullable: true, description: "A template that gives each item's name, unique within the expansion; by default its index." })
  identifier?: string | null;

  @Field(() => OutputFormatEnum, { nullable: true, defaultValue: "MERGE", description: "How the items' results become one value." })
  outputFormat?: OutputFormat | null;

  @Field(() => Boolean, { nullable: true, defaultValue: false, description: "MERGE only: results that are lists are joined; others stay elements." })
  flatten?: boolean | null;

  @Field(() => Boolean, { nullable: true, defaultValue: false, description: "MERGE of a matrix only: lists within lists, one level per variable." })
  nested?: boolean | null;

  @Field(() => String, { nullable: true, description: "SINGLE only: JSONata over $results; by default the last item's result." })
  reduce?: string | null;

  @Field(() => Int, { nullable: true, description: "Items that run at the same time; at least 1, by default as many as the workers take." })
  maxParallel?: number | null;

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: "Whether the remaining items are cancelled once more failed than is tolerated." })
  failFast?: boolean | null;

  @Field(() => Int, { nullable: true, description: "Items that may fail before the task does; 0 or more, by default 0." })
  toleratedFailures?: number | null;

  @Field(() => Float, { nullable: true, description: "Share of the items that may fail, 0 to 100. With toleratedFailures, both hold." })
  toleratedFailurePercent?: number | null;

  @Field(() => ItemFailurePolicyEnum, { nullable: true, defaultValue: "DROP", description: "What a tolerated failure leaves in the output." })
  onItemFailure?: ItemFailurePolicy | null;

  @Field(() => Int, {
    nullable: true,
    description: "Hands the handler lists of up to this many items' inputs, 1 to 1,000; it returns a list of the same length, in which {\"$error\": {code, message}} fails an item. Of a task only, not of a group.",
  })
  batchSize?: number | null;
}

/** How the values that tasks write under one context key become one. */

import { Field, InputType } from "type-graphql";
import type { Reducer } from "../../workflow/definition.js";
import { ReducerEnum } from "../types/enums.js";

@InputType("ReducerInput", {
  description:
    "Combines what tasks write under one key. Tasks that were skipped, or failed under IGNORE, contribute nothing; whoever reads the key waits for all its writers, and is skipped when none contributes and there is no initial value.",
})
export class ReducerInput {
  @Field(() => String, { description: "The context key; some task must write it." })
  key!: string;

  @Field(() => ReducerEnum, { description: "How they become one value." })
  reducer!: Reducer;
}

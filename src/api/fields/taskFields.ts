/** The fields of a task that need reads of their own, made only when they are selected. */

import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import type { TaskStatus } from "../../workflow/status.js";
import type { ApiContext } from "../context.js";
import { PAGE_SIZE_DESCRIPTION, emptyPage, toConnection, toPageRequest } from "../paging.js";
import { presentAttempt, presentItem } from "../present.js";
import { JSONScalar } from "../scalars.js";
import { TaskItemConnection } from "../types/connections.js";
import { TaskStatusEnum } from "../types/enums.js";
import { Task } from "../types/Task.js";
import { TaskAttempt } from "../types/TaskAttempt.js";

@Resolver(() => Task)
export class TaskFields {
  @FieldResolver(() => [TaskAttempt], { description: "All its attempts, the oldest first; empty for an expanded task, whose items have their own." })
  attempts(@Root() { state }: Task, @Ctx() { engine }: ApiContext): TaskAttempt[] {
    return engine.attempts(state).map(presentAttempt);
  }

  @FieldResolver(() => JSONScalar, {
    nullable: true,
    description: "The handler's input with its templates resolved; null before the task is READY.",
  })
  async input(@Root() { state }: Task, @Ctx() { engine }: ApiContext): Promise<JsonValue> {
    return (await engine.input(state)) ?? null;
  }

  @FieldResolver(() => JSONScalar, {
    nullable: true,
    description: "What the handler returned or, for an expanded task, what its items' results became; null while there is none.",
  })
  async result(@Root() { state }: Task, @Ctx() { engine }: ApiContext): Promise<JsonValue> {
    return (await engine.result(state)) ?? null;
  }

  @FieldResolver(() => TaskItemConnection, { description: "The items of an expanded task, in item order; none unless it is expanded." })
  async items(
    @Root() { state }: Task,
    @Ctx() { engine }: ApiContext,
    @Arg("status", () => [TaskStatusEnum], { nullable: true, description: "Only items in one of these statuses." }) status?: TaskStatus[] | null,
    @Arg("first", () => Int, { nullable: true, description: PAGE_SIZE_DESCRIPTION }) first?: number | null,
    @Arg("after", () => String, { nullable: true, description: "Continue behind this cursor." }) after?: string | null,
  ): Promise<TaskItemConnection> {
    const request = toPageRequest({ first, after });
    const page = state.itemCounts ? await engine.items(state, status ? { status } : {}, request) : emptyPage();
    return toConnection(page, (item) => presentItem(item, state));
  }
}

/** A workflow as a timeline, as its event log, and its context: each follows what happens. */

import { expect, test } from "vitest";
import { data, submit } from "../api/graphqlClient.js";
import { BROWSER_TIMEOUT_MS, screenshot, sideways } from "./browser.js";
import { useConsole } from "./console.js";

const shown = useConsole();

const SIGNAL = "mutation($input: SignalTaskInput!) { signalTask(input: $input) { problems { message } } }";

const WATCHED = {
  definition: {
    name: "watched",
    groups: [
      {
        name: "steps",
        tasks: [
          { name: "shaky", handler: "fail", input: { code: "BUSY", message: "Later.", untilAttempt: 3, result: "amber" }, retry: { initialDelay: "5ms" } },
          { name: "ask", handler: "signal", input: {}, dependencies: ["shaky"], resultKeys: ["answer"] },
          { name: "close", handler: "transform", input: { data: "{{ answer }}", expression: "$" } },
        ],
      },
    ],
  },
};

test.each([1280, 390])("at %i pixels attempts, waits, events and context values are seen as they come", async (width) => {
  const id = await submit(shown.server, WATCHED);
  const { page, complaints } = await shown.open({ at: `/workflows/${id}/timeline`, width });
  const row = (task: string) => page.locator(".timeline-row", { hasText: task });
  await row("steps.ask").locator(".piece.wait.s-waiting").waitFor();
  // Three attempts, and two waits between them.
  expect([await row("steps.shaky").locator(".piece.attempt").count(), await row("steps.shaky").locator(".piece.wait").count()]).toEqual([3, 2]);
  expect(await row("steps.close").innerText()).toContain("answer");
  await screenshot(page, `timeline-${width}`);

  const view = (name: string) => page.locator(".tabs a", { hasText: name });
  await view("context").click();
  await page.locator(".context-keys li", { hasText: "shaky" }).waitFor();
  await view("events").click();
  await page.locator(".event-rows li").first().getByText("steps.ask").waitFor();
  await data(shown.server, SIGNAL, { input: { workflowId: id, task: "steps.ask", payload: { colour: "green" } } });
  await page.locator(".event-rows li").first().getByText("workflow completed").waitFor();
  const seqs = (await page.locator(".event-rows .seq").allInnerTexts()).map(Number);
  expect(seqs).toEqual(Array.from(seqs, (_, index) => seqs.length - index));
  expect(await sideways(page)).toBe(0);
  await screenshot(page, `events-${width}`);
  await page.getByRole("button", { name: "failures" }).click();
  await expect.poll(() => page.locator(".event-rows b").allInnerTexts()).toEqual(["task retrying", "task retrying"]);

  await view("context").click();
  await page.getByRole("searchbox").fill("gree");
  await expect.poll(() => page.locator(".context-keys b").allInnerTexts()).toEqual(["answer", "close"]);
  await page.locator(".context-keys button").first().click();
  await page.getByText("colour:").waitFor();
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

import { formatInstant, lasted } from "../ui/format.js";
import { Section } from "../ui/Section.js";
import type { TaskDetail } from "./TaskPanel.js";

export function Attempts({ attempts, now }: { attempts: TaskDetail["attempts"]; now: number }) {
  return (
    <Section title="Attempts" aside={attempts.length}>
      <ol className="attempts">
        {[...attempts].reverse().map(({ number, startedAt, finishedAt, worker, error }) => (
          <li key={number} className={error ? "s-failed" : finishedAt ? "s-completed" : "s-running"}>
            <b>{number}</b>
            <span>
              <time title={formatInstant(startedAt)}>{new Date(startedAt).toLocaleTimeString("en-GB")}</time> for {lasted(startedAt, finishedAt, now)}
              {worker && <code title="worker">{worker}</code>}
              {error && <em><b>{error.code}</b> {error.message}</em>}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

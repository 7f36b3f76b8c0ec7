import type { ProblemFragment } from "../../generated/graphql.js";

export function Problems({ problems, onPick }: { problems: readonly ProblemFragment[]; onPick?(path: string): void }) {
  if (problems.length === 0) return null;
  return (
    <ul className="problems" role="alert">
      {problems.map(({ path, code, message, hint }, index) => (
        <li key={index}>
          {path && (onPick ? <button className="link" onClick={() => onPick(path)}><code>{path}</code></button> : <code>{path}</code>)}
          <b>{code}</b> {message}
          {hint && <small> {hint}</small>}
        </li>
      ))}
    </ul>
  );
}

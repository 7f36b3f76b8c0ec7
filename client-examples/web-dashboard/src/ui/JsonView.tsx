import { useState } from "react";

const SHOWN_AT_FIRST = 50;
const LONG_TEXT = 600;
const OPEN_UP_TO = 30;

interface JsonViewProps {
  value: unknown;
  name?: string;
  depth?: number;
}

/** JSON as a tree. What is large is closed, or cut with a way to see more: a page never holds all of a megabyte. */
export function JsonView({ value, name, depth = 0 }: JsonViewProps) {
  if (value !== null && typeof value === "object") return <Container value={value} name={name} depth={depth} />;
  return <div className="json-line"><Name name={name} /><Scalar value={value} /></div>;
}

function Name({ name }: { name: string | undefined }) {
  return name === undefined ? null : <span className="json-name">{name}: </span>;
}

function Scalar({ value }: { value: unknown }) {
  const [all, setAll] = useState(false);
  if (typeof value !== "string") return <span className={`json-${value === null ? "null" : typeof value}`}>{String(value)}</span>;
  const cut = !all && value.length > LONG_TEXT;
  return <span className="json-string">"{cut ? `${value.slice(0, LONG_TEXT)}…` : value}"{cut && <button className="link" onClick={() => setAll(true)}>all {value.length} characters</button>}</span>;
}

function Container({ value, name, depth }: { value: object; name: string | undefined; depth: number }) {
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, setOpen] = useState(depth === 0 || (depth < 3 && entries.length <= OPEN_UP_TO));
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const [left, right] = isList ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return <div className="json-line"><Name name={name} />{left}{right}</div>;
  return (
    <div className="json-container">
      <button className="json-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        <i aria-hidden="true">{open ? "▾" : "▸"}</i><Name name={name} />{left}{!open && <small> {entries.length} {right}</small>}
      </button>
      {open && (
        <div className="json-children">
          {entries.slice(0, shown).map(([key, child]) => <JsonView key={key} value={child} name={key} depth={depth + 1} />)}
          {entries.length > shown && <button className="link" onClick={() => setShown(shown + 200)}>{entries.length - shown} more</button>}
        </div>
      )}
      {open && <div className="json-line">{right}</div>}
    </div>
  );
}

import { useEffect, useRef, useState } from "react";
import { go, listLink } from "../route.js";
import { statusClass, statusName, statusSign } from "../ui/status.js";
import { chosenStatuses, PERIODS, STATUSES, withParameter } from "./filters.js";

const TYPING_MS = 250;

export function Filters({ search }: { search: URLSearchParams }) {
  const chosen = chosenStatuses(search);
  const change = (name: string, value: string): void => go(listLink(withParameter(search, name, value)));
  const toggle = (status: (typeof STATUSES)[number]): void => {
    const next = chosen.includes(status) ? chosen.filter((other) => other !== status) : [...chosen, status];
    change("status", next.join(","));
  };
  return (
    <div className="filters" role="search">
      <SearchBox text={search.get("q") ?? ""} onChange={(text) => change("q", text)} />
      <div className="chips" role="group" aria-label="Statuses">
        {STATUSES.map((status) => (
          <button key={status} className={`chip ${statusClass(status)}`} aria-pressed={chosen.includes(status)} onClick={() => toggle(status)}>
            <i aria-hidden="true">{statusSign(status)}</i>{statusName(status)}
          </button>
        ))}
      </div>
      <select aria-label="Submitted" value={search.get("since") ?? ""} onChange={(event) => change("since", event.target.value)}>
        {PERIODS.map(({ value, text }) => <option key={value} value={value}>{text}</option>)}
      </select>
    </div>
  );
}

/** The key / leads there from anywhere on the page. */
function SearchBox({ text, onChange }: { text: string; onChange(text: string): void }) {
  const [typed, setTyped] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed.trim() === text) return undefined;
    const timer = setTimeout(() => onChange(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "/" || /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as Element).tagName)) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <label className="search">
      <span aria-hidden="true">⌕</span>
      <input ref={input} type="search" value={typed} onChange={(event) => setTyped(event.target.value)}
        placeholder="Name, id, label:team=search, session:…" aria-label="Search by name, id, label or session" />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

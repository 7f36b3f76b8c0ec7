import type { KeyboardEvent } from "react";
import { TABS, workflowLink } from "../route.js";
import type { Tab } from "../route.js";

export function Tabs({ id, tab }: { id: string; tab: Tab }) {
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const links = [...event.currentTarget.querySelectorAll("a")];
    links[(links.indexOf(event.target as HTMLAnchorElement) + step + links.length) % links.length]?.focus();
  };
  return (
    <nav className="tabs" aria-label="Views" onKeyDown={onKeyDown}>
      {TABS.map((name) => <a key={name} href={workflowLink(id, name)} aria-current={name === tab ? "page" : undefined}>{name}</a>)}
    </nav>
  );
}

import { useEffect, useRef } from "react";
import type { ReactNode } from "react";

interface PanelProps {
  title: string;
  badge: ReactNode;
  children: ReactNode;
  onClose(): void;
}

/** Beside the graph, or above everything on narrow pages. Escape closes it and gives the focus back. */
export function Panel({ title, badge, children, onClose }: PanelProps) {
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) close.current();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <aside className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {badge}
        <button className="quiet" onClick={onClose} aria-label="Close">✕</button>
      </header>
      <div className="panel-body">{children}</div>
    </aside>
  );
}

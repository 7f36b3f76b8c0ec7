import type { ReactNode } from "react";

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <h3>{title}{aside && <span>{aside}</span>}</h3>
      {children}
    </section>
  );
}

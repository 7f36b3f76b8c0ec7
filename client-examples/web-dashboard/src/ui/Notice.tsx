import type { ReactNode } from "react";

interface NoticeProps {
  kind: "empty" | "error" | "loading";
  title: string;
  children?: ReactNode;
}

/** What stands in place of content: nothing there, not there yet, or why it cannot be shown. */
export function Notice({ kind, title, children }: NoticeProps) {
  return (
    <div className={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
      {kind === "loading" && <i className="spinner" />}
      <b>{title}</b>
      {children && <div>{children}</div>}
    </div>
  );
}

import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import type { ProblemFragment } from "../../generated/graphql.js";
import { Problems } from "./Problems.js";

interface DialogProps {
  title: string;
  /** What the button that does it says. */
  verb: string;
  danger?: boolean;
  disabled: boolean;
  problems: readonly ProblemFragment[];
  children: ReactNode;
  onDo(): void;
  onClose(): void;
}

export function Dialog({ title, verb, danger = false, disabled, problems, children, onDo, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={onClose}>
      <form onSubmit={(event) => {
        event.preventDefault();
        onDo();
      }}>
        <h2>{title}</h2>
        {children}
        <Problems problems={problems} />
        <div className="buttons">
          <button type="button" onClick={onClose}>Back</button>
          <button className={danger ? "main danger-main" : "main"} disabled={disabled}>{verb}</button>
        </div>
      </form>
    </dialog>
  );
}

import { useEffect, useRef, useState } from "react";
import type { KeyboardEvent, RefObject } from "react";
import type { Draft, Mark } from "./draft.js";
import { fieldsAt } from "./fields.js";
import type { Field } from "./fields.js";

interface EditorProps {
  text: string;
  draft: Draft;
  marks: readonly Mark[];
  /** A line to show, as somebody picked a problem of it. */
  line: { at: number } | undefined;
  onChange(text: string): void;
}

const LINE_PX = 19;
const MOST_FIELDS = 14;

export function Editor({ text, draft, marks, line, onChange }: EditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(0);
  useEffect(() => {
    const { current } = area;
    if (!current || !line) return;
    const from = text.split("\n").slice(0, line.at - 1).join("\n").length + (line.at > 1 ? 1 : 0);
    current.focus();
    current.setSelectionRange(from, text.indexOf("\n", from) === -1 ? text.length : text.indexOf("\n", from));
    current.scrollTop = (line.at - 4) * LINE_PX;
  }, [line]);
  const typed = /(\w*)$/.exec(text.slice(0, cursor))?.[1] ?? "";
  const fields = fieldsAt(draft.pathAt(cursor), draft.bare);
  const fitting = fields.filter(({ name }) => name.toLowerCase().startsWith(typed.toLowerCase()) && name !== typed);
  const complete = (field: Field): void => insert(area, cursor - typed.length, cursor, `${field.name}: `);
  const onKeyDown = (event: KeyboardEvent): void => {
    const [first] = fitting;
    if (event.key === " " && event.ctrlKey && first) {
      event.preventDefault();
      complete(first);
    }
  };
  return (
    <div className="editor">
      <div className="editor-sheet">
        <div className="editor-gutter" ref={gutter} aria-hidden="true">
          {text.split("\n").map((_, index) => <i key={index} className={marks.some(({ line: marked }) => marked === index + 1) ? "marked" : ""}>{index + 1}</i>)}
        </div>
        <textarea ref={area} value={text} spellCheck={false} wrap="off" aria-label="Definition as JSON or YAML" onChange={(event) => { onChange(event.target.value); setCursor(event.target.selectionStart); }} onKeyDown={onKeyDown}
          onSelect={(event) => setCursor(event.currentTarget.selectionStart)} onScroll={(event) => gutter.current && (gutter.current.scrollTop = event.currentTarget.scrollTop)} />
      </div>
      <div className="completion" aria-label="Fields that may stand here">
        {fitting.slice(0, MOST_FIELDS).map((field) => <button key={field.name} title={field.description} onClick={() => complete(field)}>{field.name}<small>{field.type}</small></button>)}
        <span>{typed !== "" && fitting[0] ? <><kbd>Ctrl Space</kbd> {fitting[0].description}</> : fields.length === 0 ? "Any JSON may stand here." : "What may stand at the cursor."}</span>
      </div>
    </div>
  );
}

/** As if it had been typed, so that it can be undone. */
function insert(area: RefObject<HTMLTextAreaElement | null>, from: number, to: number, text: string): void {
  const { current } = area;
  if (!current) return;
  current.focus();
  current.setSelectionRange(from, to);
  document.execCommand("insertText", false, text);
}

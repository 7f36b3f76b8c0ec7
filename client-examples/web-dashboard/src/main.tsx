/** The console: shows and steers workflows over the public API alone. */

import { createRoot } from "react-dom/client";
import { App } from "./App.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/list.css";
import "./styles/workflow.css";
import "./styles/graph.css";
import "./styles/panel.css";
import "./styles/timeline.css";
import "./styles/log.css";
import "./styles/submit.css";

const container = document.getElementById("console");
if (container) createRoot(container).render(<App />);

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "./style.css";
import { Console } from "./console";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Console />
  </StrictMode>,
);

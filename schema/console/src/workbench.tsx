import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import "graphiql/setup-workers/vite";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./workbench.css";
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { buildSchema } from "graphql";
import { useEffect, useMemo } from "react";

import sdl from "../../schema.graphql?raw";
import { LIBRARY } from "./library";
import { fetcherFor } from "./requests";
import type { Store } from "./stores";

const PLUGINS = [LIBRARY, HISTORY_PLUGIN];
// Shipped with the console: whoever signs in needs it, and few may ask the API for it.
const SCHEMA = buildSchema(sdl);
const WELCOME = `# Choose a ready operation on the left, or write your own here.
# Ctrl-Enter runs it, Ctrl-Space completes, Shift-Ctrl-P tidies.
`;

function WrappedLines() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => queryEditor?.updateOptions({ wordWrap: "on" }), [queryEditor]);
  return null;
}

/** GraphiQL colours its editors once; a system that turns dark meanwhile must be followed. */
function SystemColours() {
  const chosen = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setTheme(chosen);
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, [chosen, setTheme]);
  return null;
}

/** GraphiQL for one signed-in caller; default export because it is loaded on sign-in only. */
export default function Workbench({ token, store }: { token: string; store: Store }) {
  const fetcher = useMemo(() => fetcherFor(token), [token]);
  return (
    <GraphiQL
      fetcher={fetcher}
      schema={SCHEMA}
      storage={store}
      plugins={PLUGINS}
      visiblePlugin={LIBRARY.title}
      defaultQuery={WELCOME}
      defaultEditorToolsVisibility="variables"
      isHeadersEditorEnabled={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>{null}</GraphiQL.Logo>
      <WrappedLines />
      <SystemColours />
    </GraphiQL>
  );
}

import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from "@graphiql/react";
import { useState } from "react";

import { search, type Operation } from "./operations";

const COMMENTS = /^[ \t]*#.*$/gm;

/** Opens an operation in a new tab, or in the present one while that holds no operation. */
function useOpen(): (operation: Operation) => void {
  const { addTab, setOperationFacts, updateActiveTabValues } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  return ({ query, variables, definitions }) => {
    if (queryEditor?.getValue().replace(COMMENTS, "").trim()) addTab();
    const operationName = definitions[0]?.name?.value;
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    // The editor finds these by itself a moment later; until then "run" would send the old name.
    setOperationFacts({ operationName, operations: definitions });
    updateActiveTabValues({ query, variables, operationName: operationName ?? null });
    queryEditor?.focus();
  };
}

function Entry({ operation, open }: { operation: Operation; open(operation: Operation): void }) {
  return (
    <li>
      <button type="button" className="library-entry" onClick={() => open(operation)}>
        <span className="library-title">{operation.title}</span>
        {operation.changesData && <span className="tag">changes data</span>}
        <span className="library-explanation">{operation.explanation}</span>
      </button>
    </li>
  );
}

function Library() {
  const [words, setWords] = useState("");
  const open = useOpen();
  const found = search(words);
  return (
    <section aria-label="Ready operations" className="library">
      <h2>Ready operations</h2>
      <p className="hint">Each opens in a new tab with its variables filled in.</p>
      <label className="hidden-label" htmlFor="library-search">
        Search the operations
      </label>
      <input
        id="library-search"
        type="search"
        placeholder="Search"
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <p className="hint" role="status">
        {found.length === 0 ? "No operation has these words." : ""}
      </p>
      <ul>
        {found.map((operation) => (
          <Entry key={operation.name} operation={operation} open={open} />
        ))}
      </ul>
    </section>
  );
}

function LibraryIcon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <rect x="2.5" y="3" width="4" height="14" rx="1" />
      <rect x="6.5" y="3" width="4" height="14" rx="1" />
      <path d="m11.6 4.4 2.9-.8 3.2 12.6-2.9.7z" strokeLinejoin="round" />
    </svg>
  );
}

export const LIBRARY: GraphiQLPlugin = {
  title: "Ready operations",
  icon: LibraryIcon,
  content: Library,
};

import "graphiql/setup-workers/vite";
// The packages' own style sheets rather than graphiql/style.css: that one carries web fonts and the editor's style twice.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { exampleTabs } from "./examples.js";
import { read, readable, send } from "./gateway.js";
import { Session } from "./session.js";
import { SessionBar } from "./SessionBar.jsx";

// { demo?: { accountLabel, password } }: given in the demo only.
const { demo } = JSON.parse(document.getElementById("config").textContent);
const session = new Session(demo);
const tabs = exampleTabs(demo);
// As in page.css: below this width the result stands under the editor, and room is scarce.
const narrow = window.matchMedia("(max-width: 700px)").matches;

async function fetcher({ operationName, ...params }, options = {}) {
  // Just after a change of tabs GraphiQL still gives the name of the former tab's operation.
  if (operationName && params.query.includes(operationName)) params.operationName = operationName;
  const typed = options.headers ?? {};
  // An Authorization header typed in the Headers editor wins over the bar's session.
  const ownAuthorization = Object.keys(typed).some((name) => name.toLowerCase() === "authorization");
  const attempt = async () => send(params, { ...(ownAuthorization ? {} : await session.headers()), ...typed });
  try {
    let response = await attempt();
    // A refused token is answered before anything runs, so the same request may go out once more.
    if (response.status === 401 && !ownAuthorization && session.state.tenant) {
      await session.renew();
      response = await attempt();
    }
    return await read(response);
  } catch (error) {
    // As an answer of its own: GraphiQL shows a thrown error with its stack.
    return { errors: [{ message: readable(error) }] };
  }
}

function Page() {
  return (
    <>
      <SessionBar session={session} demo={demo} />
      <main className="editor">
        {/* sessionStorage: what is typed here (passwords among it) does not outlive the browser tab. */}
        <GraphiQL
          fetcher={fetcher}
          storage={window.sessionStorage}
          defaultTabs={tabs}
          defaultEditorToolsVisibility={narrow ? false : "variables"}
          isHeadersEditorEnabled
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <span className="editor-logo">GraphiQL</span>
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

createRoot(document.getElementById("root")).render(<Page />);

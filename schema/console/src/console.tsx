import { lazy, Suspense, useEffect, useState } from "react";

import { Mark } from "./mark";
import { fetchConfig, fetchViewer, type Config } from "./requests";
import { SignIn } from "./sign-in";
import { keepToken, keptToken, openStore, type Store } from "./stores";
import { rolesOf, type Viewer } from "./viewer";

const Workbench = lazy(() => import("./workbench"));

type Session = { token: string; viewer: Viewer; store: Store };

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function Wait({ children }: { children: string }) {
  return (
    <p className="wait" role="status">
      {children}
    </p>
  );
}

function Bar({ config, viewer, onSignOut }: { config: Config; viewer: Viewer; onSignOut(): void }) {
  return (
    <header className="bar">
      <h1>
        <Mark /> Cadre console
      </h1>
      <span className="tag">{config.environment}</span>
      <p className="who">
        <span className="who-name">{viewer.label}</span>
        <span className="who-roles">{rolesOf(viewer)}</span>
      </p>
      <button type="button" onClick={onSignOut}>
        Sign out
      </button>
    </header>
  );
}

function useConfig(): { config: Config | null; failure: string | null } {
  const [config, setConfig] = useState<Config | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    fetchConfig().then(setConfig, (error) => setFailure(words(error)));
  }, []);
  return { config, failure };
}

function useSession() {
  const [session, setSession] = useState<Session | null>(null);
  const [busy, setBusy] = useState(keptToken() !== null);
  const [failure, setFailure] = useState<string | null>(null);

  async function signIn(token: string) {
    setBusy(true);
    setFailure(null);
    try {
      const viewer = await fetchViewer(token);
      keepToken(token);
      setSession({ token, viewer, store: openStore() });
    } catch (error) {
      openStore().forget();
      setFailure(`Sign-in failed. ${words(error)}`);
    } finally {
      setBusy(false);
    }
  }

  function signOut() {
    session?.store.forget();
    // The editors keep their texts in memory for as long as the page lives, so the page must go.
    window.location.reload();
  }

  useEffect(() => {
    const token = keptToken();
    if (token !== null) void signIn(token);
  }, []);
  return { session, busy, failure, signIn, signOut };
}

export function Console() {
  const { config, failure } = useConfig();
  const { session, busy, failure: refusal, signIn, signOut } = useSession();
  if (failure !== null) return <Wait>{`The console cannot start. ${failure}`}</Wait>;
  if (config === null || (busy && keptToken() !== null)) return <Wait>Loading…</Wait>;
  if (session === null) {
    return <SignIn config={config} busy={busy} failure={refusal} onToken={signIn} />;
  }
  return (
    <div className="signed-in">
      <Bar config={config} viewer={session.viewer} onSignOut={signOut} />
      <main>
        <Suspense fallback={<Wait>Opening the editors…</Wait>}>
          <Workbench key={session.token} token={session.token} store={session.store} />
        </Suspense>
      </main>
    </div>
  );
}

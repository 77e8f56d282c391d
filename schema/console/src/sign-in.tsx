import { useState, type FormEvent } from "react";

import { Mark } from "./mark";
import type { Config, DemoRole } from "./requests";

type Props = {
  config: Config;
  busy: boolean;
  failure: string | null;
  onToken(token: string): void;
};

function Roles({ roles, busy, onToken }: { roles: DemoRole[] } & Pick<Props, "busy" | "onToken">) {
  return (
    <fieldset disabled={busy}>
      <legend>Choose a role of the demonstration world</legend>
      <ul className="roles">
        {roles.map(({ role, label, token }) => (
          <li key={role}>
            <button type="button" data-role={role} onClick={() => onToken(token)}>
              {label}
            </button>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

function Token({ busy, secondary, onToken }: Pick<Props, "busy" | "onToken"> & { secondary: boolean }) {
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim()) onToken(token.trim());
  };
  return (
    <form onSubmit={submit}>
      <label htmlFor="token">{secondary ? "Or sign in with a token" : "Access token"}</label>
      <div className="row">
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          autoFocus={!secondary}
          placeholder="Paste your token"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="primary" disabled={busy || !token.trim()}>
          Sign in
        </button>
      </div>
      <p className="hint">It stays in this browser tab and is forgotten at sign-out.</p>
    </form>
  );
}

export function SignIn({ config, busy, failure, onToken }: Props) {
  const demo = config.roles.length > 0;
  return (
    <main className="sign-in">
      <div className="card">
        <h1>
          <Mark /> Cadre console
        </h1>
        <p className="lead">The senior-leadership pipeline, as an API you can explore.</p>
        <p className="failure" role="alert">
          {failure}
        </p>
        {demo && <Roles roles={config.roles} busy={busy} onToken={onToken} />}
        <Token busy={busy} secondary={demo} onToken={onToken} />
      </div>
    </main>
  );
}

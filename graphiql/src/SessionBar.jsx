import { useId, useSyncExternalStore } from "react";

/** The slim bar above the editor: who is signed in, and the way in and out. */
export function SessionBar({ session, demo }) {
  const { tenant, busy, error } = useSyncExternalStore(session.subscribe, session.snapshot);
  return (
    <header className="session-bar">
      <p className="session-title">
        Tenant gateway
        {demo && <span className="session-badge">Demo</span>}
      </p>
      <p className={error ? "session-status session-error" : "session-status"} role="status">
        {error ?? <Status tenant={tenant} busy={busy} />}
      </p>
      {tenant ? (
        // A double click on "Sign in", whose place this takes, must not sign out again.
        <button type="button" className="session-button" onClick={(event) => event.detail < 2 && session.signOut()}>
          Sign out
        </button>
      ) : demo ? (
        <button
          type="button"
          className="session-button session-primary"
          aria-disabled={busy}
          onClick={() => busy || session.signIn(demo.accountLabel, demo.password)}
        >
          Sign in as the demo tenant
        </button>
      ) : (
        <SignInForm busy={busy} onSubmit={session.signIn} />
      )}
    </header>
  );
}

function Status({ tenant, busy }) {
  if (busy) return "Signing in…";
  if (!tenant) return "Not signed in";
  return (
    <>
      Signed in as <strong>{tenant.name ?? tenant.label}</strong>{" "}
      {tenant.name && <span className="session-label">(account {tenant.label})</span>}
    </>
  );
}

function SignInForm({ busy, onSubmit }) {
  const labelId = useId();
  const passwordId = useId();
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    if (!busy) onSubmit(form.get("label").trim(), form.get("password"));
  };
  return (
    <form className="session-form" onSubmit={submit}>
      <label htmlFor={labelId}>Account label</label>
      <input id={labelId} name="label" autoComplete="username" spellCheck="false" required />
      <label htmlFor={passwordId}>Password</label>
      <input id={passwordId} name="password" type="password" autoComplete="current-password" required />
      <button type="submit" className="session-button session-primary" aria-disabled={busy}>
        Sign in
      </button>
    </form>
  );
}

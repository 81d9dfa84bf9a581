import { isUnreachable, read, readable, send } from "./gateway.js";

const LOG_IN = `
  mutation LogIn($input: LogInInput!) {
    logIn(input: $input) {
      __typename
      ... on SignedIn {
        me { accountLabel leaseHolder { fullName } }
        tokens { accessToken refreshToken }
      }
      ... on Problem { message }
      ... on InvalidCredentials { attemptsLeft }
      ... on RateLimited { retryAfterSeconds }
    }
  }`;

const REFRESH = `
  mutation Refresh($input: RefreshSessionInput!) {
    refreshSession(input: $input) {
      ... on SessionRefreshed { tokens { accessToken refreshToken } }
    }
  }`;

// Of this browser tab only, and gone with it.
const STORAGE_KEY = "tenant-gateway:session";
// A token about to expire is renewed before it is sent.
const MARGIN_MS = 10_000;

/**
 * Who is signed in, and a valid access token for the requests.
 *
 * `state`: { tenant: { label, name } | null, busy: boolean, error: string | null }.
 */
export class Session {
  state = { tenant: null, busy: false, error: null };
  #demo;
  #tokens = null; // { accessToken, refreshToken, expiresAt }
  #renewal = null; // the renewal under way, shared by all requests that wait for it
  #generation = 0; // changes with every sign-in and sign-out, so that a late renewal cannot undo them
  #listeners = new Set();

  constructor(demo) {
    this.#demo = demo;
    try {
      const { tenant, tokens } = JSON.parse(sessionStorage.getItem(STORAGE_KEY));
      this.#tokens = tokens;
      this.state = { ...this.state, tenant };
    } catch {
      // Nothing kept, or nothing readable: nobody is signed in.
    }
  }

  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = () => this.state;

  signIn = async (accountLabel, password) => {
    this.#generation += 1;
    this.#set({ busy: true, error: null });
    try {
      const { tenant, tokens } = await logIn(accountLabel, password);
      this.#tokens = tokens;
      this.#set({ tenant, busy: false });
    } catch (error) {
      this.#tokens = null;
      this.#set({ tenant: null, busy: false, error: readable(error) });
    }
  };

  signOut = async () => {
    const accessToken = this.#tokens?.accessToken;
    this.#end(null);
    try {
      await send({ query: "mutation { logOut { __typename } }" }, bearer(accessToken));
    } catch {
      // The token is forgotten here either way, and expires within minutes.
    }
  };

  /** The headers that carry the session: none where nobody is signed in. */
  async headers() {
    if (this.#tokens && this.#tokens.expiresAt - MARGIN_MS < Date.now()) await this.renew();
    return this.#tokens ? bearer(this.#tokens.accessToken) : {};
  }

  /** A new access token for the expired or refused one; the session ends where there is none to be had. */
  renew() {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renew() {
    const generation = this.#generation;
    let tokens = null;
    let problem = "Sign in again.";
    try {
      tokens = await refresh(this.#tokens?.refreshToken);
      if (!tokens && this.#demo) ({ tokens } = await logIn(this.#demo.accountLabel, this.#demo.password));
    } catch (error) {
      // The gateway is away, which says nothing about the session.
      if (isUnreachable(error)) return;
      problem = error.message;
    }
    if (generation !== this.#generation) return;
    if (tokens) {
      this.#tokens = tokens;
      this.#set({});
    } else {
      this.#end(`Your session has ended. ${problem}`);
    }
  }

  #end(error) {
    this.#generation += 1;
    this.#tokens = null;
    this.#set({ tenant: null, busy: false, error });
  }

  #set(change) {
    this.state = { ...this.state, ...change };
    if (this.#tokens) {
      // Without the refresh token: a duplicated browser tab would use it a second time, which ends the session.
      const { accessToken, expiresAt } = this.#tokens;
      sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ tenant: this.state.tenant, tokens: { accessToken, expiresAt } }));
    } else {
      sessionStorage.removeItem(STORAGE_KEY);
    }
    for (const listener of this.#listeners) listener();
  }
}

async function logIn(accountLabel, password) {
  const input = { accountLabel, password, client: "APP" };
  const { data, errors } = await read(await send({ query: LOG_IN, variables: { input } }));
  const result = data?.logIn;
  if (!result) throw new Error(errors?.[0]?.message ?? "The gateway gave no answer.");
  if (result.__typename !== "SignedIn") throw new Error(explain(result));
  if (!result.tokens) throw new Error("The gateway gave no access token.");
  const { me, tokens } = result;
  return {
    tenant: { label: me.accountLabel, name: me.leaseHolder?.fullName ?? null },
    tokens: withExpiry(tokens),
  };
}

/** New tokens, or null where the session is over. */
async function refresh(refreshToken) {
  if (!refreshToken) return null;
  const { data } = await read(await send({ query: REFRESH, variables: { input: { refreshToken } } }));
  const tokens = data?.refreshSession?.tokens;
  return tokens ? withExpiry(tokens) : null;
}

function explain({ message, attemptsLeft, retryAfterSeconds }) {
  if (attemptsLeft !== undefined) return `${message} Attempts left: ${attemptsLeft}.`;
  if (retryAfterSeconds !== undefined) return `${message} Try again in ${retryAfterSeconds} s.`;
  return message;
}

function bearer(accessToken) {
  return { Authorization: `Bearer ${accessToken}` };
}

/**
 * The demo's clock is not this browser's, so `accessTokenExpiresAt` cannot be held against Date.now():
 * the token's own claims give its lifetime, which counts from now. Where they cannot be read,
 * the gateway's 401 tells that the token has expired.
 */
function withExpiry({ accessToken, refreshToken }) {
  let expiresAt = Number.MAX_SAFE_INTEGER;
  try {
    const claims = JSON.parse(atob(accessToken.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    if (claims.exp > claims.iat) expiresAt = Date.now() + (claims.exp - claims.iat) * 1000;
  } catch {
    // Not a JSON Web Token.
  }
  return { accessToken, refreshToken, expiresAt };
}

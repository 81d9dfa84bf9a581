/** One GraphQL request; the raw response, so that the caller can tell 401 from an answer. */
export function send(body, headers = {}) {
  return fetch("/graphql", {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json, application/json;q=0.9",
      "Content-Type": "application/json",
      // The gateway's guard against forged requests of other sites.
      "GraphQL-Preflight": "1",
      ...headers,
    },
    // The gateway refuses a session cookie and a bearer token together; this page works with tokens.
    credentials: "omit",
    // A redirect would lead to another address, which the page never calls.
    redirect: "error",
    body: JSON.stringify(body),
  });
}

/** The GraphQL answer in a response; throws with a readable message where there is none. */
export async function read(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The gateway answered with HTTP ${response.status} and no GraphQL result.`);
  }
}

/** Whether an error says that no answer came at all: fetch() throws a TypeError then. */
export function isUnreachable(error) {
  return error instanceof TypeError;
}

export function readable(error) {
  return isUnreachable(error) ? "The gateway cannot be reached." : error.message;
}

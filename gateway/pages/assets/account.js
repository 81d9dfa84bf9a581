// The page that a mailed link opens. The link's token stands in the fragment, which browsers send to nobody.
const texts = JSON.parse(document.getElementById("texts").textContent);
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname); // neither history nor a screenshot keeps it

const form = document.getElementById("form");
const password = document.getElementById("password");
const send = document.getElementById("send");
const outcome = document.getElementById("outcome");

const mutations = {
  confirm: `mutation Confirm($token: String!, $password: String!) {
    result: confirmAccount(input: { token: $token, password: $password, client: WEB }) {
      __typename ... on Problem { message }
    }
  }`,
  reset: `mutation Reset($token: String!, $password: String!) {
    result: completePasswordReset(input: { token: $token, newPassword: $password, client: WEB }) {
      __typename ... on Problem { message } ... on PasswordRejected { violations }
    }
  }`,
};

function tell(text, kind) {
  outcome.textContent = text;
  outcome.className = kind;
}

function mark(violations) {
  for (const rule of document.querySelectorAll("#rules li")) {
    rule.classList.toggle("broken", violations.includes(rule.dataset.rule));
  }
}

function post() {
  return fetch("/graphql", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "GraphQL-Preflight": "1", "Accept-Language": texts.lang },
    body: JSON.stringify({ query: mutations[texts.kind], variables: { token, password: password.value } }),
  });
}

async function ask() {
  let response = await post();
  if (response.status === 401) response = await post(); // an old session's cookie was in the way; it is gone now
  const answer = await response.json();
  return answer.data?.result ?? { message: answer.errors?.[0]?.message };
}

document.getElementById("show").addEventListener("change", (event) => {
  password.type = event.target.checked ? "text" : "password";
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!password.value) {
    password.focus();
    return;
  }
  send.disabled = true;
  tell("", "");
  mark([]);
  try {
    const result = await ask();
    if (result.__typename === "SignedIn") {
      form.remove();
      document.getElementById("lead").remove();
      tell(texts.done, "good");
      return;
    }
    mark(result.violations ?? []);
    tell(result.message ?? texts.failed, "bad");
  } catch {
    tell(texts.failed, "bad");
  }
  send.disabled = false;
});

if (!token) {
  form.remove();
  tell(texts.incomplete, "bad");
}

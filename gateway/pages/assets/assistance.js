// The assistance form: for people whose account label is blocked and who never had an account.
const texts = JSON.parse(document.getElementById("texts").textContent);
const form = document.getElementById("form");
const send = document.getElementById("send");
const outcome = document.getElementById("outcome");
const fields = [...form.querySelectorAll("input, textarea")];

const mutation = `mutation Assistance($input: RequestAssistanceInput!) {
  result: requestAssistance(input: $input) {
    __typename ... on AssistanceRequested { message } ... on Problem { message } ... on InvalidForm { fields }
  }
}`;

function tell(text, kind) {
  outcome.textContent = text;
  outcome.className = kind;
}

function mark(wrong) {
  for (const field of fields) {
    // ACCOUNT_LABEL is the field accountLabel.
    const name = field.id.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    field.setAttribute("aria-invalid", String(wrong.includes(name)));
  }
  fields.find((field) => field.getAttribute("aria-invalid") === "true")?.focus();
}

async function ask(input) {
  const response = await fetch("/graphql", {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json", "GraphQL-Preflight": "1", "Accept-Language": texts.lang },
    body: JSON.stringify({ query: mutation, variables: { input } }),
  });
  const answer = await response.json();
  return answer.data?.result ?? { message: answer.errors?.[0]?.message };
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  send.disabled = true;
  tell("", "");
  mark([]);
  try {
    const required = new Set(fields.filter((field) => field.required).map((field) => field.id));
    const input = Object.fromEntries(fields.map((field) => [field.id, field.value || (required.has(field.id) ? "" : null)]));
    const result = await ask(input);
    if (result.__typename === "AssistanceRequested") {
      form.remove();
      document.getElementById("lead").remove();
      tell(result.message, "good");
      return;
    }
    tell(result.message ?? texts.failed, "bad");
    mark(result.fields ?? []);
  } catch {
    tell(texts.failed, "bad");
  }
  send.disabled = false;
});
